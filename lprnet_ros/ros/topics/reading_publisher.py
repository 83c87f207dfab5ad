"""Publishes readings: the text, its confidence, everything as JSON, and the crop with its reading."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header, String

from lprnet_ros.flow.job import CropJob, Source
from lprnet_ros.images.crop_image import BgrImage
from lprnet_ros.pictures.annotation import captioned
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.messages.cdr import serialise_string
from lprnet_ros.ros.messages.reading_json import reading_to_json

_DEPTH = 100  # reliable: bursts of crops must not outrun a slow subscriber


class ReadingPublisher:
    """Publishes each reading on the node's output topics; nothing is built for a topic without subscribers.

    Args:
        node: the node whose private names ``~/plate``, ``~/confidence``,
            ``~/reading`` and ``~/image_annotated`` are used.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._plate = node.create_publisher(String, "~/plate", _DEPTH)
        self._confidence = node.create_publisher(Float32, "~/confidence", _DEPTH)
        self._reading = node.create_publisher(String, "~/reading", _DEPTH)
        self._annotated = node.create_publisher(Image, "~/image_annotated", 5)
        self.look_for_listeners()

    def look_for_listeners(self) -> None:
        """Look up which topics have subscribers; doing so for each reading would cost more than its JSON."""
        self._is_reading_heard = self._reading.get_subscription_count() > 0
        self._is_plate_heard = self._plate.get_subscription_count() > 0
        self._is_confidence_heard = self._confidence.get_subscription_count() > 0
        self._is_annotated_seen = self._annotated.get_subscription_count() > 0

    @property
    def is_heard(self) -> bool:
        """Whether any of them has a subscriber."""
        return (
            self._is_reading_heard
            or self._is_plate_heard
            or self._is_confidence_heard
            or self._is_annotated_seen
        )

    def publish(self, reading: PlateReading, job: CropJob) -> None:
        """Publish one reading; the plate and its confidence only where it is accepted.

        Args:
            reading: what was read.
            job: the crop and where it came from.
        """
        source = job.source
        if self._is_reading_heard:
            self._reading.publish(serialise_string(reading_to_json(reading, source)))
        if reading.accepted:
            if self._is_plate_heard:
                self._plate.publish(serialise_string(reading.text))
            if self._is_confidence_heard:
                self._confidence.publish(Float32(data=reading.confidence))
        if self._is_annotated_seen:
            self._annotated.publish(_message(captioned(job.crop.to_bgr(), reading), source))

    def destroy(self) -> None:
        """Remove the publishers from the node."""
        for publisher in (self._plate, self._confidence, self._reading, self._annotated):
            self._node.destroy_publisher(publisher)


def header_of(source: Source) -> Header:
    """Return the header that the source image had."""
    return Header(stamp=Time(sec=source.seconds, nanosec=source.nanoseconds), frame_id=source.frame_id)


def _message(image: BgrImage, source: Source) -> Image:
    height, width = image.shape[:2]
    message = Image(header=header_of(source), height=height, width=width, encoding="bgr8", step=3 * width)
    message.data.frombytes(image.tobytes())
    return message
