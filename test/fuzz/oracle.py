"""What an image message means, pixel by pixel: slow, obvious, and sharing nothing with the conversion.

Sources: sensor_msgs/msg/Image.msg and image_encodings.hpp; ITU-R BT.601 for YUV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

YUV_TOLERANCE = 2
"""Grey levels by which OpenCV's integer arithmetic may differ from the formula."""

PACKED = ("bgr8", "8UC3", "rgb8", "bgra8", "8UC4", "rgba8", "mono8", "8UC1")
YUV_422 = ("uyvy", "yuv422", "yuyv", "yuv422_yuy2")
YUV_420 = ("nv12", "nv21")
ENCODINGS = PACKED + YUV_422 + YUV_420
CHANNELS = {
    **dict.fromkeys(("bgr8", "8UC3", "rgb8"), 3),
    **dict.fromkeys(("bgra8", "8UC4", "rgba8"), 4),
    **dict.fromkeys(("mono8", "8UC1"), 1),
    **dict.fromkeys(YUV_422, 2),
    **dict.fromkeys(YUV_420, 1),
}
PICTURES = ("jpeg", "jpg", "png")
"""Encodings, in any case, whose data is a picture file."""
LONGEST_SIDE = 32_766
"""Pixels that OpenCV's warps take."""


@dataclass
class Message:
    """The fields of sensor_msgs/Image, and of sensor_msgs/CompressedImage.

    Attributes:
        height, width, encoding, is_bigendian, step: of an Image.
        data: bytes, or anything that holds numbers from 0 to 255.
        format: of a CompressedImage.
        seconds, nanoseconds, frame_id: of the header.
    """

    height: int = 0
    width: int = 0
    encoding: str = "bgr8"
    is_bigendian: int = 0
    step: int = 0
    data: Sequence[int] | npt.NDArray[np.uint8] = b""
    format: str = ""
    seconds: int = 0
    nanoseconds: int = 0
    frame_id: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether an Image's data is a picture file."""
        return self.encoding.lower() in PICTURES


def rows_of(encoding: str, height: int) -> int:
    """Return how many rows of ``step`` bytes an image has; those of a YUV 4:2:0 include the chroma."""
    return height + height // 2 if encoding in YUV_420 else height


def faults_of(message: Message, *, max_pixels: int) -> set[str]:
    """Name everything that is wrong with an Image whose data is no picture file.

    Args:
        message: the message.
        max_pixels: greatest width x height.

    Returns:
        The names that diagnostics use; none where the message has to be read.
    """
    width, height, size = message.width, message.height, len(message.data)
    is_known = message.encoding in ENCODINGS
    is_yuv = message.encoding in YUV_422 + YUV_420
    odd = (is_yuv and width % 2 == 1) or (message.encoding in YUV_420 and height % 2 == 1)
    faults = {
        "empty_data": size == 0,
        "bad_size": odd
        or min(width, height) == 0
        or max(width, height) > LONGEST_SIDE
        or width * height > max_pixels,
        "big_endian": message.is_bigendian != 0,
        "unknown_encoding": not is_known,
        "bad_step": message.step < width * CHANNELS.get(message.encoding, 1),
        "short_data": size < message.step * rows_of(message.encoding, height),
    }
    return {name for name, is_there in faults.items() if is_there}


def bgr_of_yuv(y: int, u: int, v: int) -> tuple[float, float, float]:
    """BT.601, limited range; what is blacker than black counts as black."""
    luma = 255 / 219 * max(0, y - 16)
    blue = luma + 2.017 * (u - 128)
    green = luma - 0.392 * (u - 128) - 0.813 * (v - 128)
    red = luma + 1.596 * (v - 128)
    return _limited(blue), _limited(green), _limited(red)


def _limited(value: float) -> float:
    return min(255.0, max(0.0, value))


def oracle_pixel(message: Message, x: int, y: int) -> tuple[float, float, float]:
    """What the pixel at (x, y) is, blue first, read byte by byte."""
    data, start, encoding = message.data, y * message.step, message.encoding
    if encoding in ("bgr8", "8UC3"):
        at = start + 3 * x
        return data[at], data[at + 1], data[at + 2]
    if encoding == "rgb8":
        at = start + 3 * x
        return data[at + 2], data[at + 1], data[at]
    if encoding in ("bgra8", "8UC4"):
        at = start + 4 * x
        return data[at], data[at + 1], data[at + 2]
    if encoding == "rgba8":
        at = start + 4 * x
        return data[at + 2], data[at + 1], data[at]
    if encoding in ("mono8", "8UC1"):
        grey = data[start + x]
        return grey, grey, grey
    pair = start + 4 * (x // 2)
    if encoding in ("uyvy", "yuv422"):
        return bgr_of_yuv(data[pair + 1 + 2 * (x % 2)], data[pair], data[pair + 2])
    if encoding in ("yuyv", "yuv422_yuy2"):
        return bgr_of_yuv(data[pair + 2 * (x % 2)], data[pair + 1], data[pair + 3])
    chroma = (message.height + y // 2) * message.step + x // 2 * 2
    first, second = data[chroma], data[chroma + 1]
    u, v = (first, second) if encoding == "nv12" else (second, first)
    return bgr_of_yuv(data[start + x], u, v)


def assert_equals_oracle(image: npt.NDArray[np.uint8], message: Message) -> None:
    """Compare an image with what its message means, every pixel.

    Raises:
        AssertionError: they differ.
    """
    expected = [[oracle_pixel(message, x, y) for x in range(message.width)] for y in range(message.height)]
    tolerance = 0 if message.encoding in PACKED else YUV_TOLERANCE
    assert_equal_images(image, np.array(expected), tolerance)


def assert_equal_images(image: npt.NDArray[np.uint8], expected: npt.NDArray[Any], tolerance: int) -> None:
    """Compare two images.

    Args:
        image: uint8, height x width x 3.
        expected: the same of any type.
        tolerance: greatest difference of a value.

    Raises:
        AssertionError: they differ in type, shape or content.
    """
    if image.dtype != np.uint8 or image.shape != expected.shape:
        raise AssertionError(f"{image.dtype} of {image.shape}, expected uint8 of {expected.shape}")
    difference = np.abs(image.astype(float) - expected).max()
    if difference > tolerance:
        raise AssertionError(f"pixels differ by {difference:g}, allowed are {tolerance}")
