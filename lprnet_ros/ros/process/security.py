"""Prints the SROS2 policy of ``lpr_node``: what it opens on the network, and no more.

``python -m lprnet_ros.ros.process.security --ros-args -r __ns:=/gate -p image_topics:="[front/crop]"``
starts the node with these arguments, asks ROS what it has opened, prints that as
a policy and ends.  ``config/security/lpr_node.policy.xml`` is what it prints
without arguments: the policy of the default launch.

Format: policy 0.2.0 of sros2 (github.com/ros2/sros2, sros2/policy/schemas/policy.xsd);
ROS 2 design, "SROS 2 Access Control Policies".
"""

from __future__ import annotations

import dataclasses
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node

from lprnet_ros.ros.nodes.lpr_node import LprNode
from lprnet_ros.ros.process.run_node import run_node

_VERSION = "0.2.0"
_COMMENT = (
    " What lpr_node opens, and no more. For other topics, names or parameters run\n"
    "     python3 -m lprnet_ros.ros.process.security with the arguments of the node. "
)

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


def policy_xml(opened: Opened, name: str, namespace: str) -> str:
    """Write a policy in the format of sros2.

    Args:
        opened: what is allowed.
        name: the node's name.
        namespace: its namespace; the enclave is named after both.

    Returns:
        XML, which ``ros2 security create_permission`` and ``generate_artifacts`` take.
    """
    policy = ET.Element("policy", version=_VERSION)
    enclave = ET.SubElement(ET.SubElement(policy, "enclaves"), "enclave", path=_private(name, namespace)[:-1])
    profile = ET.SubElement(ET.SubElement(enclave, "profiles"), "profile", ns=namespace, node=name)
    for kind, allowed in dataclasses.asdict(opened).items():
        singular = "topic" if kind in ("subscribe", "publish") else "service"
        if allowed:
            rule = ET.SubElement(profile, f"{singular}s", {kind: "ALLOW"})
            for one in sorted(allowed):
                ET.SubElement(rule, singular).text = one
    ET.indent(policy)
    body = ET.tostring(policy, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!--{_COMMENT}-->\n{body}\n'


def _private(name: str, namespace: str) -> str:
    return f"{namespace.rstrip('/')}/{name}/"


def _relative(full_name: str, name: str, namespace: str) -> str:
    """Write a full name as the node's code does, so that a policy can be moved to another namespace."""
    private, here = _private(name, namespace), f"{namespace.rstrip('/')}/"
    if full_name.startswith(private):
        return f"~/{full_name[len(private) :]}"
    if full_name.startswith(here) and full_name not in ABSOLUTE:
        return full_name[len(here) :]
    return full_name


def _print_policy(node: LprNode) -> None:
    success = TransitionCallbackReturn.SUCCESS
    if node.trigger_configure() != success or node.trigger_activate() != success:
        raise ValueError("the node could not be started with these arguments; its log says why")
    name, namespace = node.get_name(), node.get_namespace()
    opened = opened_by(node, name, namespace) | AT_START
    for optional in WITH_PACKAGE.values():
        opened = opened | optional
    print(policy_xml(opened, name, namespace), end="")


def main(arguments: list[str] | None = None) -> int:
    """Print the policy.

    Args:
        arguments: the command line, as for the node; None is this process's.

    Returns:
        The exit status: 0, or 1 where the node cannot be started.
    """
    return run_node("security", arguments, LprNode, start=_print_policy, is_done=lambda _: True)


if __name__ == "__main__":
    sys.exit(main())
