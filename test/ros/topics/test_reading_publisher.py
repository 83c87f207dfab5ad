"""The picture of a reading, as the live node publishes it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import Conversation, ReaderProcess, known_plate
from sensor_msgs.msg import Image

from lprnet_ros.images.conversion import image_to_bgr
from lprnet_ros.pictures.annotation import captioned
from lprnet_ros.reading.plate_reading import PlateReading


def test_the_live_node_publishes_the_picture_to_whoever_looks(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    reader = start_reader("minimum_confidence:=0.0")
    conversation = Conversation(reader)
    pictures: list[Image] = []
    topic = f"{reader.full_name}/image_annotated"
    subscription = reader.client.node.create_subscription(Image, topic, pictures.append, 10)

    def is_seen() -> bool:
        conversation.read_known("seen")
        return bool(pictures)

    reader.client.wait_for(is_seen, "a picture", reader)
    reader.client.node.destroy_subscription(subscription)
    message = pictures[-1]
    assert message.header.frame_id == "seen"
    picture = image_to_bgr(message, max_pixels=10**6)
    plate, crop = known_plate()
    expected = captioned(crop, PlateReading(plate, 1.0))
    assert np.array_equal(picture[:96], expected[:96])
