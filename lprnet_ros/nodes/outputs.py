"""Publishes readings: the text, its confidence, and everything as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float32, Header, String

from lprnet_ros.reading import PlateReading

_DEPTH = 100  # reliable: bursts of crops must not outrun a slow subscriber


def reading_to_json(reading: PlateReading, header: Header, topic: str) -> str:
    """Write a reading as one JSON object.

    Args:
        reading: what was read.
        header: the source image's header.
        topic: the source image's topic, fully resolved.

    Returns:
        One line of JSON; Chinese stands as it is, control characters are escaped.
    """
    return json.dumps(reading_fields(reading, header, topic), ensure_ascii=False)


def reading_fields(reading: PlateReading, header: Header, topic: str) -> dict[str, Any]:
    """Return the fields of a reading's JSON object; the arguments are those of ``reading_to_json``."""
    timings = reading.timings
    return {
        "stamp": {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec},
        "frame_id": header.frame_id,
        "topic": topic,
        "text": reading.text,
        "confidence": round(reading.confidence, 6),
        "characters": [
            {"character": character, "confidence": round(confidence, 6)}
            for character, confidence in zip(reading.text, reading.character_confidences, strict=True)
        ],
        "alternatives": [
            {"text": text, "confidence": round(confidence, 6)} for text, confidence in reading.alternatives
        ],
        "accepted": reading.accepted,
        "rejection": reading.rejection.value if reading.rejection is not None else None,
        "timings_ms": {
            "preprocess": round(timings.preprocess_ms, 4),
            "inference": round(timings.inference_ms, 4),
            "decode": round(timings.decode_ms, 4),
        },
    }


class ReadingPublisher:
    """Publishes each reading on the node's output topics.

    Args:
        node: the node whose private names ``~/plate``, ``~/confidence`` and
            ``~/reading`` are used.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._plate = node.create_lifecycle_publisher(String, "~/plate", _DEPTH)
        self._confidence = node.create_lifecycle_publisher(Float32, "~/confidence", _DEPTH)
        self._reading = node.create_lifecycle_publisher(String, "~/reading", _DEPTH)

    def publish(self, reading: PlateReading, header: Header, topic: str) -> None:
        """Publish one reading; the plate and its confidence only where it is accepted.

        Args:
            reading: what was read.
            header: the source image's header.
            topic: the source image's topic, fully resolved.
        """
        if self._reading.get_subscription_count() > 0:
            self._reading.publish(String(data=reading_to_json(reading, header, topic)))
        if reading.accepted:
            self._plate.publish(String(data=reading.text))
            self._confidence.publish(Float32(data=reading.confidence))

    def destroy(self) -> None:
        """Remove the publishers from the node."""
        for publisher in (self._plate, self._confidence, self._reading):
            self._node.destroy_lifecycle_publisher(publisher)
