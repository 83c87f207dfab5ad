"""What is a plate: its characters, its syntax, its kinds."""
