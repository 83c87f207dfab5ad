"""Everything that speaks to ROS: the nodes and what they need of rclpy."""
