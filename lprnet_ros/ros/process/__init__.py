"""How a node runs as a process: start, executors, signals, memory, security."""
