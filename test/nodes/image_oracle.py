"""What an image message means, pixel by pixel: slow, obvious, and sharing nothing with the package."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

MAX_PIXELS = 10_000
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


@dataclass
class Message:
    """The fields of sensor_msgs/Image, and of sensor_msgs/CompressedImage."""

    height: int = 0
    width: int = 0
    encoding: str = "bgr8"
    is_bigendian: int = 0
    step: int = 0
    data: array = field(default_factory=lambda: array("B"))
    format: str = ""


def rows_of(encoding: str, height: int) -> int:
    return height + height // 2 if encoding in YUV_420 else height


def random_message(
    encoding: str, width: int = 6, height: int = 4, *, padding: int = 0, extra: int = 0
) -> Message:
    """Make a message of random bytes, with bytes after each row and after the last."""
    step = width * CHANNELS[encoding] + padding
    count = step * rows_of(encoding, height) + extra
    data = np.random.default_rng(7).integers(0, 256, count, dtype=np.uint8)
    return Message(height, width, encoding, 0, step, array("B", data.tobytes()))


def bgr_of_yuv(y: int, u: int, v: int) -> tuple[float, float, float]:
    """BT.601, limited range; what is blacker than black counts as black."""
    luma = 255 / 219 * max(0, y - 16)
    blue = luma + 2.017 * (u - 128)
    green = luma - 0.392 * (u - 128) - 0.813 * (v - 128)
    red = luma + 1.596 * (v - 128)
    return tuple(min(255.0, max(0.0, value)) for value in (blue, green, red))


def oracle_pixel(message: Message, x: int, y: int) -> tuple[float, float, float]:
    """What the pixel at (x, y) is, read byte by byte."""
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
        return (data[start + x],) * 3
    pair = start + 4 * (x // 2)
    if encoding in ("uyvy", "yuv422"):
        return bgr_of_yuv(data[pair + 1 + 2 * (x % 2)], data[pair], data[pair + 2])
    if encoding in ("yuyv", "yuv422_yuy2"):
        return bgr_of_yuv(data[pair + 2 * (x % 2)], data[pair + 1], data[pair + 3])
    chroma = (message.height + y // 2) * message.step + x // 2 * 2
    first, second = data[chroma], data[chroma + 1]
    u, v = (first, second) if encoding == "nv12" else (second, first)
    return bgr_of_yuv(data[start + x], u, v)


def assert_equals_oracle(image: np.ndarray, message: Message) -> None:
    assert image.dtype == np.uint8
    assert image.shape == (message.height, message.width, 3)
    expected = [[oracle_pixel(message, x, y) for x in range(message.width)] for y in range(message.height)]
    tolerance = YUV_TOLERANCE if message.encoding in YUV_422 + YUV_420 else 0
    assert np.abs(image.astype(float) - np.array(expected)).max() <= tolerance
