"""Licence-plate reading for ROS 2: LPRNet on the RDK X5's BPU or on any CPU."""

import os

# before anything imports onnxruntime, which from 1.32 would write into the home and call its maker
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
