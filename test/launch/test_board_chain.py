"""Frames of a board's cameras through the real nodes to the page, with stand-ins for TROS's programs.

Wiring, types, QoS and stamps are proved, and that shared memory's profile reaches every process; what
the real camera, codec and page do is not.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

from installed import skip_unless_installed
from stand_ins import ROOT, Launch, StandIns

PLATE = "京AC6895"
LEFT, TOP, WIDTH, HEIGHT = 400, 300, 188, 48
LARGE_FRAMES = ROOT / "config" / "large_frames.xml"
PATIENCE_SECONDS = 300.0


@pytest.fixture
def board(tmp_path: Path) -> StandIns:
    """TROS's programs that pass frames on, and its shared memory with a profile for frames of 1080p."""
    pytest.importorskip("ai_msgs.msg", reason="ai_msgs is not installed: TROS has it")
    pytest.importorskip("hbm_img_msgs.msg", reason="hbm_img_msgs is not installed: TROS has it")
    skip_unless_installed()
    board = StandIns(tmp_path, without=("lprnet_ros",), has_messages=False)
    for package, name in (
        ("mipi_cam", "mipi_cam"),
        ("hobot_usb_cam", "hobot_usb_cam"),
        ("hobot_codec", "hobot_codec_republish"),
        ("websocket", "websocket"),
    ):
        board.replace_program(package, name, ROOT / "test" / "helpers" / "stand_in_board.py")
    profile = Path(board.profile)
    profile.parent.mkdir(parents=True)
    profile.write_bytes(LARGE_FRAMES.read_bytes())
    return board


def scene(folder: Path, width: int, height: int) -> Path:
    """Draw a plate into a grey frame."""
    crop = cv2.imdecode(np.fromfile(ROOT / "demo" / "crops" / f"{PLATE}.png", np.uint8), cv2.IMREAD_COLOR)
    frame = np.full((height, width, 3), 90, np.uint8)
    frame[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = cv2.resize(
        crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    path = folder / "scene.png"
    path.write_bytes(cv2.imencode(".png", frame)[1].tobytes())
    return path


@pytest.mark.parametrize(
    ("camera", "width", "height", "frame_id"),
    [("mipi", 1920, 1080, "camera"), ("usb", 1280, 720, "default_usb_cam")],
)
def test_the_page_shows_plates_on_the_frames_they_were_read_in(
    board: StandIns, camera: str, width: int, height: int, frame_id: str
) -> None:
    drawn = board.folder / "drawn.jsonl"
    drawn.touch()
    file = board.folder / "mine.yaml"
    file.write_text("/**: {ros__parameters: {find_plates: false}}")
    launch = board.launch(
        f"params_file:={file}",
        f"camera:={camera}",
        "web:=true",
        f"regions:={LEFT},{TOP},{WIDTH},{HEIGHT}",
        ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
        SCENE=str(scene(board.folder, width, height)),
        DRAWN=str(drawn),
    )
    try:
        wait_until(lambda: len(after_the_first_plate(drawn)) >= 20, launch)
    finally:
        status = launch.stop()
    assert status == 0, launch.log
    assert "Traceback" not in launch.log
    for one in after_the_first_plate(drawn):
        assert one["frame_id"] == frame_id
        ((text, *roi),) = one["rois"]
        assert text == PLATE
        assert roi == [LEFT, TOP, WIDTH, HEIGHT]


def after_the_first_plate(path: Path) -> list[dict]:
    """What the page drew since it first drew a plate: before, the reader may have missed the crop."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines(True) if line.endswith(b"\n")]
    return list(itertools.dropwhile(lambda one: not one["rois"], lines))


def wait_until(condition: Callable[[], bool], launch: Launch) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert launch.is_running, launch.log
        assert time.monotonic() < end, launch.log
        time.sleep(0.1)
