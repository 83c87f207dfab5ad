"""Frames on their way to the live cropper: none is lost needlessly, and what is lost is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import CropperConversation, CropperProcess, PlayerProcess, Stamp
from rclpy.qos import ReliabilityPolicy
from ros_harness import Client, raw_image
from sensor_msgs.msg import Image

FRAMES = 30
REGIONS = ("regions:=['0.30,0.55 0.52,0.55 0.52,0.68 0.30,0.68']", "find_plates:=false")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 720p at 10 Hz that changes in every frame."""
    path = tmp_path_factory.mktemp("video") / "gate.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (1280, 720))
    for number in range(FRAMES):
        patches = np.random.default_rng(number).integers(0, 256, (45, 80, 3), dtype=np.uint8)
        writer.write(patches.repeat(16, axis=0).repeat(16, axis=1))
    writer.release()
    return path


@pytest.fixture
def player_of(tmp_path: Path, video: Path) -> Iterator[Callable[[str], PlayerProcess]]:
    players: list[PlayerProcess] = []

    def play(topic: str) -> PlayerProcess:
        players.append(PlayerProcess(tmp_path, {"image": topic}, f"source:={video}"))
        return players[0]

    yield play
    for player in players:
        player.close()


def test_a_720p_video_loses_no_frame_with_the_default_quality_of_service(
    client: Client, tmp_path: Path, player_of: Callable[[str], PlayerProcess]
) -> None:
    """Best effort 17 of 30 frames arrived, and here 2 of 30; a busy machine needs room for all of them."""
    cropper = CropperProcess(client, tmp_path, *REGIONS, f"queue_depth:={FRAMES}")
    try:
        outputs = cropper.outputs()
        for topic in ("crops", "empty_frames"):
            name = f"{cropper.full_name}/{topic}"
            client.wait_for(lambda name=name: client.node.count_publishers(name) > 0, name, cropper)
        player = player_of(f"{cropper.namespace}/image")
        client.wait_for(lambda: player.process.poll() is not None, "the end of the video", cropper)
        client.wait_for(
            lambda: int((cropper.statuses or [{"frames": "0"}])[-1]["frames"]) >= FRAMES,
            f"{FRAMES} frames",
            cropper,
        )
        client.wait_for(lambda: len(outputs.stamps()) >= FRAMES, "something of each frame", cropper)
        assert cropper.lines("lost on the way") == []
    finally:
        cropper.close()


def test_frames_that_are_lost_best_effort_are_counted_and_told_with_the_remedy(
    client: Client, tmp_path: Path, player_of: Callable[[str], PlayerProcess]
) -> None:
    cropper = CropperProcess(client, tmp_path, *REGIONS, "qos_profile:=sensor_data")
    try:
        cropper.outputs()
        player = player_of(f"{cropper.namespace}/image")
        client.wait_for(lambda: player.process.poll() is not None, "the end of the video", cropper)
        status = cropper.next_status(3)
        lost = int(status.get("way here: image_lost", "0"))
        # a middleware with more memory may lose none; that the very last one is lost nobody can know
        assert lost > 0 or int(status["frames"]) >= FRAMES - 1
        if lost:
            line = cropper.wait_for_log("frames lost on the way here")
            assert "set qos_profile to auto or reliable" in line
    finally:
        cropper.close()


def test_auto_follows_the_publishers(client: Client, tmp_path: Path) -> None:
    def frame(stamp: Stamp) -> Image:
        grey = np.random.default_rng(stamp[1]).integers(0, 256, dtype=np.uint8)
        return raw_image(np.full((240, 320, 3), grey, np.uint8), "gate", stamp)

    cropper = CropperProcess(client, tmp_path, *REGIONS, "change_threshold:=0.0")
    try:
        conversation = CropperConversation(cropper, Image, frame)
        camera = cropper.publisher(Image, reliability=ReliabilityPolicy.BEST_EFFORT)
        client.wait_for(lambda: camera.get_subscription_count() > 0, "best effort", cropper)
        client.retry_until(
            lambda: camera.publish(frame(conversation.next_stamp())),
            lambda: bool(conversation.outputs.stamps()),
            "a frame of the best-effort camera",
        )
        client.node.destroy_publisher(camera)
        conversation.outputs.clear()
        client.retry_until(
            lambda: conversation.image.publish(frame(conversation.next_stamp())),
            lambda: bool(conversation.outputs.stamps()),
            "a frame of the reliable camera",
        )
        assert cropper.lines("gets nothing") == []
    finally:
        cropper.close()


def test_the_cropper_reports_while_simulated_time_stands_still(client: Client, tmp_path: Path) -> None:
    cropper = CropperProcess(client, tmp_path, *REGIONS, "use_sim_time:=true")
    try:
        assert cropper.next_status(2)["level"] == "ok"
    finally:
        cropper.close()
