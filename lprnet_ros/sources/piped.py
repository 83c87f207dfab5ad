"""Pictures from a pipe: one of any kind, or JPEGs that follow each other, as ffmpeg's mjpeg writes them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.picture_decoding import UndecodableError, decode_picture
from lprnet_ros.sources.labelled import LabelledDataError

_START = b"\xff\xd8\xff"
_BEGIN, _END = 0xD8, 0xD9
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
"""What follows 0xFF in a scan, or stands without a length: T.81, B.1.1.3 and B.1.1.5."""

_AT_ONCE = 1 << 20
LARGEST_BYTES = 1 << 28
"""Of a picture."""


def piped_pictures(stream: BufferedReader) -> Iterator[Picture | LabelledDataError]:
    """Yield each picture as soon as it has come, BGR, uint8, height x width x 3; of a broken one its error.

    Args:
        stream: binary; it is read as far as pictures are asked for.
    """
    try:
        for content in _contents(stream):
            yield _decoded(content)
    except LabelledDataError as error:
        yield error


def _decoded(content: bytes) -> Picture | LabelledDataError:
    try:
        return decode_picture(np.frombuffer(content, np.uint8))
    except UndecodableError as error:
        return LabelledDataError(f"-: {error}; taken are pictures, no videos")


def _contents(stream: BufferedReader) -> Iterator[bytes]:
    waiting, at, count = bytearray(), 2, 0
    while more := stream.read1(_AT_ONCE):
        waiting += more
        is_whole = True
        while is_whole and waiting.startswith(_START):
            is_whole, at = _end_of_jpeg(waiting, at)
            if is_whole:
                yield bytes(waiting[:at])
                del waiting[:at]
                at, count = 2, count + 1
                _drop_filling(waiting)
        if count:
            _drop_filling(waiting)
        if len(waiting) > LARGEST_BYTES:
            raise LabelledDataError(f"-: more than {LARGEST_BYTES >> 20} MiB, and no end of a picture in it")
    if waiting.startswith(_START) or not count:
        if not waiting:
            raise LabelledDataError("-: nothing came in")
        yield bytes(waiting)


def _drop_filling(content: bytearray) -> None:
    """Remove what lies before the next JPEG's start, or before where it may be."""
    start = content.find(_START)
    del content[: start if start >= 0 else -2]


def _end_of_jpeg(content: bytearray, at: int) -> tuple[bool, int]:
    """Look for the end of the JPEG at the beginning, or for the next one's start where it is cut off.

    Thumbnails lie within segments, whose length is told.

    Args:
        content: from the JPEG's start on.
        at: where to look on, at first 2.

    Returns:
        Whether it ends, and where; else where to look on once there is more.
    """
    while 0 <= (found := content.find(b"\xff", at)) < len(content) - 1:
        at, kind = found, content[found + 1]
        if kind in (_END, _BEGIN):
            return True, at + 2 if kind == _END else at
        if kind == 0xFF:  # fill byte
            at += 1
        elif kind in _ALONE:
            at += 2
        elif at + 4 > len(content):
            return False, at
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return False, at if found < 0 else found
