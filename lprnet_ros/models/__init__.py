"""Which model file, and how to use it: manifests, and finding, fetching and installing the files."""
