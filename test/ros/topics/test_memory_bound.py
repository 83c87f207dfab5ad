"""Fewer messages wait in a subscription once they turn out to be large."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.node import Node
from rclpy.subscription import Subscription
from ros_harness import Client
from sensor_msgs.msg import Image

from lprnet_ros.ros.topics.memory_bound import MOST_WAITING_BYTES, MemoryBound
from lprnet_ros.ros.topics.qos import image_qos, subscribe_counting_losses

FRAME_BYTES = 4096 * 2160 * 3
MAX_PIXELS = 4096 * 2160


@pytest.fixture
def node(client: Client) -> Node:
    return client.node


@pytest.fixture
def received() -> list[Image]:
    return []


@pytest.fixture
def subscriptions(node: Node, received: list[Image]) -> Iterator[list[Subscription]]:
    made = [
        subscribe_counting_losses(
            node, Image, f"bounded_{policy}", received.append, image_qos("reliable", 50, policy), print
        )
        for policy in ("newest", "all")
    ]
    yield made
    for subscription in made:
        node.destroy_subscription(subscription)


def test_frames_of_4096_x_2160_take_no_more_than_they_may(node: Node, subscriptions: list) -> None:
    """Before, 50 of them took 1.3 GB."""
    bound = MemoryBound(node, "subscription_depth")
    bound.see(FRAME_BYTES, MAX_PIXELS)
    before = list(subscriptions)
    subscriptions[:] = bound.apply(subscriptions)
    newest, everything = subscriptions
    assert newest.qos_profile.depth * FRAME_BYTES <= MOST_WAITING_BYTES
    assert newest.qos_profile.depth == 10
    assert newest.qos_profile.reliability == before[0].qos_profile.reliability
    assert everything is before[1], "a history that keeps all has no depth"
    assert bound.apply(subscriptions) == subscriptions, "once is enough"


def test_small_images_change_nothing(node: Node, subscriptions: list) -> None:
    bound = MemoryBound(node, "subscription_depth")
    for size in (94 * 24 * 3, 10**9):
        bound.see(size, 94 * 24)  # the second is larger than what is accepted
    assert bound.apply(subscriptions) == subscriptions


def test_a_subscription_with_a_smaller_depth_goes_on_receiving(
    client: Client, received: list[Image], subscriptions: list
) -> None:
    bound = MemoryBound(client.node, "subscription_depth")
    bound.see(FRAME_BYTES, MAX_PIXELS)
    subscriptions[:] = bound.apply(subscriptions)
    publisher = client.node.create_publisher(Image, "bounded_newest", 10)
    client.retry_until(lambda: publisher.publish(Image(height=7)), lambda: bool(received), "an image")
    client.node.destroy_publisher(publisher)
    assert received[0].height == 7
