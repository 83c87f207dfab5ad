"""From image messages to BGR arrays, with views and OpenCV and without guessing.

Works on anything with the fields of ``sensor_msgs/Image`` or
``sensor_msgs/CompressedImage``.  A message is checked completely before its data
is read; an invalid one is rejected with a reason.

Names of encodings: sensor_msgs/image_encodings.hpp.  ``nv12``, which the cameras
of the RDK boards publish, has no constant there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.crop_image import BadImage, BgrImage, CropImage, ImageRejectedError
from lprnet_ros.images.encoded_size import encoded_size
from lprnet_ros.text.escaping import one_line

__all__ = [
    "BadImage",
    "BgrImage",
    "ImageRejectedError",
    "compressed_to_bgr",
    "image_to_bgr",
    "inspect_compressed",
    "inspect_image",
]

LONGEST_SIDE = 32_766
"""Pixels: cv2.remap and cv2.warpPerspective want less than SHRT_MAX of width and height."""

_LONGEST_ENCODING = 60
LONGEST_REASON = 120
"""Maximum number of characters of cv_bridge's message in an error: it repeats the message's encoding."""


class ImageMessage(Protocol):
    """The fields of ``sensor_msgs/Image`` that are used here."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


class CompressedImageMessage(Protocol):
    """The fields of ``sensor_msgs/CompressedImage`` that are used here."""

    data: Any


@dataclass(frozen=True)
class _Layout:
    """The memory layout of an encoding, and OpenCV's conversion to BGR."""

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
_FOREIGN = _Layout(1, None)
"""Any other encoding has at least one byte per pixel."""

_COMPRESSED = frozenset({"jpeg", "jpg", "png"})


def inspect_image(message: ImageMessage, *, max_pixels: int) -> CropImage:
    """Check an image message, and return a view of its data as an image.

    Args:
        message: a ``sensor_msgs/Image``.
        max_pixels: maximum width x height that is accepted.

    Returns:
        A view of the message's data, which is valid as long as the message and changes with it.

    Raises:
        ImageRejectedError: the message contradicts itself, is too large, or has
            an encoding that no installed library can read.
    """
    encoding = message.encoding
    data = _bytes(message.data)
    if encoding.lower() in _COMPRESSED:
        return _inspect_encoded(data, max_pixels)
    _check_size(message.width, message.height, max_pixels)
    if message.is_bigendian:
        raise ImageRejectedError(
            BadImage.BIG_ENDIAN, "is_bigendian is set; publish little-endian images with is_bigendian 0"
        )
    layout = _LAYOUTS.get(encoding, _FOREIGN)
    _check_layout(message, layout, data.size)
    if layout is _FOREIGN:
        return CropImage(_through_cv_bridge(message))
    rows = message.height * 3 // 2 if layout.is_planar_420 else message.height
    used = data[: message.step * rows].reshape(rows, message.step)[:, : message.width * layout.channels]
    if layout.is_planar_420 or layout.channels == 1:
        return CropImage(used, layout.conversion)
    return CropImage(used.reshape(rows, message.width, layout.channels), layout.conversion)


def inspect_compressed(message: CompressedImageMessage, *, max_pixels: int) -> CropImage:
    """Check a compressed image message (JPEG or PNG) without decoding it.

    Args:
        message: a ``sensor_msgs/CompressedImage``; its content decides, not its
            ``format``, which publishers fill in differently.
        max_pixels: maximum width x height that is accepted.

    Returns:
        A view of the message's data.

    Raises:
        ImageRejectedError: it is empty, neither JPEG nor PNG, or too large.
    """
    return _inspect_encoded(_bytes(message.data), max_pixels)


def image_to_bgr(message: ImageMessage, *, max_pixels: int) -> BgrImage:
    """Turn an image message into a BGR array, uint8, height x width x 3.

    Arguments and errors are those of ``inspect_image``; a broken picture also raises ImageRejectedError.
    """
    return inspect_image(message, max_pixels=max_pixels).to_bgr()


def compressed_to_bgr(message: CompressedImageMessage, *, max_pixels: int) -> BgrImage:
    """Turn a compressed image message into a BGR array, uint8, height x width x 3.

    Arguments and errors are those of ``inspect_compressed``; a broken picture also raises ImageRejectedError.
    """
    return inspect_compressed(message, max_pixels=max_pixels).to_bgr()


def _bytes(data: Any) -> npt.NDArray[np.uint8]:
    """Return a view of a message's data, an array.array, bytes or a NumPy array, as bytes."""
    if len(data) == 0:
        raise ImageRejectedError(BadImage.EMPTY, "the message holds no data")
    return np.frombuffer(data, dtype=np.uint8)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1 or width * height > max_pixels:
        raise ImageRejectedError(
            BadImage.SIZE,
            f"image of {width} x {height} pixels; expected 1 to {max_pixels} pixels "
            "(parameter max_image_pixels)",
        )
    if max(width, height) > LONGEST_SIDE:
        raise ImageRejectedError(
            BadImage.SIZE,
            f"image of {width} x {height} pixels; OpenCV can warp sides up to {LONGEST_SIDE} pixels only",
        )


def _check_layout(message: ImageMessage, layout: _Layout, size: int) -> None:
    """Check that size, step and amount of data fit together."""
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
            f"step is {message.step}, but a row of {message.width} pixels of encoding "
            f"{one_line(repr(message.encoding), _LONGEST_ENCODING)} has {row} bytes",
        )
    rows = message.height * 3 // 2 if layout.is_planar_420 else message.height
    if size < message.step * rows:
        raise ImageRejectedError(
            BadImage.SHORT,
            f"{size} bytes of data, but {rows} rows of {message.step} are {message.step * rows}",
        )


def _inspect_encoded(data: npt.NDArray[np.uint8], max_pixels: int) -> CropImage:
    size = encoded_size(data)
    if size is None:
        raise ImageRejectedError(BadImage.UNDECODABLE, "the data is neither JPEG nor PNG, or it is broken")
    _check_size(*size, max_pixels)
    return CropImage(data, is_encoded=True)


def _through_cv_bridge(message: ImageMessage) -> BgrImage:
    """Let cv_bridge convert the encodings that are unknown here: bayer, 16 bit, float."""
    encoding = one_line(repr(message.encoding), _LONGEST_ENCODING)
    try:
        from cv_bridge import CvBridge

        image = CvBridge().imgmsg_to_cv2(message, "bgr8")
    except ModuleNotFoundError:
        known = ", ".join((*_LAYOUTS, *sorted(_COMPRESSED)))
        raise ImageRejectedError(
            BadImage.ENCODING,
            f"encoding {encoding} is unknown; known: {known}; others need cv_bridge",
        ) from None
    except Exception as error:
        reason = one_line(str(error), LONGEST_REASON)
        raise ImageRejectedError(
            BadImage.ENCODING,
            f"cv_bridge cannot read encoding {encoding}: {reason}",
        ) from error
    expected = (message.height, message.width, 3)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape != expected:
        raise ImageRejectedError(
            BadImage.ENCODING,
            f"cv_bridge made no BGR image of that size of encoding {encoding}",
        )
    return image
