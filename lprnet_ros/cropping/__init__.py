"""Which pieces of a camera frame are plates, and what do they look like cut out."""
