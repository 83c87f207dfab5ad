"""Where this crop was: its place in a frame, and readings put back onto frames."""
