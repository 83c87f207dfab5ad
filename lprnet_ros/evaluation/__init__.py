"""How good it is: metrics and the report."""
