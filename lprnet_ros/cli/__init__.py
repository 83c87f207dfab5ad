"""The commands, one a file: each ``main`` takes a command line and returns the exit status, 0 or 1."""
