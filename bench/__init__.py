"""How fast it is: load generators and measurements; ``lpr_benchmark --ros`` loads them from a checkout."""
