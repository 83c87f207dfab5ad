"""Starts ``lpr_node``, and with ``camera`` all that leads from frames to plates.

ros2 launch lprnet_ros lpr.launch.py image_topics:=/gate/crop
ros2 launch lprnet_ros lpr.launch.py camera:=usb regions:=0.3,0.5,0.4,0.2 web:=true
"""

from pathlib import Path

from launch import LaunchDescription
from lprnet_ros.launching.ros_launch import describe_launch


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, and what they start."""
    return describe_launch(Path(__file__).resolve().parents[1] / "config")
