"""One callback takes all that waits, in order, and leaves the executor its turn."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.exceptions import InvalidHandle
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from ros_harness import Client
from std_msgs.msg import String

from lprnet_ros.ros.topics import draining
from lprnet_ros.ros.topics.draining import Draining
from lprnet_ros.ros.topics.qos import resubscribe, subscribe_counting_losses


class FakeSingle(SingleThreadedExecutor):
    """One by its type alone: it owns nothing."""

    def __init__(self) -> None:
        pass

    def __del__(self) -> None:
        pass


SINGLE = SimpleNamespace(executor=FakeSingle())
EVENTS = SimpleNamespace(executor=object())


class Waiting:
    """The handle of a subscription with messages that wait."""

    def __init__(self, messages: list[object]) -> None:
        self.messages = messages

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def take_message(self, message_type: type, raw: bool) -> tuple[object, None] | None:
        assert (message_type, raw) == (String, True)
        taken = self.messages.pop(0) if self.messages else None
        if isinstance(taken, Exception):
            raise taken
        return None if taken is None else (taken, None)


def subscription_with(*messages: object) -> SimpleNamespace:
    return SimpleNamespace(handle=Waiting(list(messages)), msg_type=String, raw=True)


def test_what_waits_is_taken_in_order() -> None:
    seen: list[object] = []
    callback = Draining(SINGLE, seen.append)
    callback.subscription = subscription_with(2, 3, 4)
    callback(1)
    assert seen == [1, 2, 3, 4]


def test_messages_are_left_to_an_executor_that_queues_an_event_for_each() -> None:
    """To take them ahead of their events let a node under a flood stand still for seconds."""
    seen: list[object] = []
    callback = Draining(EVENTS, seen.append)
    callback.subscription = subscription_with(2, 3)
    callback(1)
    assert seen == [1]


def test_after_ten_milliseconds_the_executor_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(draining, "time", SimpleNamespace(monotonic=lambda: now[0]))
    seen: list[object] = []

    def slow(message: object) -> None:
        seen.append(message)
        now[0] += 0.004

    callback = Draining(SINGLE, slow)
    callback.subscription = subscription_with(2, 3, 4, 5)
    callback(1)
    assert seen == [1, 2, 3], "12 ms"
    assert callback.subscription.handle.messages == [4, 5], "left to the executor"


def test_an_error_of_the_middleware_is_the_executors_to_handle() -> None:
    seen: list[object] = []
    callback = Draining(SINGLE, seen.append)
    callback.subscription = subscription_with(2, OSError("taken away"))
    with pytest.raises(OSError, match="taken away"):
        callback(1)
    assert seen == [1, 2]


def test_a_subscription_that_was_destroyed_has_nothing_more() -> None:
    """An event of a message may come after it."""
    seen: list[object] = []
    callback = Draining(SINGLE, seen.append)
    callback.subscription = subscription_with(2, InvalidHandle("destruction was requested"), 3)
    callback(1)
    assert seen == [1, 2]


@pytest.mark.parametrize("replaced", [False, True])
def test_one_round_of_the_executor_takes_all_messages_of_a_real_subscription(
    client: Client, replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        draining, "time", SimpleNamespace(monotonic=lambda: 0.0)
    )  # however busy the machine is
    node = client.node
    got: list[bytes] = []
    profile = QoSProfile(depth=100)
    subscription = subscribe_counting_losses(node, String, "drained", got.append, profile, print, raw=True)
    if replaced:
        subscription = resubscribe(node, subscription, profile)
    publisher = node.create_publisher(String, "drained", profile)
    group = subscription.callback_group
    try:
        client.wait_for(lambda: publisher.get_subscription_count() == 1, "the subscription")
        for number in range(20):
            publisher.publish(String(data=str(number)))
        publisher.wait_for_all_acked()
        client.wait_for(lambda: bool(got), "the messages")
        assert [message[8:].rstrip(b"\0").decode() for message in got] == [str(n) for n in range(20)]
        assert group.can_execute(subscription), "the executor's turn has ended"
    finally:
        node.destroy_publisher(publisher)
        node.destroy_subscription(subscription)
