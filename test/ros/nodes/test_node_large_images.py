"""Images so large that many of them would fill the memory while they wait."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import Client, Conversation, known_plate, raw_image, running_reader

EXECUTORS = [
    pytest.param(
        "events",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("rclpy.experimental") is None, reason="this rclpy has no events executor"
        ),
    ),
    "single",
]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_fewer_of_them_wait_and_the_node_goes_on_reading(
    client: Client, tmp_path: Path, executor: str
) -> None:
    large = cv2.resize(known_plate()[1], (2800, 1000))
    settings = (f"executor:={executor}", "qos_profile:=reliable", "minimum_confidence:=0.0")
    with running_reader(client, tmp_path, *settings) as reader:
        conversation = Conversation(reader)
        conversation.image.publish(raw_image(large, "large"))
        assert "images of 8.4 MB arrive" in reader.wait_for_log("31 may wait, not 50 (subscription_depth)")
        client.retry_until(
            lambda: conversation.image.publish(raw_image(large, "later")),
            lambda: bool(conversation.outputs.of("later")),
            "a reading of a large image",
        )
        assert conversation.read_known("small again")["text"] == known_plate()[0]
        assert len(reader.lines("may wait, not")) == 1
        assert "Traceback" not in reader.log
