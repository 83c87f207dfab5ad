"""One camera of the page: received only while somebody looks, and shown with its readings."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Any, NamedTuple

import cv2
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription

from lprnet_ros.images.camera_frame import Frame
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.ros.messages.optional_messages import MissingMessagesError
from lprnet_ros.ros.topics.qos import QUIET_EVENTS, image_qos
from lprnet_ros.ros.topics.transports import FRAMES
from lprnet_ros.text.escaping import one_line
from lprnet_ros.web.live_view import LivePicture, LiveView
from lprnet_ros.web.shown_reading import ShownReading, Stamp

_FIRST_DELAY, _MOST_DELAY, _ADAPTS = 0.25, 2.0, 0.25
"""Seconds that a picture waits for its readings; then as long as they take, and how fast that is learnt."""

_HOLD = 1.0
"""Seconds for which readings stand on later pictures, which were not searched or not yet."""

_MOST_PIXELS = 4096 * 2160
_MOST_WAITING = 64
_MOST_WAITING_BYTES = 64 << 20
_MOST_READ_STAMPS = 64
_MOST_READINGS = 20
_WIDTH = 1280
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 80]


class _Waiting(NamedTuple):
    arrived: float
    stamp: Stamp
    encoded: Any
    frame: Frame
    size: int


class WatchedCamera:
    """Shows the pictures of a topic.

    Of what waits, the newest picture with readings is shown: so quads stand where the plates are, though not
    every picture is searched.  JPEG and PNG are passed on as they are.

    Args:
        node: the node that subscribes.
        topic: of pictures of any type that ``lpr_node`` reads.
        view: where they are shown.
    """

    def __init__(self, node: Node, topic: str, view: LiveView) -> None:
        self._node, self._topic, self._view = node, topic, view
        self._subscription: Subscription | None = None
        self._forget()

    def _forget(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._readings: OrderedDict[Stamp, list[ShownReading]] = OrderedDict()
        self._last_read: tuple[float, list[ShownReading]] = float("-inf"), []
        self._delay, self._shown = _FIRST_DELAY, float("-inf")

    def look_after(self) -> None:
        """Subscribe or unsubscribe, as somebody looks or not, and show what is to be shown now."""
        if not self._view.is_watched(self._topic):
            if self._subscription is not None:
                self._node.destroy_subscription(self._subscription)
                self._subscription = None
                self._forget()
                self._view.show(self._topic, None)
        elif self._subscription is None:
            self._subscribe()
        else:
            self._show_next(time.monotonic())

    def _subscribe(self) -> None:
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        types = {one.topic_type for one in publishers}
        for transport in FRAMES.values():
            if transport.type_name not in types:
                continue
            is_reliable = all(one.qos_profile.reliability == ReliabilityPolicy.RELIABLE for one in publishers)
            qos = image_qos("reliable" if is_reliable else "sensor_data", 2)

            def take(message: bytes, transport: Any = transport) -> None:
                try:
                    fields = transport.parse(message)
                    frame = transport.convert(fields, max_pixels=_MOST_PIXELS)
                except ImageRejectedError as error:
                    self._complain(error)
                    return
                encoded = fields.data if transport is FRAMES["compressed"] else None
                self._wait((fields.seconds, fields.nanoseconds), encoded, frame, len(message))

            try:
                message_type = transport.message_type(self._topic)
            except MissingMessagesError as error:
                self._complain(error)
                return
            self._subscription = self._node.create_subscription(
                message_type,
                self._topic,
                take,
                qos,
                raw=True,
                event_callbacks=QUIET_EVENTS,
            )
            return

    def _wait(self, stamp: Stamp, encoded: Any, frame: Frame, size: int) -> None:
        self._waiting.append(_Waiting(time.monotonic(), stamp, encoded, frame, size))
        while len(self._waiting) > 1 and (
            len(self._waiting) > _MOST_WAITING or sum(one.size for one in self._waiting) > _MOST_WAITING_BYTES
        ):
            self._waiting.popleft()

    def add(self, reading: ShownReading) -> None:
        """Take a reading in, if it is of this camera."""
        now = time.monotonic()
        arrived = next((one.arrived for one in self._waiting if one.stamp == reading.stamp), None)
        if arrived is not None:
            self._delay += _ADAPTS * (min(now - arrived + 0.05, _MOST_DELAY) - self._delay)
        elif reading.topic != self._topic:
            return
        self._readings.setdefault(reading.stamp, []).append(reading)
        if len(self._readings) > _MOST_READ_STAMPS:
            self._readings.popitem(last=False)
        self._last_read = now, self._readings[reading.stamp]

    def _show_next(self, now: float) -> None:
        later = [one for one in self._waiting if one.arrived > self._shown]
        due = [one for one in later if one.arrived <= now - self._delay]
        if not due and len(later) == len(self._waiting) > 1:  # so large that they cannot wait for so long
            due = later[:1]
        if not due:
            return
        chosen = next((one for one in reversed(due) if one.stamp in self._readings), due[-1])
        self._shown = chosen.arrived
        read, readings = self._last_read
        if chosen.stamp in self._readings:
            readings = self._readings[chosen.stamp]
        elif now - read > _HOLD:
            readings = []
        try:
            self._view.show(self._topic, _picture(chosen, readings))
        except (ImageRejectedError, cv2.error) as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        self._node.get_logger().warning(
            f"a picture on {self._topic} is not shown: {one_line(str(error), 200)}", throttle_duration_sec=5.0
        )


def _picture(chosen: _Waiting, readings: list[ShownReading]) -> LivePicture:
    size = readings[0].frame if readings else None
    if chosen.encoded is not None:
        data = chosen.encoded.tobytes()
    else:
        width, height = size = chosen.frame.size
        target = min(width, _WIDTH), max(1, round(height * min(width, _WIDTH) / width))
        data = cv2.imencode(".jpg", chosen.frame.scaled(0, 0, width, height, target), _QUALITY)[1].tobytes()
    shown = [
        {
            "text": reading.text,
            "confidence": reading.confidence,
            "verdict": reading.verdict,
            "corners": reading.corners(),
        }
        for reading in readings[:_MOST_READINGS]
    ]
    return LivePicture(data, {"size": size, "readings": shown})
