"""What the measurement from frame to reading tells of its trials, and the frames that it sends."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from bench.frame_source import HEIGHT, WIDTH, moving_plate
from bench.frame_to_reading import Trial


def test_late_and_lost_frames_are_counted():
    told = str(Trial(5.0, [10.0, 66.0, 67.0, 400.0], frames=6, read=4))
    assert told.startswith(" 5.00 ms of CPU a frame; latency p50 67.0")
    assert "at most 400.0 ms" in told
    assert told.endswith("2 of 4 late by more than a frame; 2 of 6 lost")


def test_the_plate_moves_by_16_pixels_and_comes_back():
    frames = [np.frombuffer(one, np.uint8).reshape(HEIGHT * 3 // 2, WIDTH) for one in moving_plate()]
    shown = [np.flatnonzero((frame[:HEIGHT] != frame[0, 0]).any(axis=0)) for frame in frames]
    lefts = [int(columns[0]) for columns in shown]
    assert set(np.abs(np.diff([*lefts, lefts[0]]))) == {16}
    assert all(columns[-1] < WIDTH - 1 for columns in shown)
