"""Where pictures come from: folders with their labels, scenes, videos."""
