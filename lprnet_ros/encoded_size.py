"""Reads the size of a JPEG or PNG from its header, before anything is decoded.

A picture of a megabyte can unpack to gigabytes, so its size must be known before
OpenCV allocates it.  Sources: PNG specification (ISO/IEC 15948), 11.2.2 IHDR;
JPEG (ITU-T T.81), B.2.2 frame header.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8"
_NO_FRAME_HEADER = frozenset({0xC4, 0xC8, 0xCC})  # tables and an extension among the frame markers
_MOST_STEPS = 1000
"""Fill bytes and segments before the size: cameras write about ten, a megabyte of them takes a second."""


def encoded_size(data: npt.NDArray[np.uint8]) -> tuple[int, int] | None:
    """Return the width and height that a compressed picture announces.

    Args:
        data: the file's bytes, one dimension.

    Returns:
        Width and height in pixels, or None where the data is neither PNG nor
        JPEG or ends before its size.
    """
    if data[:8].tobytes() == _PNG_SIGNATURE:
        return (_number(data[16:20]), _number(data[20:24])) if data.size >= 24 else None
    if data[:2].tobytes() == _JPEG_START:
        return _jpeg_size(data)
    return None


def _jpeg_size(data: npt.NDArray[np.uint8]) -> tuple[int, int] | None:
    position = 2
    for _ in range(_MOST_STEPS):
        if position + 9 > data.size or data[position] != 0xFF:
            break
        marker = int(data[position + 1])
        if marker == 0xFF:  # fill byte
            position += 1
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER:
            return _number(data[position + 7 : position + 9]), _number(data[position + 5 : position + 7])
        else:
            position += 2 + _number(data[position + 2 : position + 4])
    return None


def _number(data: npt.NDArray[np.uint8]) -> int:
    return int.from_bytes(data.tobytes(), "big")
