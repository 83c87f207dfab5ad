"""The live node with several cameras: none starves, order is kept, every reading finds its crop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fault_harness import (
    NEVER_LOSES,
    BoardConversation,
    assert_traceable,
    numbers_of,
    pace,
    running_board,
    spelled,
)
from ros_harness import Client, raw_image
from sensor_msgs.msg import Image

TOPICS = ["gate", "exit", "yard", "street"]
PARAMETERS = f"image_topics:={TOPICS}"
FLOODING = 3
SLOW = "3000"
"""Microseconds of an inference: 300 plates a second at most."""


def full_names(conversation: BoardConversation) -> list[str]:
    return [f"{conversation.reader.namespace}/{topic}" for topic in TOPICS]


@pytest.mark.parametrize(
    "workers",
    [("workers:=0",), ("workers:=2", "worker_kind:=thread"), ("workers:=2", "worker_kind:=process")],
    ids=["none", "threads", "processes"],
)
def test_four_cameras_at_unequal_rates_lose_and_mix_up_nothing(
    client: Client, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    """From 1 to 20 crops of a camera at a time; the text on each says whose it is."""
    with running_board(client, tmp_path, PARAMETERS, "queue_depth:=1000", *workers) as reader:
        conversation = BoardConversation(reader, Image, *TOPICS)
        sent = [0, 0, 0, 0]
        for _ in range(40):
            for camera, burst in enumerate((1, 2, 5, 20)):
                for _ in range(burst):
                    conversation.publishers[camera].publish(spelled(camera, sent[camera]))
                    sent[camera] += 1
            pace(client, 0.01)
            conversation.let_few_wait(sum(sent))
        readings = conversation.outputs.readings
        client.wait_for(lambda: len(readings) >= sum(sent), f"{sum(sent)} readings", reader)
        for camera in range(4):
            assert numbers_of(readings, camera) == list(range(sent[camera]))
        assert_traceable(readings, full_names(conversation))
        conversation.outputs.settle()
        assert conversation.outputs.plates == [reading["text"] for reading in readings]
        status = reader.next_status(2)
        assert status["dropped"] == "0"
        reader.assert_healthy()


def test_a_camera_that_floods_the_node_starves_none_that_does_not(client: Client, tmp_path: Path) -> None:
    """One camera sends ten times what may wait; of the others' few crops each is read."""
    with running_board(
        client, tmp_path, PARAMETERS, "workers:=2", "queue_depth:=5", LPR_TEST_MICROSECONDS=SLOW
    ) as reader:
        conversation = BoardConversation(reader, Image, *TOPICS)
        readings, sent = conversation.outputs.readings, [0, 0, 0, 0]

        def send(camera: int, count: int) -> None:
            for _ in range(count):
                conversation.publishers[camera].publish(spelled(camera, sent[camera]))
                sent[camera] += 1

        for tick in range(20):
            send(FLOODING, 50)
            for camera, count in enumerate((1, 2, 3)):
                send(camera, count if tick % (4 - count) == 0 else 0)
            send(FLOODING, 10)
            # the next ones come when these are read: how fast this machine is must not decide what waits
            for camera in range(FLOODING):
                client.wait_for(
                    lambda camera=camera: numbers_of(readings, camera) == list(range(sent[camera])),
                    f"camera {camera} not to starve",
                    reader,
                )
        status = reader.wait_for_status(
            lambda status: int(status["dropped"]) + len(readings) == sum(sent), "an account of every crop"
        )
        street = numbers_of(readings, FLOODING)
        assert street == sorted(set(street))
        assert_traceable(readings, full_names(conversation))
        assert int(status["dropped"]) > 0, "the camera was not fast enough to prove anything"
        assert status[f"dropped on {full_names(conversation)[FLOODING]}"] == status["dropped"]
        reader.wait_for_log(
            f"crops of {full_names(conversation)[FLOODING]} dropped: more arrive than can be read; raise"
        )
        reader.assert_healthy()


def test_newest_counts_every_crop_that_it_drops(client: Client, tmp_path: Path) -> None:
    with running_board(client, tmp_path, "workers:=1", LPR_TEST_MICROSECONDS=SLOW) as reader:
        conversation = BoardConversation(reader)
        before = reader.next_status(2)
        publisher = client.node.create_publisher(Image, f"{reader.namespace}/image", NEVER_LOSES)
        client.wait_for(lambda: publisher.get_subscription_count() == 1, "the subscription", reader)
        bad = raw_image(np.zeros((2, 2, 3), np.uint8))
        bad.step = 1
        count = 1500
        for number in range(count):
            publisher.publish(bad if number % 10 == 9 else spelled(0, number))
        readings = conversation.outputs.readings
        client.wait_for(lambda: count - 2 in numbers_of(readings, 0), "the newest crop", reader)

        def gain(status: dict[str, str], name: str) -> int:
            return int(status.get(name, 0)) - int(before.get(name, 0))

        status = reader.wait_for_status(
            lambda status: gain(status, "received") == count and status["waiting"] == "0",
            "all messages received",
        )
        gained = {name: gain(status, name) for name in ("read", "dropped", "bad image: bad_step")}
        assert gained["bad image: bad_step"] == count // 10
        assert gained["dropped"] > 0, "the sender was not fast enough to prove anything"
        assert sum(gained.values()) == count
        numbers = numbers_of(readings, 0)
        assert numbers == sorted(set(numbers))
        client.node.destroy_publisher(publisher)
        reader.assert_healthy()


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_all_loses_nothing_however_fast_a_reliable_sender_is(
    client: Client, tmp_path: Path, kind: str
) -> None:
    with running_board(
        client,
        tmp_path,
        "queue_policy:=all",
        "workers:=2",
        f"worker_kind:={kind}",
        "queue_depth:=3",
        LPR_TEST_MICROSECONDS="1000",
    ) as reader:
        conversation = BoardConversation(reader)
        publisher = client.node.create_publisher(Image, f"{reader.namespace}/image", NEVER_LOSES)
        client.wait_for(lambda: publisher.get_subscription_count() == 1, "the subscription", reader)
        readings = conversation.outputs.readings
        count = 2000
        for number in range(count):
            publisher.publish(spelled(0, number))
            conversation.let_few_wait(number)
        client.wait_for(lambda: len(readings) >= count, f"{count} readings", reader)
        assert numbers_of(readings, 0) == list(range(count))
        assert reader.next_status(2)["dropped"] == "0"
        client.node.destroy_publisher(publisher)
        reader.assert_healthy()
