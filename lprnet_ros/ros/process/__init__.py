"""How does a node run as a process? Start, executors, signals, memory."""
