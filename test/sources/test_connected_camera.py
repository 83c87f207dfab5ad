"""Cameras: what is taken for one, its frames with their times, and every way in which there is none.

Only a real camera can prove that OpenCV opens it, and how soon its frames come.
"""

import itertools
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_in_camera import StandInCamera

from lprnet_ros.sources import connected_camera
from lprnet_ros.sources.connected_camera import camera_frames, is_camera
from lprnet_ros.sources.labelled import LabelledDataError

FRAMES = [np.full((4, 6, 3), level, np.uint8) for level in range(5)]


@pytest.fixture
def device(tmp_path):
    path = tmp_path / "video0"
    path.write_bytes(b"")
    return path


@pytest.fixture
def connect(monkeypatch):
    def connected(*arguments, **options):
        camera = StandInCamera(*arguments, **options)
        monkeypatch.setattr(connected_camera.cv2, "VideoCapture", camera)
        monkeypatch.setattr(connected_camera, "time", camera)
        return camera

    return connected


@pytest.mark.parametrize("name", ["/dev/video0", "/dev/video12", "/dev/v4l/by-id/usb-A_B-video-index0"])
def test_a_camera_is_told_by_its_name(name):
    assert is_camera(Path(name))


@pytest.mark.parametrize(
    "name", ["video0", "/dev/video", "/dev/null", "/dev/video0/a.png", "/tmp/dev/video0"]
)
def test_other_names_are_none(name):
    assert not is_camera(Path(name))


def test_frames_come_with_their_times_until_it_is_asked_to_end(connect, device):
    camera = connect([*FRAMES[:2], None, *FRAMES[2:]], 0.5)
    ends = itertools.chain([False] * 5, itertools.repeat(True))
    found = list(camera_frames(device, lambda: next(ends)))
    assert [int(picture[0, 0, 0]) for _, picture in found] == [0, 1, 2, 3]
    assert [seconds - 1_795_813_868 for seconds, _ in found] == [0.5, 1.0, 2.0, 2.5]
    assert camera.opened == [(str(device), cv2.CAP_V4L2)]
    assert camera.is_released


def test_a_camera_that_is_unplugged_is_told_after_its_frames(connect, device):
    camera = connect(FRAMES)
    frames = camera_frames(device, lambda: False)
    for _ in FRAMES:
        next(frames)
    with pytest.raises(LabelledDataError, match="video0: the camera gives no more frames"):
        next(frames)
    assert camera.is_released


def test_whoever_stops_asking_releases_the_camera(connect, device):
    camera = connect(FRAMES)
    frames = camera_frames(device, lambda: False)
    next(frames)
    frames.close()
    assert camera.is_released


def test_what_is_no_camera_gets_one_sentence(connect, device, monkeypatch, capfd):
    with pytest.raises(LabelledDataError, match=r"^/dev/video99: no such camera; connected: "):
        next(camera_frames(Path("/dev/video99"), lambda: False))
    camera = connect([], is_device=False)
    with pytest.raises(LabelledDataError, match="video0: no camera that can be opened; it is in use, or"):
        next(camera_frames(device, lambda: False))
    assert camera.is_released
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(LabelledDataError, match="no permission to use this camera; sudo usermod -aG video"):
        next(camera_frames(device, lambda: False))
    assert capfd.readouterr().err == ""


def test_opencv_itself_refuses_what_is_no_camera_and_prints_nothing(device, capfd):
    with pytest.raises(LabelledDataError, match="no camera that can be opened"):
        next(camera_frames(device, lambda: False))
    assert not re.search(r"WARN|ERROR", capfd.readouterr().err)
