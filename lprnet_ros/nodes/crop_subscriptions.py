"""Subscribes to the image topics, checks what arrives, and hands good crops over."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from functools import partial

from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from lprnet_ros.crop_image import ImageRejectedError
from lprnet_ros.escaping import one_line, quoted
from lprnet_ros.flow.job import Job, Source
from lprnet_ros.nodes.cdr import parse_compressed, parse_image
from lprnet_ros.nodes.image_conversion import inspect_compressed, inspect_image
from lprnet_ros.nodes.qos import QUIET_EVENTS, TopicWatch, image_qos
from lprnet_ros.nodes.statistics import LogLimiter, Statistics
from lprnet_ros.settings import Settings


class CropSubscriptions:
    """The subscriptions to the image topics; whatever arrives on them, the node lives on.

    Messages are taken as bytes: their fields are read where they lie, and bytes
    that are no message are counted like any other bad image.

    Args:
        node: the node that subscribes.
        settings: topics, transport and quality of service.
        submit: takes each good crop; returns how many crops were dropped for it.
        statistics: counts what arrives.
        limiter: limits the log.

    Attributes:
        max_pixels: greatest width x height of an image; may be changed at any time.

    Raises:
        ValueError: a topic's name is none.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: Settings,
        submit: Callable[[Job], int],
        statistics: Statistics,
        limiter: LogLimiter,
    ) -> None:
        self.max_pixels = settings.max_image_pixels
        self._node = node
        self._submit = submit
        self._statistics = statistics
        self._limiter = limiter
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

    def publishers(self) -> int:
        """Return how many publishers the topics have together."""
        return sum(
            self._node.count_publishers(subscription.topic_name) for subscription in self._subscriptions
        )

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
        self._statistics.count_arrival()
        try:
            image = self._parse(message)
            crop = self._inspect(image, max_pixels=self.max_pixels)
            source = Source(topic, image.seconds, image.nanoseconds, image.frame_id, arrived)
            dropped = self._submit(Job(source, crop))
        except ImageRejectedError as error:
            report_bad_image(self._node, self._statistics, self._limiter, topic, error)
            return
        except Exception:  # noqa: BLE001 - the boundary to rclpy: what passes it ends the process
            self._statistics.count_failure()
            if self._limiter.allows("bug"):
                self._node.get_logger().error(
                    f"a message on {topic} was lost, which is a bug:\n{traceback.format_exc()}"
                )
            return
        if dropped:
            self._statistics.count_drops(topic, dropped)


def report_bad_image(
    node: LifecycleNode, statistics: Statistics, limiter: LogLimiter, topic: str, error: ImageRejectedError
) -> None:
    """Count a message that is no usable image, and log it where none of its kind was logged lately."""
    statistics.count_bad_image(error.reason.value)
    if limiter.allows(error.reason.value):
        node.get_logger().warning(f"image on {topic} rejected ({error.reason.value}): {error}")


def _resolved(node: LifecycleNode, topic: str) -> str:
    try:
        return str(node.resolve_topic_name(topic))
    except RCLError as error:
        reason = one_line(str(error), 300)
        raise ValueError(f"image_topics: {quoted(topic)} is no topic name ({reason})") from error
