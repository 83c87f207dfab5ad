"""Readings on a frame as ``vision_msgs/Detection2DArray`` (version 4, as in Humble and Jazzy)."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from lprnet_ros.frames.frame_results import FrameResult
from lprnet_ros.ros.messages.optional_messages import message_module

_DEPTH = 10


class DetectionArrayPublisher:
    """Publishes the plates of each frame on ``~/detections``.

    Args:
        node: the node whose private name is used.

    Raises:
        MissingMessagesError: vision_msgs is not installed.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._messages = message_module("vision_msgs", "output detections")
        self._node = node
        self._publisher = node.create_lifecycle_publisher(
            self._messages.Detection2DArray, "~/detections", QoSProfile(depth=_DEPTH)
        )

    def is_heard(self) -> bool:
        """Tell whether the topic has a subscriber."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, result: FrameResult, header: Header) -> None:
        """Publish one frame; arguments are those of ``TargetsPublisher.publish``."""
        self._publisher.publish(detection_array_message(self._messages, result, header))

    def destroy(self) -> None:
        """Remove the publisher from the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)


def detection_array_message(messages: Any, result: FrameResult, header: Header) -> Any:
    """Make the message of one frame.

    Args:
        messages: the module ``vision_msgs.msg``.
        result: what was read in the frame.
        header: the frame's, with the camera's own frame_id.

    Returns:
        A ``Detection2DArray`` with one detection for each plate: ``class_id`` is the text,
        ``score`` its confidence, ``id`` the track, if there is one.
    """
    array = messages.Detection2DArray(header=header)
    for place, reading in result.plates:
        best = messages.ObjectHypothesisWithPose()
        best.hypothesis.class_id, best.hypothesis.score = reading.text, reading.confidence
        detection = messages.Detection2D(header=header, results=[best])
        detection.id = str(place.track_id) if place.track_id else ""
        box = detection.bbox
        box.center.position.x = place.x + place.width / 2
        box.center.position.y = place.y + place.height / 2
        box.size_x, box.size_y = float(place.width), float(place.height)
        array.detections.append(detection)
    return array
