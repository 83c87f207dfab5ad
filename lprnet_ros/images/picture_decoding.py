"""Decodes picture files with OpenCV, and refuses those whose pixels the decoder had to guess."""

from __future__ import annotations

import re
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.decoder_output import call_and_listen
from lprnet_ros.images.encoded_fault import encoded_fault
from lprnet_ros.images.encoded_size import JPEG_START, frame_header
from lprnet_ros.text.escaping import one_line

_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_SEQUENTIAL = (0xC0, 0xC1)
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9$")
_TOO_SHORT = "Corrupt JPEG data: premature end of data segment"
_HARMLESS = re.compile(r"libpng warning: (?!.*(CRC error|IDAT))|\[ ?(WARN|INFO):")
_GREY = 128
_MOST_MISSING = 0.1
"""Share of the last row of blocks that a cut JPEG may lack."""

_NO_IMAGE = "not an image that OpenCV can decode"
_LONGEST_LINE = 120


class UndecodableError(ValueError):
    """There is no picture in the data, or none that a decoder should be given; the message says why."""


class BrokenPictureError(UndecodableError):
    """The decoder had to guess pixels; the message says what it found."""


def decode_picture(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Decode a picture file.

    A JPEG that lacks its last bytes is read, as long as they hold no more than a tenth of the
    last row of blocks.

    Args:
        data: its bytes, one dimension, of any format that OpenCV reads.

    Returns:
        BGR, uint8, height x width x 3.

    Raises:
        UndecodableError: OpenCV cannot decode it.
        BrokenPictureError: it can only by guessing pixels.
    """
    content = data.tobytes()
    fault = encoded_fault(content)
    if fault is not None:
        raise UndecodableError(f"{_NO_IMAGE}: {fault}")
    frame = frame_header(content) if content.startswith(JPEG_START) else None
    if frame is not None:
        return _decode_jpeg(content, frame)
    image, said = _decode(content)
    if said:
        raise BrokenPictureError(f"the decoder had to guess pixels: {said}")
    return image


def _decode_jpeg(content: bytes, frame: int) -> npt.NDArray[np.uint8]:
    scan = content.find(_SCAN, frame)
    end = content.find(_END, scan) if scan >= 0 else -1
    if end < 0:
        return _decode_cut(content, frame, scan)
    image, said = _decode(content)
    if said and not _is_filling(content[:end], said):
        raise BrokenPictureError(f"the decoder had to guess pixels: {said}")
    return image


def _is_filling(content: bytes, said: str) -> bool:
    """Tell whether libjpeg complains only of the filling that some cameras write before the end mark."""
    found = _EXTRANEOUS.match(said)
    return found is not None and set(content[-int(found[1]) :]) <= {0x00, 0xFF}


def _decode_cut(content: bytes, frame: int, scan: int) -> npt.NDArray[np.uint8]:
    """Decode a JPEG that was cut off in its scan: libjpeg leaves what is missing grey.

    With several scans nothing would tell that the last ones are missing.
    """
    is_single = (
        content[frame + 1] in _SEQUENTIAL
        and content.rfind(_SCAN) == scan
        and content[frame + 9 : frame + 10] == content[scan + 4 : scan + 5]  # components of both
    )
    if scan < 0 or not is_single:
        raise UndecodableError(f"{_NO_IMAGE}: the JPEG is cut off: nothing marks its end")
    content += _END  # without it OpenCV 4.5 repeats the last row, and OpenCV 4.14 decodes nothing
    upright, said = _decode(content, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    is_grey = (np.abs(upright[-1].astype(int) - _GREY) <= 1).all(axis=1)
    missing = len(is_grey) if is_grey.all() else int(is_grey[::-1].argmin())
    if said not in ("", _TOO_SHORT) or missing > _MOST_MISSING * len(is_grey):
        raise BrokenPictureError("the JPEG is cut off: more than its last few bytes are missing")
    return _decode(content)[0]


def _decode(content: bytes, flags: int = cv2.IMREAD_COLOR) -> tuple[npt.NDArray[np.uint8], str]:
    """Let OpenCV decode, and return what the decoder complained of; empty where it did not."""
    try:
        image, lines = call_and_listen(partial(cv2.imdecode, np.frombuffer(content, np.uint8), flags))
    except cv2.error as error:
        raise UndecodableError(f"{_NO_IMAGE}: {one_line(error.err, _LONGEST_LINE)}") from error
    faults = [one_line(line, _LONGEST_LINE) for line in lines if image is None or not _HARMLESS.match(line)]
    said = faults[0] if faults else ""
    if image is None:
        raise UndecodableError(f"{_NO_IMAGE}: {said}" if said else _NO_IMAGE)
    return np.asarray(image, np.uint8), said
