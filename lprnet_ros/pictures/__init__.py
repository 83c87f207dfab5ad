"""Which plates does a picture show? Finds them, cuts them out and reads them; also the public Python API."""
