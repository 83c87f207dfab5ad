"""The command-line tools, one file a command."""
