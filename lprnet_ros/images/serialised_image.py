"""Reads serialised ``sensor_msgs/Image``, ``CompressedImage`` and ``hbm_img_msgs/HbmMsg1080P``.

A raw subscription delivers the serialised message.  Extracting the few fields costs
a fraction of building a message object and copies nothing, and an invalid message
is rejected with a reason instead of being dropped silently by the middleware.
Bags hold the same bytes.

Source: OMG DDS-XTypes 1.3, 7.4.1 (plain CDR, version 1), as ROS 2 uses it:
four bytes of encapsulation, then the fields, each aligned to its size counted
from the first byte after the encapsulation.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.images.crop_image import BadImage, ImageRejectedError

_ENCAPSULATION = 4
_BYTE_ORDERS = {b"\x00\x00": ">", b"\x00\x01": "<"}
_LONGEST_STRING = 4096
"""Maximum length of a frame_id, encoding or format in bytes; longer ones are rejected."""

_SHARED_MEMORY_BYTES = 6_220_800
"""Of the data of a HbmMsg1080P, whatever the size of its picture."""


@dataclass
class SerialisedImage:
    """The fields of a ``sensor_msgs/Image`` or ``CompressedImage`` (which has no size fields).

    Attributes:
        seconds, nanoseconds: of the header's stamp.
        frame_id: of the header; bytes that are not UTF-8 are replaced by U+FFFD.
        encoding: of an Image, or the format of a CompressedImage.
        height, width, is_bigendian, step: of an Image.
        data: uint8, a view of the message.
    """

    seconds: int
    nanoseconds: int
    frame_id: str
    encoding: str
    data: npt.NDArray[np.uint8]
    height: int = 0
    width: int = 0
    is_bigendian: int = 0
    step: int = 0


@dataclass
class SerialisedSharedMemory:
    """The fields of a ``hbm_img_msgs/HbmMsg1080P``, of which some cameras fill in more than others.

    Attributes:
        seconds, nanoseconds: its stamp.
        height, width, data_size, step: numbers of the message.
        encoding: 12 bytes, padded with zeros.
        data: uint8, a view of the message.
        frame_id: empty, since the message has none.
    """

    seconds: int
    nanoseconds: int
    height: int
    width: int
    data_size: int
    step: int
    encoding: bytes
    data: npt.NDArray[np.uint8]
    frame_id: str = ""


class _Format:
    """The fixed parts of the messages in one byte order."""

    def __init__(self, order: str) -> None:
        self.stamp = struct.Struct(f"{order}iI")
        self.size = struct.Struct(f"{order}II")
        self.number = struct.Struct(f"{order}I")
        self.shared_memory = struct.Struct(f"{order}iiIIIII12s{_SHARED_MEMORY_BYTES}x")


_FORMATS = {mark: _Format(order) for mark, order in _BYTE_ORDERS.items()}


def parse_image(message: bytes) -> SerialisedImage:
    """Parse a serialised ``sensor_msgs/Image``.

    Args:
        message: its bytes, encapsulation included.

    Returns:
        The fields; ``data`` is a view of ``message``.

    Raises:
        ImageRejectedError: the bytes are not such a message, or truncated (``malformed_message``).
    """
    try:
        form = _FORMATS[message[:2]]
        seconds, nanoseconds = form.stamp.unpack_from(message, _ENCAPSULATION)
        frame_id, at = _string(message, _ENCAPSULATION + 8, form)
        height, width = form.size.unpack_from(message, _aligned(at))
        encoding, at = _string(message, _aligned(at) + 8, form)
        is_bigendian = message[at]
        at = _aligned(at + 1)
        (step,) = form.number.unpack_from(message, at)
        data = _sequence(message, at + 4, form)
    except (KeyError, IndexError, struct.error) as error:
        raise _malformed(message, "Image") from error
    return SerialisedImage(seconds, nanoseconds, frame_id, encoding, data, height, width, is_bigendian, step)


def parse_compressed(message: bytes) -> SerialisedImage:
    """Parse a serialised ``sensor_msgs/CompressedImage``; see ``parse_image``."""
    try:
        form = _FORMATS[message[:2]]
        seconds, nanoseconds = form.stamp.unpack_from(message, _ENCAPSULATION)
        frame_id, at = _string(message, _ENCAPSULATION + 8, form)
        compression, at = _string(message, _aligned(at), form)
        data = _sequence(message, _aligned(at), form)
    except (KeyError, IndexError, struct.error) as error:
        raise _malformed(message, "CompressedImage") from error
    return SerialisedImage(seconds, nanoseconds, frame_id, compression, data)


def parse_shared_memory(message: bytes) -> SerialisedSharedMemory:
    """Parse a serialised ``hbm_img_msgs/HbmMsg1080P``; see ``parse_image``."""
    try:
        form = _FORMATS[message[:2]].shared_memory
        _, seconds, nanoseconds, height, width, size, step, encoding = form.unpack_from(
            message, _ENCAPSULATION
        )
    except (KeyError, struct.error) as error:
        raise _malformed(message, "HbmMsg1080P", "hbm_img_msgs") from error
    start = _ENCAPSULATION + form.size - _SHARED_MEMORY_BYTES
    data = np.frombuffer(message, np.uint8, _SHARED_MEMORY_BYTES, start)
    return SerialisedSharedMemory(seconds, nanoseconds, height, width, size, step, encoding, data)


def _aligned(at: int) -> int:
    return (at + 3) & ~3


def _string(message: bytes, at: int, form: _Format) -> tuple[str, int]:
    """Return a string and where it ends; its length includes the closing NUL, which an empty one may omit."""
    (length,) = form.number.unpack_from(message, at)
    start, end = at + 4, at + 4 + length
    if length > _LONGEST_STRING or end > len(message):
        raise IndexError(f"a string of {length} bytes")
    return message[start:end].partition(b"\0")[0].decode("utf-8", "replace"), end


def _sequence(message: bytes, at: int, form: _Format) -> npt.NDArray[np.uint8]:
    (length,) = form.number.unpack_from(message, at)
    if length > len(message) - at - 4:
        raise IndexError(f"{length} bytes of data")
    return np.frombuffer(message, np.uint8, length, at + 4)


def _malformed(message: bytes, kind: str, package: str = "sensor_msgs") -> ImageRejectedError:
    return ImageRejectedError(
        BadImage.MALFORMED, f"{len(message)} bytes that are no {package}/{kind}, or only its beginning"
    )
