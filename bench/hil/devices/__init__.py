"""What can be under test on a bench: one adapter per kind of device, real or emulated."""
