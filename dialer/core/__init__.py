"""The engine without I/O: events in, records and actions out."""
