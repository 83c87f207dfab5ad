"""What do these bytes show? Encodings, compressed pictures and their checks, crops, frames, drawing."""
