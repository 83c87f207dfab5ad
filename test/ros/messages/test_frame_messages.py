"""Tests of lprnet_ros.ros.messages.frame_messages."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs rclpy and sensor_msgs")

import cv2
from std_msgs.msg import Header

from lprnet_ros.ros.messages.frame_messages import frame_message

PICTURE = np.random.default_rng(0).integers(0, 255, (23, 95, 3), np.uint8)


def test_png_and_bgr8_keep_every_pixel():
    png = frame_message(PICTURE, "png", Header(frame_id="a"))
    assert (png.format, png.header.frame_id) == ("png", "a")
    assert np.array_equal(cv2.imdecode(np.frombuffer(png.data, np.uint8), cv2.IMREAD_COLOR), PICTURE)
    raw = frame_message(PICTURE, "bgr8", Header(frame_id="a"))
    assert (raw.encoding, raw.height, raw.width, raw.step) == ("bgr8", 23, 95, 285)
    assert raw.data.tobytes() == PICTURE.tobytes()


def test_jpeg_is_close_and_nv12_cuts_an_odd_row_and_column():
    smooth = cv2.GaussianBlur(PICTURE, (31, 31), 0)
    jpeg = frame_message(smooth, "jpeg", Header())
    decoded = cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR)
    assert jpeg.format == "jpeg"
    assert np.abs(decoded.astype(int) - smooth).mean() < 5
    nv12 = frame_message(smooth, "nv12", Header())
    assert (nv12.height, nv12.width, nv12.step, len(nv12.data)) == (22, 94, 94, 22 * 94 * 3 // 2)
