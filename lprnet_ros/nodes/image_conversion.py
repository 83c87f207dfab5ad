"""From image messages to BGR arrays: by views and OpenCV, and never by guessing.

Works on anything with the fields of ``sensor_msgs/Image`` or
``sensor_msgs/CompressedImage``.  A message is checked whole before one byte of
it is touched; what cannot be right is refused with a reason.

Names of encodings: sensor_msgs/image_encodings.hpp; ``nv12`` is what the
cameras of the RDK boards publish and has no constant there.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.escaping import one_line, quoted
from lprnet_ros.nodes.encoded_size import encoded_size

BgrImage = npt.NDArray[np.uint8]

LONGEST_REASON = 200
"""Characters of cv_bridge's own words that go into an error: they repeat the message's encoding."""


class BadImage(str, enum.Enum):
    """Why an image message is refused; the value is the name in logs and diagnostics."""

    EMPTY = "empty_data"
    SIZE = "bad_size"
    STEP = "bad_step"
    SHORT = "short_data"
    BIG_ENDIAN = "big_endian"
    ENCODING = "unknown_encoding"
    UNDECODABLE = "undecodable"


class ImageRejectedError(ValueError):
    """An image message cannot be used.

    Attributes:
        reason: the kind of fault.
    """

    def __init__(self, reason: BadImage, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ImageMessage(Protocol):
    """The fields of ``sensor_msgs/Image`` that matter here."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Sequence[int]


class CompressedImageMessage(Protocol):
    """The fields of ``sensor_msgs/CompressedImage`` that matter here."""

    format: str
    data: Sequence[int]


@dataclass(frozen=True)
class _Layout:
    """How an encoding lies in memory and how OpenCV turns it into BGR."""

    channels: int
    conversion: int | None
    even_width: bool = False
    is_planar_420: bool = False


_LAYOUTS: dict[str, _Layout] = {
    "bgr8": _Layout(3, None),
    "8UC3": _Layout(3, None),
    "rgb8": _Layout(3, cv2.COLOR_RGB2BGR),
    "bgra8": _Layout(4, cv2.COLOR_BGRA2BGR),
    "8UC4": _Layout(4, cv2.COLOR_BGRA2BGR),
    "rgba8": _Layout(4, cv2.COLOR_RGBA2BGR),
    "mono8": _Layout(1, cv2.COLOR_GRAY2BGR),
    "8UC1": _Layout(1, cv2.COLOR_GRAY2BGR),
    "uyvy": _Layout(2, cv2.COLOR_YUV2BGR_UYVY, even_width=True),
    "yuv422": _Layout(2, cv2.COLOR_YUV2BGR_UYVY, even_width=True),
    "yuyv": _Layout(2, cv2.COLOR_YUV2BGR_YUYV, even_width=True),
    "yuv422_yuy2": _Layout(2, cv2.COLOR_YUV2BGR_YUYV, even_width=True),
    "nv12": _Layout(1, cv2.COLOR_YUV2BGR_NV12, even_width=True, is_planar_420=True),
    "nv21": _Layout(1, cv2.COLOR_YUV2BGR_NV21, even_width=True, is_planar_420=True),
}
_COMPRESSED = frozenset({"jpeg", "jpg", "png"})


def image_to_bgr(message: ImageMessage, *, max_pixels: int) -> BgrImage:
    """Turn an image message into a BGR array.

    Args:
        message: a ``sensor_msgs/Image``.
        max_pixels: greatest width x height that is accepted.

    Returns:
        BGR, uint8, height x width x 3; a view of the message's data where its
        encoding allows, so it lives and changes with the message.

    Raises:
        ImageRejectedError: the message contradicts itself, is too large, or has
            an encoding that nothing installed can read.
    """
    encoding = message.encoding
    data = _bytes(message.data)
    if encoding.lower() in _COMPRESSED:
        return _decode(data, max_pixels)
    if message.height < 1 or message.width < 1 or message.width * message.height > max_pixels:
        raise ImageRejectedError(
            BadImage.SIZE,
            f"image of {message.width} x {message.height} pixels; expected 1 to {max_pixels} "
            "pixels (parameter max_image_pixels)",
        )
    if message.is_bigendian:
        raise ImageRejectedError(
            BadImage.BIG_ENDIAN, "is_bigendian is set; publish little-endian images with is_bigendian 0"
        )
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        return _through_cv_bridge(message)
    _check_layout(message, layout, data.size)
    rows = message.height * 3 // 2 if layout.is_planar_420 else message.height
    used = data[: message.step * rows].reshape(rows, message.step)[:, : message.width * layout.channels]
    if layout.is_planar_420 or layout.channels == 1:
        pixels = used
    else:
        pixels = used.reshape(rows, message.width, layout.channels)
    if layout.conversion is None:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, layout.conversion), dtype=np.uint8)


