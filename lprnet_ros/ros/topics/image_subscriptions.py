"""The subscriptions of ``lpr_node`` to pictures: to crops, or to frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rclpy._rclpy_pybind11 import RCLError
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from lprnet_ros.ros.process.guarded import guarded
from lprnet_ros.ros.topics.memory_bound import MemoryBound
from lprnet_ros.ros.topics.qos import TopicWatch, match_publishers, subscribe_counting_losses, unique_topics
from lprnet_ros.ros.topics.transports import Transport
from lprnet_ros.text.escaping import one_line, quoted


@dataclass(frozen=True)
class Wanted:
    """What to subscribe to, and which parameters of the node say so.

    Attributes:
        topics: names of topics, as the user gave them.
        transport: name of their messages' type.
        qos: their quality of service.
        follows_publishers: whether it becomes reliable or best effort, as the publishers are.
        topics_parameter, transport_parameter, qos_parameter, depth_parameter: the names of the parameters.
    """

    topics: Sequence[str]
    transport: str
    qos: QoSProfile
    topics_parameter: str
    transport_parameter: str
    qos_parameter: str
    depth_parameter: str
    follows_publishers: bool = False


class ImageSubscriptions:
    """Subscribes to the same type of messages on several topics; they arrive as bytes.

    Bytes: their fields are read where they lie, and bytes that are no message are counted too.

    Args:
        node: the node that subscribes.
        wanted: what to subscribe to.
        transports: the types that the parameter for the transport may name.
        take: takes each message, with its topic.
        lost: called with a topic and the number of its messages that the middleware lost.
        bug: logs and counts an exception in ``take``.

    Raises:
        MissingMessagesError: the package of the messages is not installed.
    """

    def __init__(
        self,
        node: Node,
        wanted: Wanted,
        transports: Mapping[str, Transport],
        take: Callable[[str, bytes], None],
        lost: Callable[[str, int], None],
        bug: Callable[[str], None],
    ) -> None:
        self._node, self._wanted = node, wanted
        self._take, self._lost, self._bug = take, lost, bug
        transport, parameter = transports[wanted.transport], wanted.transport_parameter
        self._message_type = transport.message_type(f"{parameter} {wanted.transport}")
        self._type_name = transport.type_name
        advice = {
            one.type_name: f"set the parameter {parameter} to '{name}'" for name, one in transports.items()
        }
        self._watch = TopicWatch(node, transport.type_name, advice, wanted.qos_parameter)
        self._memory = MemoryBound(node, wanted.depth_parameter)
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> list[str]:
        """Subscribe.

        Returns:
            The topics, fully resolved and remapped.

        Raises:
            ValueError: a topic's name is none.
        """
        topics, repeated = unique_topics(map(self._resolved, self._wanted.topics))
        for topic in repeated:
            self._node.get_logger().warning(
                f"{self._wanted.topics_parameter} names {topic} more than once; it is read once"
            )
        for topic in topics:
            take = guarded(partial(self._take, topic), self._bug, f"a message on {topic}")
            lost = partial(self._lost, topic)
            self._subscriptions.append(
                subscribe_counting_losses(
                    self._node, self._message_type, topic, take, self._wanted.qos, lost, raw=True
                )
            )
        return [subscription.topic_name for subscription in self._subscriptions]

    def unsubscribe(self) -> None:
        """Take nothing more in."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def see(self, size: int, max_pixels: int) -> None:
        """Take note of a message's size; see ``MemoryBound.see``."""
        self._memory.see(size, max_pixels)

    def look_after(self) -> None:
        """Name publishers whose messages cannot arrive, and let fewer messages wait where they are large."""
        self._subscriptions = self._memory.apply(self._subscriptions)
        if self._wanted.follows_publishers:
            self._subscriptions = [
                match_publishers(self._node, one, self._type_name) for one in self._subscriptions
            ]
        for subscription in self._subscriptions:
            self._watch.check(subscription)

    def _resolved(self, topic: str) -> str:
        try:
            return str(self._node.resolve_topic_name(topic))
        except RCLError as error:
            reason = one_line(str(error), 300)
            raise ValueError(
                f"{self._wanted.topics_parameter}: {quoted(topic)} is no topic name ({reason})"
            ) from error
