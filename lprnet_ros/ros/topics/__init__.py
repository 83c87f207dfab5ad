"""What comes in and what goes out on topics."""
