"""Licence-plate reading for ROS 2: LPRNet on the RDK X5's BPU or on any CPU."""

__version__ = "0.1.0"
