"""The way of a crop through the node: queues, workers, and results in order. No ROS in here."""
