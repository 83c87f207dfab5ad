"""What the live node says of its use: pictures that are no crops, topics named twice, conflicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import (
    CLEANUP,
    DEACTIVATE,
    Client,
    Conversation,
    ReaderProcess,
    compressed_image,
    known_plate,
    python_process,
    raw_image,
)
from sensor_msgs.msg import CompressedImage, Image

StartReader = Callable[..., ReaderProcess]
PHOTOGRAPH = np.full((720, 1280, 3), 90, np.uint8)


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_a_whole_photograph_is_named_once_in_five_seconds_with_what_to_do(
    start_reader: StartReader, transport: str
) -> None:
    reader = start_reader(f"transport:={transport}", "qos_profile:=reliable")
    conversation = Conversation(reader, Image if transport == "raw" else CompressedImage)
    assert reader.lines("whole photograph") == []
    make = raw_image if transport == "raw" else compressed_image
    for number in range(3):
        conversation.image.publish(make(PHOTOGRAPH, f"photo {number}"))
        conversation.outputs.wait_for_reading(f"photo {number}")
    reader.wait_for_status(lambda one: one.get("whole photographs") == "3", "three photographs")
    (line,) = reader.lines("whole photograph")
    assert f"pictures on {reader.namespace}/image: 1280x720 pixels look like a whole photograph" in line
    assert "cut the plate out of it, or name the topic in frame_topics" in line
    told = [one for one in reader.statuses if "are no crops: cut the plate out" in one["message"]]
    assert told
    assert {one["level"] for one in told} == {"warn"}


def test_an_empty_text_has_no_confidence(start_reader: StartReader) -> None:
    """The network is sure that a grey picture shows nothing: 0.98."""
    conversation = Conversation(start_reader("qos_profile:=reliable"))
    conversation.image.publish(raw_image(np.full((30, 100, 3), 128, np.uint8), "grey"))
    reading = conversation.outputs.wait_for_reading("grey")
    assert (reading["text"], reading["rejection"], reading["confidence"]) == ("", "empty", 0.0)


def test_a_topic_named_twice_is_read_once(start_reader: StartReader) -> None:
    reader = start_reader("image_topics:=['image', 'other', '{ns}/image']", "qos_profile:=reliable")
    conversation = Conversation(reader)
    assert conversation.image.get_subscription_count() == 1
    conversation.read_known("once")
    conversation.read_known("twice")
    assert len(conversation.outputs.of("once")) == 1
    (line,) = reader.lines("more than once")
    assert f"image_topics names {reader.namespace}/image more than once; it is read once" in line
    assert f"on {reader.namespace}/image, {reader.namespace}/other" in reader.wait_for_log(
        "reading raw crops"
    )


def test_two_cameras_with_one_frame_id_are_named_once(start_reader: StartReader) -> None:
    reader = start_reader("image_topics:=['gate', 'exit']", "qos_profile:=reliable")
    conversation = Conversation(reader, Image, "gate", "exit")
    assert reader.lines("have the frame_id") == []
    for number in range(2):
        for publisher in conversation.publishers:
            publisher.publish(raw_image(known_plate()[1], "camera"))
        conversation.read_known(f"after {number}")
    line = reader.wait_for_log("have the frame_id")
    assert f"{reader.namespace}/gate and {reader.namespace}/exit both have the frame_id 'camera'" in line
    assert len(reader.lines("have the frame_id")) == 1


@pytest.mark.parametrize("value", ["[]", "['']"])
def test_image_topics_that_are_empty_mean_image(start_reader: StartReader, value: str) -> None:
    reader = start_reader(f"image_topics:={value}")
    assert f"reading raw crops on {reader.namespace}/image" in reader.wait_for_log("crops on")


def test_a_region_that_is_none_ends_the_start_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("/**: {ros__parameters: {regions: ['1,2,3']}}")
    status, _, told = python_process(
        "lprnet_ros.ros.nodes.lpr_node", "--ros-args", "--params-file", str(file), ROS_LOG_DIR=str(tmp_path)
    )
    assert status == 1
    assert told.startswith("lpr_node: region 1 ('1,2,3') is neither")
    assert told.count("\n") == 1


def test_a_policy_that_needs_reliable_delivery_is_refused_when_it_is_set(start_reader: StartReader) -> None:
    reader = start_reader("autostart:=false")
    ((is_set, reason),) = reader.set_parameters(queue_policy="all")
    assert not is_set
    assert reason == "queue_policy 'all' needs reliable delivery: set qos_profile to 'reliable' first"
    assert reader.parameter("queue_policy") == "newest"
    assert reader.set_parameters(qos_profile="reliable", queue_depth=7) == [(True, "")] * 2
    assert reader.set_parameters(queue_policy="all") == [(True, "")]
    ((is_set, _),) = reader.set_parameters(qos_profile="sensor_data")
    assert not is_set


def test_the_compressed_topic_beside_a_raw_one_is_named(client: Client, start_reader: StartReader) -> None:
    reader = start_reader("transport:=compressed")
    reader.publisher(CompressedImage, "image/compressed")
    client.wait_for(
        lambda: client.node.count_publishers(f"{reader.namespace}/image/compressed") > 0, "it is there"
    )
    reader.wait_for_log("reading compressed crops")
    reader.next_status(2)
    reader.publisher(Image, "image")
    line = reader.wait_for_log("publishes sensor_msgs/msg/Image")
    assert (
        f"set the parameter transport to 'raw', or read {reader.namespace}/image/compressed instead" in line
    )


def test_deactivation_and_cleanup_are_logged(start_reader: StartReader) -> None:
    reader = start_reader()
    reader.wait_for_log("reading raw crops")
    assert reader.change_state(DEACTIVATE)
    reader.wait_for_log("deactivated: nothing is read any more")
    assert reader.change_state(CLEANUP)
    reader.wait_for_log("cleaned up: the model and the publishers are released")
