"""The live node's consensus: many crops over DDS in, one final reading a vehicle out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import DEACTIVATE, Conversation, ReaderProcess, crops, known_plate, raw_image
from std_msgs.msg import String

SETTINGS = ("qos_profile:=reliable", "queue_depth:=200", "minimum_confidence:=0.0")


def vehicles_of(conversation: Conversation) -> list[dict]:
    """Subscribe to the final readings; what is returned grows."""
    reader, found = conversation.reader, []
    reader._subscribe(String, f"{reader.full_name}/vehicle_plate", lambda m: found.append(json.loads(m.data)))
    topic = f"{reader.full_name}/vehicle_plate"
    reader.client.wait_for(lambda: reader.client.node.count_publishers(topic) > 0, topic, reader)
    while not found:  # until a vehicle came through, neither side knows that the other is there
        for _ in range(2):
            conversation.read_known("match")
            conversation.outputs.clear()
        reader.client.spin_until(lambda: bool(found), 2.0)
    reader.client.spin_until(lambda: False, 1.5)
    found.clear()
    return found


def test_one_final_reading_a_vehicle_with_the_stamp_of_its_best_crop(
    client: object, start_reader: Callable[..., ReaderProcess]
) -> None:
    conversation = Conversation(start_reader(*SETTINGS, "consensus_gap:=0.5"))
    vehicles = vehicles_of(conversation)
    chosen = crops()[:3]
    for number, (_, image) in enumerate(chosen):
        for frame in range(4):
            conversation.image.publish(raw_image(image, f"vehicle {number}", (100 + number, frame)))
            time.sleep(0.02)
        conversation.reader.client.spin_until(lambda: False, 0.3)
    conversation.reader.client.wait_for(
        lambda: len(vehicles) >= len(chosen), "a final reading of each vehicle", conversation.reader
    )
    conversation.reader.client.spin_until(lambda: False, 1.0)
    assert [vehicle["text"] for vehicle in vehicles] == [plate for plate, _ in chosen]
    shape = set(conversation.outputs.readings[0])
    for number, vehicle in enumerate(vehicles):
        assert set(vehicle) == shape | {"vehicle"}
        assert vehicle["vehicle"]["crops"] == vehicle["vehicle"]["agreeing"] == 4
        assert vehicle["vehicle"]["revised"] is False
        assert vehicle["stamp"]["sec"] == 100 + number
        assert vehicle["frame_id"] == f"vehicle {number}"
        assert vehicle["accepted"] is True
        assert [c["character"] for c in vehicle["characters"]] == list(vehicle["text"])


def test_a_vehicle_that_waits_is_published_once_and_before_it_leaves(
    client: object, start_reader: Callable[..., ReaderProcess]
) -> None:
    settings = ("consensus_gap:=1.5", "consensus_longest_wait:=0.6")
    conversation = Conversation(start_reader(*SETTINGS, *settings))
    vehicles = vehicles_of(conversation)
    image = known_plate()[1]
    for frame in range(20):
        conversation.image.publish(raw_image(image, "waiting", (5, frame)))
        conversation.reader.client.spin_until(lambda: False, 0.1)
    assert len(vehicles) == 1  # while it is still there
    conversation.reader.client.spin_until(lambda: False, 2.5)
    assert len(vehicles) == 1


def test_deactivating_publishes_the_vehicles_that_are_gathered(
    client: object, start_reader: Callable[..., ReaderProcess]
) -> None:
    conversation = Conversation(start_reader(*SETTINGS, "consensus_gap:=1.0"))
    vehicles = vehicles_of(conversation)
    text, image = known_plate()
    for frame in range(3):
        conversation.image.publish(raw_image(image, "last", (9, frame)))
    conversation.reader.client.wait_for(
        lambda: len(conversation.outputs.of("last")) == 3, "readings", conversation.reader
    )
    assert conversation.reader.change_state(DEACTIVATE)
    conversation.reader.client.wait_for(lambda: bool(vehicles), "the last vehicle", conversation.reader)
    assert [vehicle["text"] for vehicle in vehicles] == [text]


def test_without_consensus_there_is_no_such_topic(
    client: object, start_reader: Callable[..., ReaderProcess]
) -> None:
    conversation = Conversation(start_reader(*SETTINGS, "consensus:=false"))
    conversation.read_known("a crop")
    topic = f"{conversation.reader.full_name}/vehicle_plate"
    assert conversation.reader.client.node.count_publishers(topic) == 0
