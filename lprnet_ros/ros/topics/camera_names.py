"""Warns of two cameras that give the same ``frame_id``."""

from __future__ import annotations

from rclpy.node import Node

from lprnet_ros.text.escaping import one_line, quoted

_MOST_NAMES = 1000
"""Names that are remembered: some publishers give every picture its own."""

_LONGEST_NAME = 100


class CameraNames:
    """Remembers which topic gives which ``frame_id``, and warns once where two topics share one.

    Args:
        node: the node whose log is used.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._topics: dict[str, str] = {}
        self._is_told = False

    def add(self, topic: str, frame_id: str) -> None:
        """Take in that a message of a topic had this ``frame_id``."""
        if self._is_told:
            return
        if len(self._topics) >= _MOST_NAMES and frame_id not in self._topics:
            self._topics.clear()
        first = self._topics.setdefault(frame_id, topic)
        if first != topic:
            self._is_told = True
            self._node.get_logger().warning(
                f"{first} and {topic} both have the frame_id {quoted(one_line(frame_id, _LONGEST_NAME))}: "
                f"~/detections and ~/targets cannot tell them apart. Give each camera its own frame_id, or "
                f"use ~/reading and ~/vehicle_plate, which name the topic"
            )
