"""What these bytes show: encodings, compressed pictures and their checks, crops, frames, drawing."""
