import cv2
import numpy as np
import pytest

from lprnet_ros.images.single_pixel import widen_single_pixel


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_single_pixel_becomes_two_equal_ones_that_any_opencv_takes(channels):
    pixel = np.arange(7, 7 + channels, dtype=np.uint8).reshape(1, 1, channels)
    wide = widen_single_pixel(pixel)
    assert wide.dtype == np.uint8
    assert wide.tolist() == [[pixel[0, 0].tolist()] * 2]
    assert cv2.resize(wide, (4, 3)).tolist() == [[pixel[0, 0].tolist()] * 4] * 3


@pytest.mark.parametrize("shape", [(1, 2, 3), (2, 1, 3), (24, 94, 3), (5, 7)])
def test_any_other_picture_stays_itself(shape):
    image = np.zeros(shape, np.uint8)
    assert widen_single_pixel(image) is image
