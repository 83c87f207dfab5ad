"""Makes good image messages of every kind, and writes them as CDR in either byte order."""

from __future__ import annotations

import struct
from random import Random

import cv2
import numpy as np

from fuzz.oracle import CHANNELS, ENCODINGS, PACKED, Message, rows_of

KINDS = ("image", "compressed")
"""``sensor_msgs/Image`` and ``sensor_msgs/CompressedImage``."""

_PICTURES = 64
_POOL_BYTES = 1 << 20
_FRAME_IDS = ("", "camera", "camera_left/optical", "摄像机", 'quote"and\\', "x" * 200)


class MessageMaker:
    """Makes messages that have to be read.

    Args:
        seed: the same seed makes the same messages.
    """

    def __init__(self, seed: int) -> None:
        numbers = np.random.default_rng(seed)
        self._pool = numbers.bytes(_POOL_BYTES)
        self.pictures = [_picture(numbers, (".jpg", ".png")[i % 2]) for i in range(_PICTURES)]

    def raw(self, random: Random) -> Message:
        """Make an Image of pixels."""
        encoding = random.choice(ENCODINGS)
        width, height = random.choice(((94, 24), (random.randint(1, 40), random.randint(1, 20))))
        if encoding not in PACKED:
            width += width % 2
            height += height % 2
        step = width * CHANNELS[encoding] + random.choice((0, 0, 1, 2, 30))
        size = step * rows_of(encoding, height) + random.choice((0, 0, 0, 5))
        start = random.randrange(_POOL_BYTES - size)
        data = self._pool[start : start + size]
        return _with_header(Message(height, width, encoding, 0, step, data), random)

    def picture(self, random: Random) -> Message:
        """Make a message whose data is a JPEG or PNG, for both kinds."""
        name, data = random.choice(self.pictures)
        return _with_header(Message(0, 0, name, 0, 0, data, name), random)


def _with_header(message: Message, random: Random) -> Message:
    message.seconds = random.randrange(-(2**31), 2**31)
    message.nanoseconds = random.randrange(10**9)
    message.frame_id = random.choice(_FRAME_IDS)
    return message


def _picture(numbers: np.random.Generator, suffix: str) -> tuple[str, bytes]:
    """A smooth picture: name of its encoding and content."""
    height, width = int(numbers.integers(1, 40)), int(numbers.integers(1, 60))
    shape = (height, width, 3) if numbers.random() < 0.8 else (height, width)
    picture = cv2.blur(numbers.integers(0, 256, shape, dtype=np.uint8), (5, 5)).reshape(shape)
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1] if suffix == ".jpg" and numbers.random() < 0.5 else []
    return suffix[1:].replace("jpg", "jpeg"), cv2.imencode(suffix, picture, options)[1].tobytes()


def serialised(message: Message, kind: str, *, big_endian: bool = False) -> bytes:
    """Write a message as plain CDR with its encapsulation.

    Args:
        message: the fields; numbers must fit their types.
        kind: one of ``KINDS``.
        big_endian: byte order of the numbers.
    """
    order = ">" if big_endian else "<"
    number = struct.Struct(f"{order}I").pack
    out = bytearray(struct.pack(f"{order}iI", message.seconds, message.nanoseconds))

    def string(text: str) -> None:
        content = text.encode() + b"\0"
        out.extend(number(len(content)) + content)

    def align() -> None:
        out.extend(bytes(-len(out) % 4))

    string(message.frame_id)
    align()
    if kind == "image":
        out += number(message.height) + number(message.width)
        string(message.encoding)
        out.append(message.is_bigendian)
        align()
        out += number(message.step)
    else:
        string(message.format)
        align()
    data = bytes(message.data)
    out += number(len(data)) + data
    return (b"\0\0\0\0" if big_endian else b"\0\1\0\0") + bytes(out)
