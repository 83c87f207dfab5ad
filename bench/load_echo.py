"""Answers every crop at once with an empty reading: keeps a load generator as busy as the real node does.

``lpr_benchmark --ros`` runs it while it measures the runtime alone, so that the runtime alone and the
node are measured on the same cores under the same load.
"""

from __future__ import annotations

import sys

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import String

from lprnet_ros.flow.job import Source
from lprnet_ros.images.serialised_image import parse_image
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.messages.reading_json import reading_to_json
from lprnet_ros.ros.process.run_node import run_node

_EMPTY = PlateReading("", 0.0)


class LoadEcho(Node):
    """Publishes an empty reading for each message on ``image_topics``."""

    def __init__(self) -> None:
        super().__init__("load_echo")
        self.declare_parameter("image_topics", ["image"], ParameterDescriptor(description="As of lpr_node."))
        qos = QoSProfile(depth=2000, reliability=ReliabilityPolicy.RELIABLE)
        self._readings = self.create_publisher(String, "~/reading", qos)
        for topic in self.get_parameter("image_topics").value:
            self.create_subscription(Image, topic, self._on_message, qos, raw=True)

    def _on_message(self, message: bytes) -> None:
        image = parse_image(message)
        source = Source("", image.seconds, image.nanoseconds, image.frame_id, 0.0)
        self._readings.publish(String(data=reading_to_json(_EMPTY, source)))


def main(arguments: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    return run_node("load_echo", arguments, LoadEcho)


if __name__ == "__main__":
    sys.exit(main())