def compressed_to_bgr(message: CompressedImageMessage, *, max_pixels: int) -> BgrImage:
    """Turn a compressed image message (JPEG or PNG) into a BGR array.

    Args:
        message: a ``sensor_msgs/CompressedImage``; its content decides, not its
            ``format``, which publishers fill in many ways.
        max_pixels: greatest width x height that is accepted.

    Returns:
        BGR, uint8, height x width x 3.

    Raises:
        ImageRejectedError: it is empty, broken, or too large.
    """
    return _decode(_bytes(message.data), max_pixels)


def _bytes(data: Any) -> npt.NDArray[np.uint8]:
    """View a message's data as bytes; ``data`` is an array.array, bytes or an array."""
    if len(data) == 0:
        raise ImageRejectedError(BadImage.EMPTY, "the message holds no data")
    return np.frombuffer(data, dtype=np.uint8)


def _check_layout(message: ImageMessage, layout: _Layout, size: int) -> None:
    """Compare size, step and amount of data."""
    odd_height = layout.is_planar_420 and message.height % 2
    if (layout.even_width and message.width % 2) or odd_height:
        raise ImageRejectedError(
            BadImage.SIZE,
            f"{message.encoding} of {message.width} x {message.height} pixels; expected even sizes",
        )
    row = message.width * layout.channels
    if message.step < row:
        raise ImageRejectedError(
            BadImage.STEP,
            f"step is {message.step}, but a row of {message.width} {message.encoding} pixels has {row} bytes",
        )
    rows = message.height * 3 // 2 if layout.is_planar_420 else message.height
    if size < message.step * rows:
        raise ImageRejectedError(
            BadImage.SHORT,
            f"{size} bytes of data, but {rows} rows of {message.step} are {message.step * rows}",
        )


def _decode(data: npt.NDArray[np.uint8], max_pixels: int) -> BgrImage:
    size = encoded_size(data)
    if size is None:
        raise ImageRejectedError(BadImage.UNDECODABLE, "the data is neither JPEG nor PNG, or it is broken")
    if size[0] * size[1] > max_pixels:
        raise ImageRejectedError(
            BadImage.SIZE,
            f"image of {size[0]} x {size[1]} pixels; expected at most {max_pixels} "
            "(parameter max_image_pixels)",
        )
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageRejectedError(
            BadImage.UNDECODABLE, f"OpenCV cannot decode the image: {error.err}"
        ) from error
    if image is None:
        raise ImageRejectedError(BadImage.UNDECODABLE, "the JPEG or PNG is broken")
    return np.asarray(image, dtype=np.uint8)


def _through_cv_bridge(message: ImageMessage) -> BgrImage:
    """Let cv_bridge try the encodings that are none of ours: bayer, 16 bit, float."""
    try:
        from cv_bridge import CvBridge

        image = CvBridge().imgmsg_to_cv2(message, "bgr8")
    except ModuleNotFoundError:
        known = ", ".join((*_LAYOUTS, *sorted(_COMPRESSED)))
        raise ImageRejectedError(
            BadImage.ENCODING,
            f"encoding {quoted(message.encoding)} is unknown; known: {known}; others need cv_bridge",
        ) from None
    except Exception as error:
        reason = one_line(str(error), LONGEST_REASON)
        raise ImageRejectedError(
            BadImage.ENCODING,
            f"cv_bridge cannot read encoding {quoted(message.encoding)}: {reason}",
        ) from error
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] != (3,):
        raise ImageRejectedError(
            BadImage.ENCODING, f"cv_bridge made no BGR image of encoding {quoted(message.encoding)}"
        )
    return image
