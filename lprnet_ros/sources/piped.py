"""Pictures from a pipe: one of any kind, or JPEGs that follow each other, as ffmpeg's mjpeg writes them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader

import numpy as np

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.picture_decoding import UndecodableError, decode_picture
from lprnet_ros.sources.labelled import LabelledDataError

_START = b"\xff\xd8\xff"
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
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
    waiting, count = b"", 0
    while more := stream.read1(_AT_ONCE):
        waiting += more
        while waiting.startswith(_START) and (end := _end_of_jpeg(waiting)):
            yield waiting[:end]
            count += 1
            waiting = _from_next(waiting[end:])
        if count:
            waiting = _from_next(waiting)
        if len(waiting) > LARGEST_BYTES:
            raise LabelledDataError(f"-: more than {LARGEST_BYTES >> 20} MiB, and no end of a picture in it")
    if waiting.startswith(_START) or not count:
        if not waiting:
            raise LabelledDataError("-: nothing came in")
        yield waiting


def _from_next(content: bytes) -> bytes:
    """Return what follows from the next JPEG's start on, or where it may be."""
    start = content.find(_START)
    return content[start:] if start >= 0 else content[-2:]


def _end_of_jpeg(content: bytes) -> int:
    """Return where the JPEG at the beginning ends; 0 where it goes on.  Thumbnails lie within segments."""
    at = 2
    while 0 <= (at := content.find(b"\xff", at)) < len(content) - 3:
        kind = content[at + 1]
        if kind == 0xD9:
            return at + 2
        if kind == 0xFF:  # fill byte
            at += 1
        else:
            at += 2 if kind in _ALONE else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return at + 2 if content[at : at + 2] == b"\xff\xd9" and at >= 0 else 0
