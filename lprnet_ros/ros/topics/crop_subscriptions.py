"""Subscribes to the image topics, checks what arrives, and hands good crops over."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from lprnet_ros.flow.job import Job, Source
from lprnet_ros.frames.place import parse_frame_id
from lprnet_ros.images.conversion import inspect_compressed, inspect_image
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.ros.messages.cdr import parse_compressed, parse_image
from lprnet_ros.ros.parameters.lpr_settings import Settings
from lprnet_ros.ros.reports.crop_report import CropReport
from lprnet_ros.ros.topics.qos import QUIET_EVENTS, TopicWatch, image_qos
from lprnet_ros.text.escaping import one_line, quoted


class CropSubscriptions:
    """The subscriptions to the image topics; whatever arrives on them, the node lives on.

    Messages are taken as bytes: their fields are read where they lie, and bytes
    that are no message are counted like any other bad image.

    Args:
        node: the node that subscribes.
        settings: topics, transport and quality of service.
        submit: takes each good crop; returns the crop that was dropped for it, or None.
        drop: takes the crops that were dropped.
        report: counts and logs what arrives.

    Attributes:
        max_pixels: greatest width x height of an image; may be changed at any time.

    Raises:
        ValueError: a topic's name is none.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: Settings,
        submit: Callable[[Job], Job | None],
        drop: Callable[[Job], None],
        report: CropReport,
    ) -> None:
        self.max_pixels = settings.max_image_pixels
        self._node = node
        self._submit = submit
        self._drop = drop
        self._report = report
        is_compressed = settings.transport == "compressed"
        self._parse = parse_compressed if is_compressed else parse_image
        self._inspect = inspect_compressed if is_compressed else inspect_image
        message_type = CompressedImage if is_compressed else Image
        self._watch = TopicWatch(node, f"sensor_msgs/msg/{message_type.__name__}")
        topics = [_resolved(node, topic) for topic in settings.image_topics]
        qos = image_qos(settings.qos_profile, settings.subscription_depth, settings.queue_policy)
        self._subscriptions: list[Subscription] = [
            node.create_subscription(
                message_type,
                topic,
                partial(self._on_message, topic),
                qos,
                event_callbacks=QUIET_EVENTS,
                raw=True,
            )
            for topic in topics
        ]

    @property
    def topics(self) -> list[str]:
        """The topics, fully resolved and remapped."""
        return [subscription.topic_name for subscription in self._subscriptions]

    def check(self) -> None:
        """Name publishers whose messages cannot arrive, each once."""
        for subscription in self._subscriptions:
            self._watch.check(subscription)

    def destroy(self) -> None:
        """Remove the subscriptions from the node."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _on_message(self, topic: str, message: bytes) -> None:
        arrived = time.perf_counter()
        self._report.arrival()
        try:
            image = self._parse(message)
            crop = self._inspect(image, max_pixels=self.max_pixels)
            frame_id, place = image.frame_id, None
            if "#" in frame_id:
                place = parse_frame_id(frame_id)
                frame_id = place.frame_id if place is not None else frame_id
            source = Source(topic, image.seconds, image.nanoseconds, frame_id, arrived, place)
            dropped = self._submit(Job(source, crop))
        except ImageRejectedError as error:
            self._report.bad_image(topic, error)
            return
        except Exception:  # noqa: BLE001 - the boundary to rclpy: what passes it ends the process
            self._report.bug(topic)
            return
        if dropped is not None:
            self._drop(dropped)


def _resolved(node: LifecycleNode, topic: str) -> str:
    try:
        return str(node.resolve_topic_name(topic))
    except RCLError as error:
        reason = one_line(str(error), 300)
        raise ValueError(f"image_topics: {quoted(topic)} is no topic name ({reason})") from error
