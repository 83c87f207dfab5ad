"""From camera messages to frames; invalid messages are rejected as in ``conversion``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lprnet_ros.images.camera_frame import BgrFrame, Frame, SemiPlanarFrame
from lprnet_ros.images.conversion import (
    BadImage,
    CompressedImageMessage,
    ImageMessage,
    ImageRejectedError,
    inspect_compressed,
    inspect_image,
)

_SEMI_PLANAR = ("nv12", "nv21")
_BYTES_OF_A_PIXEL = {"nv12": 1, "nv21": 1, "mono8": 1, "bgr8": 3, "rgb8": 3}
"""Of the encodings that the cameras of the RDK boards publish."""


class SharedMemoryMessage(Protocol):
    """The fields of ``hbm_img_msgs/HbmMsg1080P`` that are used here."""

    height: int
    width: int
    step: int
    encoding: Sequence[int]
    data_size: int
    data: Any


@dataclass
class _Fields:
    """The fields of an image message, with corrections."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


def image_frame(message: ImageMessage, *, max_pixels: int) -> Frame:
    """Make a frame of a ``sensor_msgs/Image``.

    nv12 and nv21 are converted where they are cut, other encodings as a whole when a
    pixel is requested.  A step of 0, which hobot_image_publisher publishes, means rows
    without padding.

    Args:
        message: the message; the frame is a view of it.
        max_pixels: maximum width x height that is accepted.

    Raises:
        ImageRejectedError: the message contradicts itself, is too large, or has an encoding
            that no installed library can read.  If the content of a JPEG or PNG is broken,
            the frame raises the error when its first pixel is requested.
    """
    if message.step == 0 and message.encoding in _BYTES_OF_A_PIXEL:
        message = _with_tight_rows(message)
    image = inspect_image(message, max_pixels=max_pixels)
    if message.encoding in _SEMI_PLANAR:
        luma, chroma = image.pixels[: message.height], image.pixels[message.height :]
        return SemiPlanarFrame(luma, chroma, is_nv21=message.encoding == "nv21")
    return BgrFrame(image.to_bgr)


def compressed_frame(message: CompressedImageMessage, *, max_pixels: int) -> Frame:
    """Make a frame of a ``sensor_msgs/CompressedImage``; arguments and errors as of ``image_frame``."""
    return BgrFrame(inspect_compressed(message, max_pixels=max_pixels).to_bgr)


def shared_memory_frame(message: SharedMemoryMessage, *, max_pixels: int) -> Frame:
    """Make a frame of a ``hbm_img_msgs/HbmMsg1080P``; arguments and errors as of ``image_frame``.

    ``encoding`` is 12 bytes, padded with zeros; the first ``data_size`` bytes of ``data`` are
    used.  ``step`` is unreliable: mipi_cam writes the width for every encoding,
    hobot_image_publisher nothing (hobot_mipi_cam.cpp getImageMem, image_pub_node.cpp
    timer_callback).  A step that is too small therefore means rows without padding.
    """
    if message.data_size > len(message.data):
        raise ImageRejectedError(
            BadImage.SHORT, f"data_size is {message.data_size}, but data has {len(message.data)} bytes"
        )
    encoding = bytes(message.encoding).split(b"\0")[0].decode("ascii", errors="replace")
    data = message.data[: message.data_size]
    fields = _Fields(message.height, message.width, encoding, 0, message.step, data)
    if fields.step < fields.width * _BYTES_OF_A_PIXEL.get(encoding, 0):
        fields = _with_tight_rows(fields)
    return image_frame(fields, max_pixels=max_pixels)


def _with_tight_rows(message: ImageMessage) -> _Fields:
    step = message.width * _BYTES_OF_A_PIXEL[message.encoding]
    return _Fields(message.height, message.width, message.encoding, message.is_bigendian, step, message.data)
