"""Audio of lines on this box: rings in shared memory between whoever speaks and whoever hears, and PCM streams."""
