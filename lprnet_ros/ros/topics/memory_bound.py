"""Bounds the memory of the messages that wait in image subscriptions."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile
from rclpy.subscription import Subscription

from lprnet_ros.ros.topics.qos import resubscribe

MOST_WAITING_BYTES = 256 * 1024 * 1024
_BYTES_OF_A_PIXEL = 3
"""bgr8, the largest of what cameras publish."""


class MemoryBound:
    """Lets fewer messages wait once they turn out so large that many of them would fill the memory.

    The size of images is known only when they arrive: 50 crops take 1 MB, 50 frames of
    4096 x 2160 pixels 1.3 GB.  A history that keeps all messages has no depth and is left as it is.

    Args:
        node: the node that subscribes.
        parameter: its parameter for the depth.
    """

    def __init__(self, node: Node, parameter: str) -> None:
        self._node, self._parameter = node, parameter
        self._largest = 1

    def see(self, size: int, max_pixels: int) -> None:
        """Take note of a message.

        Args:
            size: its bytes.
            max_pixels: greatest width x height of an image that is accepted; larger messages
                are rejected, and do not count.
        """
        self._largest = max(self._largest, min(size, max_pixels * _BYTES_OF_A_PIXEL))

    def apply(self, subscriptions: list[Subscription]) -> list[Subscription]:
        """Replace subscriptions that let too many messages wait; to be called from a timer.

        Returns:
            The subscriptions that are there now, in the same order.
        """
        return [self._bounded(subscription) for subscription in subscriptions]

    def _bounded(self, subscription: Subscription) -> Subscription:
        qos, topic = subscription.qos_profile, subscription.topic_name
        depth = max(1, MOST_WAITING_BYTES // self._largest)
        if qos.history == HistoryPolicy.KEEP_ALL or depth >= qos.depth:
            return subscription
        self._node.get_logger().warning(
            f"images of {self._largest / 1e6:.1f} MB arrive on {topic}: {depth} may wait, "
            f"not {qos.depth} ({self._parameter}), so that they take at most {MOST_WAITING_BYTES >> 20} MiB"
        )
        smaller = QoSProfile(history=qos.history, depth=depth, reliability=qos.reliability)
        return resubscribe(self._node, subscription, smaller)
