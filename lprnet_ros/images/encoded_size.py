"""Reads the size of a JPEG or PNG from its header, before anything is decoded.

A picture of one megabyte can decode to gigabytes, so its size must be known before
OpenCV allocates memory, and must be the size that OpenCV's libraries will find.
Pictures that they might interpret differently are rejected.  Sources: PNG specification (ISO/IEC
15948), 5.6 and 11.2.2 IHDR; JPEG (ITU-T T.81), B.1.1 markers, B.2.2 frame header;
libjpeg's jdmarker.c, which skips a marker without length or a stuffed zero where
a segment is expected.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
JPEG_START = b"\xff\xd8"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEGMENTS = frozenset({0xC4, 0xCC, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""Segments allowed before the frame header: tables, restart interval, comment, application data."""

_MOST_STEPS = 1000
"""Maximum fill bytes and segments before the size: cameras write about ten, a megabyte takes a second."""


def encoded_size(data: npt.NDArray[np.uint8]) -> tuple[int, int] | None:
    """Return the width and height in the header of a compressed picture.

    Args:
        data: the file's bytes, one dimension, contiguous.

    Returns:
        Width and height in pixels, or None if the data is neither PNG nor JPEG,
        or broken before its size.
    """
    content = data.data
    if content[: len(_PNG_START)] == _PNG_START:
        return (_number(content[16:20]), _number(content[20:24])) if len(content) >= 24 else None
    if content[:2] == JPEG_START:
        frame = frame_header(content)
        if frame is not None:
            return _number(content[frame + 7 : frame + 9]), _number(content[frame + 5 : frame + 7])
    return None


def frame_header(content: bytes | memoryview) -> int | None:
    """Return where a JPEG's frame header begins; None where it is broken before its end.

    Args:
        content: its bytes, from the start.
    """
    position = 2
    for _ in range(_MOST_STEPS):
        if position + 9 > len(content) or content[position] != 0xFF:
            break
        marker = content[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in _FRAME_HEADERS:
            return position
        elif marker in _SEGMENTS and (length := _number(content[position + 2 : position + 4])) >= 2:
            position += 2 + length
        else:
            break
    return None


def _number(content: bytes | memoryview) -> int:
    return int.from_bytes(content, "big")
