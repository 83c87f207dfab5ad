"""Where do pictures come from? Folders with their labels, scenes, videos, bags, cameras, pipes."""
