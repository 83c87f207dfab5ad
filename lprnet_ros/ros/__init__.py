"""Everything that imports rclpy: nodes, topics, messages, parameters, reports."""
