"""The picture of a reading, and topics without a listener, which cost nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import Conversation, ReaderProcess, known_plate
from sensor_msgs.msg import Image

from lprnet_ros.images.conversion import image_to_bgr
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.ros.topics.reading_publisher import annotate

CROP = np.full((24, 94, 3), (200, 60, 30), np.uint8)


def test_the_picture_holds_the_crop_and_below_it_the_text_green_or_red() -> None:
    accepted = annotate(CROP, PlateReading("京A12345", 0.99, verdict=Verdict.ACCEPTED))
    refused = annotate(CROP, PlateReading("京A1", 0.5, verdict=Verdict.SYNTAX))
    for picture in (accepted, refused):
        assert picture.shape == (144, 376, 3)
        assert (picture[:96] == CROP[0, 0]).all()
    green, red = accepted[96:].astype(int), refused[96:].astype(int)
    assert (green[..., 1] - green[..., 2]).max() > 100 > (green[..., 2] - green[..., 1]).max()
    assert (red[..., 2] - red[..., 1]).max() > 100 > (red[..., 1] - red[..., 2]).max()


@pytest.mark.parametrize("size", [(1, 1), (2000, 3000), (300, 2)])
def test_crops_of_any_size_are_drawn(size: tuple[int, int]) -> None:
    picture = annotate(np.zeros((*size, 3), np.uint8), PlateReading("", 0.0, verdict=Verdict.EMPTY))
    assert picture.shape == (144, 376, 3)
    assert picture[96:].max() > 100


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
    expected = annotate(crop, PlateReading(plate, 1.0))
    assert np.array_equal(picture[:96], expected[:96])
