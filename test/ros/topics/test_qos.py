"""Subscriptions that count what is lost, keep counting when they are replaced, and match their publishers."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_harness import Client
from sensor_msgs.msg import Image

from lprnet_ros.ros.topics import qos
from lprnet_ros.ros.topics.qos import (
    image_qos,
    match_publishers,
    resubscribe,
    subscribe_counting_losses,
    unique_topics,
)

TYPE = "sensor_msgs/msg/Image"
RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
def subscription(client: Client, lost: list[int]) -> Iterator[list]:
    """One subscription, which a test may replace in the list."""
    node = client.node
    there = [
        subscribe_counting_losses(
            node, Image, "lossy", lambda _: None, image_qos("auto", 3), lost.append, raw=True
        )
    ]
    yield there
    node.destroy_subscription(there[0])


def lose(subscription: object, count: int) -> None:
    (handler,) = subscription.event_handlers
    handler.callback(SimpleNamespace(total_count=9, total_count_change=count))


def test_losses_are_counted_also_after_the_subscription_was_replaced(
    client: Client, subscription: list, lost: list[int]
) -> None:
    lose(subscription[0], 3)
    profile = QoSProfile(depth=2, reliability=BEST_EFFORT)
    subscription[0] = resubscribe(client.node, subscription[0], profile)
    assert subscription[0].qos_profile.depth == 2
    assert subscription[0].raw
    lose(subscription[0], 1)
    assert lost == [3, 1]


def test_a_middleware_that_cannot_tell_what_is_lost_is_subscribed_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = client.node.create_subscription

    def refuse(*arguments: object, **options: object) -> object:
        if options["event_callbacks"].message_lost is not None:
            raise qos.UnsupportedEventTypeError("message lost")
        return create(*arguments, **options)

    monkeypatch.setattr(client.node, "create_subscription", refuse)
    made = subscribe_counting_losses(client.node, Image, "mute", print, image_qos("auto", 1), print)
    assert made.event_handlers == []
    client.node.destroy_subscription(made)


@pytest.mark.parametrize(
    ("publishers", "expected"),
    [
        ([], RELIABLE),
        ([(Image, RELIABLE)], RELIABLE),
        ([(Image, BEST_EFFORT)], BEST_EFFORT),
        ([(Image, RELIABLE), (Image, BEST_EFFORT)], BEST_EFFORT),
    ],
    ids=["nobody", "reliable", "best effort", "both"],
)
def test_a_subscription_matches_its_publishers(
    client: Client, subscription: list, publishers: list, expected: ReliabilityPolicy
) -> None:
    node, topic = client.node, subscription[0].topic_name
    made = [
        node.create_publisher(kind, topic, QoSProfile(depth=1, reliability=one)) for kind, one in publishers
    ]
    client.wait_for(lambda: len(node.get_publishers_info_by_topic(topic)) == len(made), "the publishers")
    subscription[0] = match_publishers(node, subscription[0], TYPE)
    assert subscription[0].qos_profile.reliability == expected
    assert subscription[0].qos_profile.depth == 3
    assert match_publishers(node, subscription[0], TYPE) is subscription[0], "it is not replaced twice"
    for publisher in made:
        node.destroy_publisher(publisher)
    client.wait_for(lambda: node.get_publishers_info_by_topic(topic) == [], "their end")


def test_a_topic_is_kept_once_in_its_place() -> None:
    assert unique_topics(["/b", "/a", "/b", "/c", "/a"]) == (["/b", "/a", "/c"], ["/b", "/a"])
    assert unique_topics([]) == ([], [])
