"""Which model file, and how to use it: manifests, and getting, finding and installing the files."""
