"""What a node tells of itself: log, counts, diagnostics."""
