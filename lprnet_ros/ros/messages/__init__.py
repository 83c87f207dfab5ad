"""How values become ROS messages, and messages values."""
