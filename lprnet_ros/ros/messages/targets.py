"""Readings on a frame as ``ai_msgs/PerceptionTargets``, which the web page of TROS draws.

The page (hobot_websocket) shows a frame only together with a message with exactly its
stamp, so there is one for each frame, even if it is empty.  Beside the only roi of a
target the page writes the roi's type, below it the attributes; it shows the longest
duration in perfs as the delay (websocket.cpp, render.js).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from lprnet_ros.frames.frame_results import FrameResult
from lprnet_ros.ros.messages.optional_messages import message_module

_DEPTH = 10
"""The QoS of hobot_websocket's subscription: reliable, depth 10."""

_RATE_SECONDS = 2.0
_MOST_RATE = 2**15 - 1  # int16


class TargetsPublisher:
    """Publishes the plates of each frame on ``~/targets``.

    Args:
        node: the node whose private name is used.
        model_name: prefix of the names of the durations, as in TROS.
        clock: returns seconds, for the frame rate.

    Raises:
        MissingMessagesError: ai_msgs is not installed.
    """

    def __init__(
        self, node: LifecycleNode, model_name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._messages = message_module("ai_msgs", "output targets")
        self._node = node
        self._model_name = model_name
        self._clock = clock
        self._times: deque[float] = deque(maxlen=512)
        self._publisher = node.create_lifecycle_publisher(
            self._messages.PerceptionTargets, "~/targets", QoSProfile(depth=_DEPTH)
        )

    def is_heard(self) -> bool:
        """Tell whether the topic has a subscriber."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, result: FrameResult, header: Header) -> None:
        """Publish one frame, with or without plates.

        Args:
            result: what was read in the frame.
            header: of the frame, with the camera's own frame_id.
        """
        message = targets_message(self._messages, result, self._model_name)
        message.header = header
        message.fps = self._rate()
        self._publisher.publish(message)

    def destroy(self) -> None:
        """Remove the publisher from the node."""
        self._node.destroy_lifecycle_publisher(self._publisher)

    def _rate(self) -> int:
        """Return frames per second over the last two seconds, including this frame."""
        now = self._clock()
        while self._times and now - self._times[0] > _RATE_SECONDS:
            self._times.popleft()
        self._times.append(now)
        seconds = now - self._times[0]
        return min(_MOST_RATE, round((len(self._times) - 1) / seconds)) if seconds > 0 else 0


def targets_message(messages: Any, result: FrameResult, model_name: str) -> Any:
    """Make the message of one frame, except header and rate.

    Args:
        messages: the module ``ai_msgs.msg``.
        result: what was read in the frame.
        model_name: prefix of the names of the durations.

    Returns:
        A ``PerceptionTargets`` with one target for each plate, each with one roi.
    """
    message = messages.PerceptionTargets()
    for place, reading in result.plates:
        roi = messages.Roi(type=reading.text, confidence=reading.confidence)
        roi.rect.x_offset, roi.rect.y_offset = place.x, place.y
        roi.rect.width, roi.rect.height = place.width, place.height
        # the page would write a track_id above 0 after the plate
        target = messages.Target(type="license_plate", track_id=0, rois=[roi])
        target.attributes = [messages.Attribute(type="confidence", value=reading.confidence)]
        message.targets.append(target)
    timings = result.timings
    message.perfs = [
        messages.Perf(type=f"{model_name}_{part}", time_ms_duration=milliseconds)
        for part, milliseconds in (
            ("preprocess", timings.preprocess_ms),
            ("predict_infer", timings.inference_ms),
            ("predict_parse", timings.decode_ms),
        )
    ]
    return message
