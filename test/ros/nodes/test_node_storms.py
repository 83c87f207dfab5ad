"""Subscribers, publishers and questions come and go in storms while the live node reads."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from diagnostic_msgs.msg import DiagnosticArray
from fault_harness import BoardConversation, numbers_of, pace, running_board, spelled
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import ListParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_harness import RELIABLE, Client
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, String

EXECUTORS = [
    pytest.param(
        "events",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("rclpy.experimental") is None, reason="this rclpy has no events executor"
        ),
    ),
    "single",
]
OUTPUTS = ((String, "plate"), (Float32, "confidence"), (String, "reading"))
"""Not ~/image_annotated: with its fragments Fast DDS 2.14 once never returned from the tester's own take."""


def ignore(_: object) -> None:
    """Take a message and do nothing."""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_subscribers_publishers_and_clients_come_and_go_and_no_crop_is_lost(
    client: Client, tmp_path: Path, executor: str
) -> None:
    """Twenty subscribers, ten publishers, and clients that ask and do not wait for the answer."""
    chance = random.Random(5)
    parameters = (f"executor:={executor}", "workers:=2", "worker_kind:=thread", "queue_depth:=5000")
    with running_board(client, tmp_path, *parameters) as reader:
        conversation = BoardConversation(reader)
        node, name = client.node, reader.full_name
        readings = conversation.outputs.readings
        sent = 0
        for _ in range(8):
            guests = [
                node.create_subscription(
                    kind, f"{name}/{topic}", lambda _: None, chance.choice([5, RELIABLE])
                )
                for kind, topic in chance.choices(OUTPUTS, k=20)
            ]
            guests.append(node.create_subscription(DiagnosticArray, "/diagnostics", lambda _: None, 5))
            senders = [node.create_publisher(Image, f"{reader.namespace}/image", RELIABLE) for _ in range(10)]
            askers = [
                node.create_client(ListParameters, f"{name}/list_parameters"),
                node.create_client(GetState, f"{name}/get_state"),
            ]
            for _ in range(10):
                for _ in range(4):
                    conversation.image.publish(spelled(0, sent))
                    sent += 1
                chance.choice(senders).publish(spelled(1, sent))
                for asker in askers:
                    if asker.service_is_ready():
                        asker.call_async(asker.srv_type.Request())
                pace(client, 0.01)
                conversation.let_few_wait(len(numbers_of(readings, 1)) + sent)
            for asker in askers:
                node.destroy_client(asker)
            for sender in senders:
                node.destroy_publisher(sender)
            for guest in guests:
                node.destroy_subscription(guest)
        client.wait_for(lambda: len(numbers_of(readings, 0)) >= sent, f"{sent} readings", reader)
        assert numbers_of(readings, 0) == list(range(sent))
        assert reader.next_status(2)["level"] == "ok"
        assert reader.state() == "active"
        reader.assert_healthy()


def test_publishers_that_promise_too_little_disturb_nothing(client: Client, tmp_path: Path) -> None:
    with running_board(client, tmp_path, "workers:=0") as reader:
        conversation = BoardConversation(reader)
        best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        strangers = [
            client.node.create_publisher(Image, f"{reader.namespace}/image", best_effort) for _ in range(20)
        ]
        for number in range(50):
            for stranger in strangers:
                stranger.publish(spelled(1, number))
            conversation.image.publish(spelled(0, number))
            pace(client, 0.005)
        readings = conversation.outputs.readings
        client.wait_for(lambda: len(numbers_of(readings, 0)) >= 50, "50 readings", reader)
        assert numbers_of(readings, 0) == list(range(50))
        assert numbers_of(readings, 1) == [], "best effort reached a reliable subscription"
        # before a busy node has discovered the tester's name, it may also speak of one without a name
        reader.wait_for_log("/tester publishes")
        assert len(reader.lines("/tester publishes")) == 1, "it is named once"
        assert len(reader.lines("best effort, this node asks for reliable")) <= 2
        reader.assert_healthy()
        for stranger in strangers:
            client.node.destroy_publisher(stranger)
