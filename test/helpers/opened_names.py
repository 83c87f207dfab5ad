"""What a node has opened on the network, asked of ROS, for comparison with the shipped SROS2 policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.node import Node

ABSOLUTE = frozenset({"/clock", "/diagnostics", "/parameter_events", "/rosout"})
"""Names that are the same in every namespace."""


@dataclass(frozen=True)
class Opened:
    """What a node has opened; ``~/`` begins a private name, no slash one in the node's namespace.

    Attributes:
        subscribe: topics that it subscribes to.
        publish: topics that it publishes.
        reply: services that it offers.
        request: services that it calls.
    """

    subscribe: frozenset[str] = frozenset()
    publish: frozenset[str] = frozenset()
    reply: frozenset[str] = frozenset()
    request: frozenset[str] = frozenset()

    def __or__(self, other: Opened) -> Opened:
        """Unite what two nodes have opened."""
        ours, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return Opened(**{kind: names | theirs[kind] for kind, names in ours.items()})


WITH_PACKAGE: dict[str, Opened] = {
    "ai_msgs": Opened(publish=frozenset({"~/targets"})),
    "vision_msgs": Opened(publish=frozenset({"~/detections"})),
    "type_description_interfaces": Opened(reply=frozenset({"~/get_type_description"})),  # not on Humble
}
"""What is opened only where a package is installed; the shipped policy allows it everywhere."""


AT_START = Opened(request=frozenset({"~/get_parameters"}))
"""What is opened for a moment only: the node asks itself, to see that its executor works."""


def opened_by(node: Node, name: str, namespace: str) -> Opened:
    """Ask ROS what a node has opened.

    Args:
        node: the node that asks; itself or any other.
        name: name of the node asked about.
        namespace: its namespace.

    Raises:
        rclpy.node.NodeNameNonExistentError: there is no such node.
    """

    def names(ask: Callable[[str, str], list[tuple[str, list[str]]]]) -> frozenset[str]:
        return frozenset(_relative(full_name, name, namespace) for full_name, _ in ask(name, namespace))

    return Opened(
        subscribe=names(node.get_subscriber_names_and_types_by_node),
        publish=names(node.get_publisher_names_and_types_by_node),
        reply=names(node.get_service_names_and_types_by_node),
        request=names(node.get_client_names_and_types_by_node),
    )


def _relative(full_name: str, name: str, namespace: str) -> str:
    """Write a full name as the node's code does, so that a policy can be moved to another namespace."""
    here = f"{namespace.rstrip('/')}/"
    private = f"{here}{name}/"
    if full_name.startswith(private):
        return f"~/{full_name[len(private) :]}"
    if full_name.startswith(here) and full_name not in ABSOLUTE:
        return full_name[len(here) :]
    return full_name
