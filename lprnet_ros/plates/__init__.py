"""What a plate is: its characters, its syntax, its kinds."""
