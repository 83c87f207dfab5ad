"""How good it is: metrics, reports, filmed sequences."""
