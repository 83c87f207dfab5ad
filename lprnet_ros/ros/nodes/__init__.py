"""The nodes, one file each."""

from lprnet_ros.text.console import ROS_HINT, until_started

until_started("rclpy", ROS_HINT)
