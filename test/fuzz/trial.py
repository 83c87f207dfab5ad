"""Sends one serialised message through the conversion, and holds what came of it against two others.

rclpy's own deserialiser says what the fields are, and the oracle what they mean.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
from rclpy._rclpy_pybind11 import RMWError
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from fuzz.oracle import Message, assert_equal_images, assert_equals_oracle, faults_of
from lprnet_ros.images.conversion import inspect_compressed, inspect_image
from lprnet_ros.images.crop_image import BadImage, BgrImage
from lprnet_ros.images.serialised_image import SerialisedImage, parse_compressed, parse_image

_LONGEST_STRING = 4096
_PICTURE_FAULTS = {BadImage.EMPTY, BadImage.SIZE, BadImage.UNDECODABLE, BadImage.BROKEN}


def convert(kind: str, content: bytes, *, max_pixels: int) -> BgrImage:
    """Do what the node does with a message: parse, inspect, convert.

    Args:
        kind: ``image`` or ``compressed``.
        content: the serialised message.
        max_pixels: greatest width x height.

    Returns:
        The image, BGR.

    Raises:
        ImageRejectedError: it is refused.
    """
    if kind == "image":
        return inspect_image(parse_image(content), max_pixels=max_pixels).to_bgr()
    return inspect_compressed(parse_compressed(content), max_pixels=max_pixels).to_bgr()


def compare(
    kind: str, content: bytes, image: BgrImage | None, reason: BadImage | None, *, max_pixels: int
) -> None:
    """Check what became of a message.

    Args:
        kind: ``image`` or ``compressed``.
        content: the serialised message.
        image: the image, where it was accepted.
        reason: why not, where it was refused.
        max_pixels: greatest width x height.

    Raises:
        AssertionError: another parser finds other fields in it, or it means something else.
    """
    expected = deserialised(kind, content)
    if expected is None or reason is BadImage.MALFORMED:
        if expected is not None and not is_refused_on_purpose(kind, content):
            raise AssertionError("refused as malformed, but rclpy reads it")
        if reason is not BadImage.MALFORMED:
            raise AssertionError(f"rclpy does not read it, but its fate was {reason}")
        return
    parsed = (parse_image if kind == "image" else parse_compressed)(content)
    check_fields(kind, parsed, expected)
    if kind == "compressed" or expected.is_picture:
        _check_picture(bytes(parsed.data), image, reason)
        return
    faults = faults_of(expected, max_pixels=max_pixels)
    if (reason is not None and reason.value not in faults) or (reason is None and faults):
        raise AssertionError(f"its fate was {reason}, the oracle finds {sorted(faults)}")
    if image is not None:
        assert_equals_oracle(image, expected)


def _check_picture(data: bytes, image: BgrImage | None, reason: BadImage | None) -> None:
    if image is None:
        if reason not in _PICTURE_FAULTS:
            raise AssertionError(f"a picture was refused as {reason}")
        return
    end = b"\xff\xd9" if data.startswith(b"\xff\xd8") else b""  # a JPEG that lacks it is read
    decoded = cv2.imdecode(np.frombuffer(data + end, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise AssertionError("accepted, but OpenCV decodes nothing")
    assert_equal_images(image, np.asarray(decoded, np.uint8), 0)


def deserialised(kind: str, content: bytes) -> Message | None:
    """Let rclpy read a message; None where it cannot."""
    try:
        message = deserialize_message(content, Image if kind == "image" else CompressedImage)
    except RMWError:
        return None
    header, data = message.header, message.data.tobytes()
    fields = Message(
        data=data, seconds=header.stamp.sec, nanoseconds=header.stamp.nanosec, frame_id=header.frame_id
    )
    if kind == "compressed":
        fields.format = message.format
        return fields
    fields.height, fields.width, fields.step = message.height, message.width, message.step
    fields.encoding, fields.is_bigendian = message.encoding, message.is_bigendian
    return fields


def check_fields(kind: str, parsed: SerialisedImage, expected: Message) -> None:
    """Compare the fields of a message as two parsers found them.

    Raises:
        AssertionError: one differs.
    """
    pairs = [
        (getattr(parsed, name), getattr(expected, name)) for name in ("seconds", "nanoseconds", "frame_id")
    ]
    if kind == "image":
        names = ("height", "width", "encoding", "is_bigendian", "step")
        pairs += [(getattr(parsed, name), getattr(expected, name)) for name in names]
    else:
        pairs.append((parsed.encoding, expected.format))
    pairs.append((parsed.data.tobytes(), bytes(expected.data)))
    for mine, other in pairs:
        if mine != other:
            raise AssertionError(f"parsed as {mine!r:.200}, rclpy says {other!r:.200}")


def is_refused_on_purpose(kind: str, content: bytes) -> bool:
    """Tell whether rclpy reads a message that the node refuses: of another encapsulation, or long strings.

    Fast CDR reads parameter lists and XCDR2 by the rules of plain CDR; no ROS
    publisher sends those with an Image.
    """
    if content[1] > 1:
        return True
    number = struct.Struct(">I" if content[1] == 0 else "<I")
    (frame_id,) = number.unpack_from(content, 12)
    if frame_id > _LONGEST_STRING:
        return True
    (text,) = number.unpack_from(content, (16 + frame_id + 3) // 4 * 4 + (8 if kind == "image" else 0))
    return bool(text > _LONGEST_STRING)
