"""QoS profiles of the image subscriptions, and warnings about publishers that do not match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

from lprnet_ros.ros.topics.draining import Draining
from lprnet_ros.text.escaping import one_line

_ADVICE = {
    "sensor_msgs/msg/Image": "set the parameter transport to 'raw'",
    "sensor_msgs/msg/CompressedImage": "set the parameter transport to 'compressed'",
}

_LONGEST_NAME = 100
"""Characters of another node's name that are logged."""

_MOST_NAMED = 50
"""Limit on publishers that are named, so that invented names cannot fill the log."""


QUIET_EVENTS = SubscriptionEventCallbacks(use_default_callbacks=False)
"""No event callbacks: rclpy's own log every incompatible publisher without naming it."""


def image_qos(profile: str, depth: int, policy: str = "newest") -> QoSProfile:
    """Return the QoS profile of an image subscription.

    Args:
        profile: ``sensor_data`` (best effort, matches every publisher) or ``reliable``; ``auto`` begins
            as ``reliable``, for ``match_publishers`` to change.
        depth: messages that may wait; the oldest is dropped.
        policy: with ``all`` none is dropped: a full history makes a reliable publisher wait.
    """
    reliable = profile in ("reliable", "auto")
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL if policy == "all" else HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
    )


def subscribe_counting_losses(
    node: Node,
    message_type: type,
    topic: str,
    callback: Callable[[Any], None],
    qos: QoSProfile,
    on_lost: Callable[[int], None],
    *,
    raw: bool = False,
) -> Subscription:
    """Subscribe, and hear how many messages the middleware has lost, where it can tell.

    Args:
        node: the node that subscribes.
        message_type: see ``Node.create_subscription``, also for those marked *.
        topic: *.
        callback: *.
        qos: *.
        on_lost: called with the number of messages lost since the last call.
        raw: *.
    """

    def lost(event: Any) -> None:
        on_lost(event.total_count_change)

    return _subscribe(node, message_type, topic, Draining(node, callback), qos, lost, raw)


def resubscribe(node: Node, subscription: Subscription, qos: QoSProfile) -> Subscription:
    """Replace a subscription by one with another QoS profile; losses go on being counted."""
    topic, handlers = subscription.topic_name, subscription.event_handlers
    lost = handlers[0].callback if handlers else None
    node.destroy_subscription(subscription)
    return _subscribe(node, subscription.msg_type, topic, subscription.callback, qos, lost, subscription.raw)


def _subscribe(
    node: Node,
    message_type: type,
    topic: str,
    callback: Draining,
    qos: QoSProfile,
    lost: Callable[[Any], None] | None,
    raw: bool,
) -> Subscription:
    events = SubscriptionEventCallbacks(message_lost=lost, use_default_callbacks=False)
    try:
        subscription = node.create_subscription(
            message_type, topic, callback, qos, event_callbacks=events, raw=raw
        )
    except UnsupportedEventTypeError:
        subscription = node.create_subscription(
            message_type, topic, callback, qos, event_callbacks=QUIET_EVENTS, raw=raw
        )
    callback.subscription = subscription
    return subscription


def match_publishers(node: Node, subscription: Subscription, message_type: str) -> Subscription:
    """Make a subscription reliable where every publisher of its type is, else best effort.

    Args:
        node: the node that subscribes.
        subscription: the subscription.
        message_type: its type, such as ``sensor_msgs/msg/Image``.

    Returns:
        The subscription; another one where it had to change.
    """
    qos, publishers = subscription.qos_profile, node.get_publishers_info_by_topic(subscription.topic_name)
    offered = {one.qos_profile.reliability for one in publishers if one.topic_type == message_type}
    is_best_effort = ReliabilityPolicy.BEST_EFFORT in offered
    wanted = ReliabilityPolicy.BEST_EFFORT if is_best_effort else ReliabilityPolicy.RELIABLE
    if not offered or wanted == qos.reliability:
        return subscription
    return resubscribe(
        node, subscription, QoSProfile(history=qos.history, depth=qos.depth, reliability=wanted)
    )


def unique_topics(topics: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return each resolved topic once, in order, and those that were named more than once."""
    counts = Counter(topics)
    return list(counts), [topic for topic, count in counts.items() if count > 1]


class TopicWatch:
    """Finds publishers whose messages cannot arrive, and names each once.

    Args:
        node: the node that subscribes.
        expected_type: its message type, such as ``sensor_msgs/msg/Image``.
        advice: what to do about a publisher of another type, by that type.
        qos_parameter: the node's parameter for the quality of service.
    """

    def __init__(
        self,
        node: Node,
        expected_type: str,
        advice: Mapping[str, str] = _ADVICE,
        qos_parameter: str = "qos_profile",
    ) -> None:
        self._node = node
        self._advice = advice
        self._qos_parameter = qos_parameter
        self._expected_type = expected_type
        self._named: set[tuple[str, str]] = set()

    def check(self, subscription: Subscription) -> None:
        """Warn of each publisher on the topic that cannot reach the subscription, once each."""
        topic = subscription.topic_name
        wants_reliable = subscription.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        for publisher in self._node.get_publishers_info_by_topic(topic):
            # any program on the network chooses these names
            name = one_line(f"{publisher.node_namespace.rstrip('/')}/{publisher.node_name}", _LONGEST_NAME)
            complaint = None
            if publisher.topic_type != self._expected_type:
                type_name = one_line(publisher.topic_type, _LONGEST_NAME)
                advice = self._advice.get(publisher.topic_type, "choose another topic")
                if self._is_published(f"{topic}/compressed"):
                    advice += f", or read {topic}/compressed instead"
                complaint = (
                    f"{name} publishes {type_name} on {topic}, this node reads "
                    f"{self._expected_type}; {advice}"
                )
            elif wants_reliable and publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT:
                complaint = (
                    f"{name} publishes {topic} best effort, this node asks for reliable and gets nothing; "
                    f"set the parameter {self._qos_parameter} to 'sensor_data'"
                )
            is_new = (name, topic) not in self._named and len(self._named) < _MOST_NAMED
            if complaint is not None and is_new:
                self._named.add((name, topic))
                self._node.get_logger().warning(complaint)

    def _is_published(self, topic: str) -> bool:
        """Tell whether somebody publishes the expected type there, as image_transport does."""
        publishers = self._node.get_publishers_info_by_topic(topic)
        return any(publisher.topic_type == self._expected_type for publisher in publishers)
