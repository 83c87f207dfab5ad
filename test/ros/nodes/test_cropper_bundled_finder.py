"""The live cropper with the bundled finder, on the picture of its self-test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperConversation, CropperProcess, Stamp
from ros_harness import Client, raw_image
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from lprnet_ros.images.geometry import Quad, bounding_box
from lprnet_ros.models.find import BUNDLED_FINDER, bundled_model
from lprnet_ros.models.load import load_finder_manifest
from lprnet_ros.models.manifest import FinderManifest
from lprnet_ros.ros.messages.frame_messages import frame_message

SETTINGS = ("qos_profile:=reliable", "queue_depth:=20", "change_threshold:=0.0", "finder_runtime:=onnx")
MOST_OFF = 0.12
"""Of a plate's width, in another encoding or at another scale than that of the self-test."""


@pytest.fixture(scope="module")
def manifest() -> FinderManifest:
    return load_finder_manifest(bundled_model(BUNDLED_FINDER))


@pytest.fixture(scope="module")
def picture(manifest: FinderManifest) -> np.ndarray:
    """With even sides, as nv12 needs."""
    whole = cv2.imread(str(manifest.self_test.image))
    return whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2]


@pytest.fixture(scope="module")
def plain(
    client: Client, picture: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CropperConversation]:
    """A cropper as it comes, without regions and detections."""
    cropper = CropperProcess(client, tmp_path_factory.mktemp("plain"), *SETTINGS)
    try:
        yield CropperConversation(cropper, Image, lambda stamp: raw_image(picture, "gate", stamp))
    finally:
        cropper.close()


def off(found: Quad | None, quads: Sequence[Quad]) -> float:
    """By which share of its width the nearest of some plates is off, in its worst corner."""
    assert found is not None
    return min(
        max(map(math.dist, found, quad)) / max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2]))
        for quad in quads
    )


def test_the_plates_of_a_frame_are_found_and_cut_out(
    plain: CropperConversation, picture: np.ndarray, manifest: FinderManifest
) -> None:
    quads = manifest.self_test.quads
    answer = plain.ask(lambda stamp: raw_image(picture, "gate", stamp))
    assert len(answer.crops) == len(quads)
    for place, message in answer.crops:
        assert off(place.quad, quads) <= 0.02  # 0.01 is what is written
        assert place.score is not None
        assert place.score >= manifest.minimum_score - 0.001
        assert message.width / message.height == pytest.approx(440 / (140 * place.rows), rel=0.3)
    assert f"searching whole frames for plates with {BUNDLED_FINDER} (onnx)" in plain.cropper.log


def test_the_same_frame_in_nv12_shows_the_same_plates(
    plain: CropperConversation, picture: np.ndarray, manifest: FinderManifest
) -> None:
    def make(stamp: Stamp) -> Image:
        header = Header(frame_id="gate")
        header.stamp.sec, header.stamp.nanosec = stamp
        return frame_message(picture, "nv12", header)

    answer = plain.ask(make)
    assert len(answer.crops) == len(manifest.self_test.quads)
    assert all(off(place.quad, manifest.self_test.quads) <= MOST_OFF for place, _ in answer.crops)


def test_nothing_is_found_on_a_flat_frame_or_on_noise(plain: CropperConversation) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    for odd in (np.full((360, 640, 3), 90, np.uint8), noise):
        assert plain.ask(lambda stamp, odd=odd: raw_image(odd, "gate", stamp)).crops == []


@pytest.mark.parametrize("times", [1.0, 2.0, 4.0])
def test_a_region_may_fit_its_plate_or_be_much_larger(
    client: Client,
    picture: np.ndarray,
    manifest: FinderManifest,
    tmp_path_factory: pytest.TempPathFactory,
    times: float,
) -> None:
    quad = manifest.self_test.quads[0]
    height, width = picture.shape[:2]
    box = bounding_box(quad).padded((times - 1) / 2).clipped(width, height)
    region = f"{box.x:.1f},{box.y:.1f},{box.width:.1f},{box.height:.1f}"
    cropper = CropperProcess(client, tmp_path_factory.mktemp("region"), f"regions:=['{region}']", *SETTINGS)
    try:
        conversation = CropperConversation(cropper, Image, lambda stamp: raw_image(picture, "gate", stamp))
        answer = conversation.ask(lambda stamp: raw_image(picture, "gate", stamp))
        assert min(off(place.quad, [quad]) for place, _ in answer.crops) <= MOST_OFF
    finally:
        cropper.close()
