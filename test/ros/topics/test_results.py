"""Crops without a place are frames of their own, of the crop's size whatever its encoding."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from lprnet_ros.flow.job import Job, Source
from lprnet_ros.images.crop_image import BadImage, CropImage, ImageRejectedError
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.ros.topics.results import Results

BGR = np.zeros((24, 94, 3), np.uint8)
CROPS = {
    "bgr8": CropImage(BGR),
    "mono8": CropImage(BGR[..., 0], cv2.COLOR_GRAY2BGR),
    "nv12": CropImage(np.zeros((36, 94), np.uint8), cv2.COLOR_YUV2BGR_NV12),
    "jpeg": CropImage(cv2.imencode(".jpg", BGR)[1].reshape(-1), is_encoded=True),
}
SOURCE = Source("/image", 1, 2, "gate", 0.0)


class Frames:
    """Takes what FrameOutputs would, and remembers it."""

    def __init__(self) -> None:
        self.added: list[tuple[object, tuple[int, int]]] = []

    def is_heard(self) -> bool:
        return True

    def add(self, place: object, header: object, reading: object, *, size: tuple[int, int]) -> None:
        self.added.append((reading, size))


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def results(frames: Frames) -> Results:
    outputs = SimpleNamespace(publish=lambda reading, job: None, look_for_listeners=lambda: None)
    report = SimpleNamespace(
        reading=lambda *a: None, bad_image=lambda *a: None, drop=lambda *a: None, failure=lambda *a: None
    )
    results = Results(outputs, None, frames, report)
    results.look_for_listeners()
    return results


@pytest.mark.parametrize("encoding", CROPS)
def test_a_crop_without_a_place_has_the_size_of_its_picture(
    results: Results, frames: Frames, encoding: str
) -> None:
    reading = PlateReading("京A12345", 1.0)
    results.deliver(Job(SOURCE, CROPS[encoding]), reading)
    assert frames.added == [(reading, (94, 24))]


def test_a_crop_that_cannot_be_read_or_was_dropped_is_told_to_its_frame_too(
    results: Results, frames: Frames
) -> None:
    job = Job(SOURCE, CropImage(np.zeros(5, np.uint8), is_encoded=True))
    results.deliver(job, ImageRejectedError(BadImage.UNDECODABLE, "broken"))
    results.drop(job)
    assert [reading for reading, _ in frames.added] == [None, None]
