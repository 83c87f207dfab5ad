"""A camera frame that converts only the parts that are requested.

Cameras deliver 1080p frames as nv12; converting a whole frame would take longer
than everything else the cropper does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.single_pixel import widen_single_pixel

Picture = npt.NDArray[np.uint8]
"""BGR, height x width x 3, or grey, height x width."""


class Frame(Protocol):
    """A frame from which rectangles are cut.

    A rectangle is x, y, width, height in whole pixels and lies inside the frame.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def cut(self, x: int, y: int, width: int, height: int) -> Picture:
        """Return a rectangle as BGR, uint8, height x width x 3; possibly a view."""

    def grey(self, x: int, y: int, width: int, height: int) -> Picture:
        """Return a rectangle as grey, uint8, height x width; possibly a view."""

    def scaled(self, x: int, y: int, width: int, height: int, size: tuple[int, int]) -> Picture:
        """Return a rectangle as BGR, scaled to a width and height of at least 1; possibly a view."""


class BgrFrame:
    """A frame that is BGR, or is converted to BGR when its first pixel is requested.

    Args:
        convert: returns the picture: BGR, uint8, height x width x 3.  It is called once;
            its exceptions are raised by ``size``, ``cut`` and ``grey``.
    """

    def __init__(self, convert: Callable[[], Picture]) -> None:
        self._convert = convert
        self._picture: Picture | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self._pixels().shape[:2]
        return width, height

    def cut(self, x: int, y: int, width: int, height: int) -> Picture:
        """Return a rectangle; a view of the frame."""
        return self._pixels()[y : y + height, x : x + width]

    def grey(self, x: int, y: int, width: int, height: int) -> Picture:
        """Return a rectangle's luma."""
        return np.asarray(cv2.cvtColor(self.cut(x, y, width, height), cv2.COLOR_BGR2GRAY), np.uint8)

    def scaled(self, x: int, y: int, width: int, height: int, size: tuple[int, int]) -> Picture:
        """Scale a rectangle."""
        return _scaled(self.cut(x, y, width, height), size)

    def _pixels(self) -> Picture:
        if self._picture is None:
            self._picture = self._convert()
        return self._picture


class SemiPlanarFrame:
    """A frame as nv12 or nv21: a Y plane, then a plane with interleaved U and V for each 2 x 2 pixels.

    Args:
        luma: uint8, height x width, both even; rows may be padded.
        chroma: uint8, height / 2 x width, U and V in the order of the encoding.
        is_nv21: whether V comes before U.

    Raises:
        ValueError: the shapes do not fit.
    """

    def __init__(self, luma: Picture, chroma: Picture, *, is_nv21: bool = False) -> None:
        height, width = luma.shape
        if height % 2 or width % 2 or chroma.shape != (height // 2, width):
            raise ValueError(f"planes of {luma.shape} and {chroma.shape} make no 4:2:0 picture")
        self._luma = luma
        self._chroma = chroma.reshape(height // 2, width // 2, 2)
        self._is_nv21 = is_nv21

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self._luma.shape
        return width, height

    def cut(self, x: int, y: int, width: int, height: int) -> Picture:
        """Convert a rectangle: only the 2 x 2 blocks that it touches."""
        left, top = x // 2, y // 2
        right, bottom = (x + width + 1) // 2, (y + height + 1) // 2
        pixels = cv2.cvtColorTwoPlane(
            self._luma[2 * top : 2 * bottom, 2 * left : 2 * right],
            self._chroma[top:bottom, left:right],
            cv2.COLOR_YUV2BGR_NV21 if self._is_nv21 else cv2.COLOR_YUV2BGR_NV12,
        )
        across, down = x - 2 * left, y - 2 * top
        return np.asarray(pixels[down : down + height, across : across + width], np.uint8)

    def grey(self, x: int, y: int, width: int, height: int) -> Picture:
        """Return a rectangle of Y; a view of the frame."""
        return self._luma[y : y + height, x : x + width]

    def scaled(self, x: int, y: int, width: int, height: int, size: tuple[int, int]) -> Picture:
        """Scale a rectangle of each plane, and convert what comes out.

        Its colours, of 2 x 2 pixels each, may lie up to one pixel of the frame beside their place.
        """
        across, down = size
        luma, chroma = self.scaled_planes(x, y, width, height, size)
        if across % 2 or down % 2:
            luma = np.asarray(cv2.copyMakeBorder(luma, 0, down % 2, 0, across % 2, cv2.BORDER_REPLICATE))
        pixels = cv2.cvtColorTwoPlane(luma, chroma, cv2.COLOR_YUV2BGR_NV12)
        return np.asarray(pixels, np.uint8)[:down, :across]

    def scaled_planes(
        self, x: int, y: int, width: int, height: int, size: tuple[int, int]
    ) -> tuple[Picture, Picture]:
        """Scale a rectangle of each plane.

        Returns:
            Y, of ``size``; and U with V, half as wide and high, rounded up: BT.601, Y from 16 to 235, as the
            camera gives them.
        """
        luma = _scaled(self.grey(x, y, width, height), size)
        halves = (size[0] + 1) // 2, (size[1] + 1) // 2
        left, top, right, bottom = x // 2, y // 2, (x + width + 1) // 2, (y + height + 1) // 2
        # linearly at once: colours change slowly, and two channels are halved as slowly as four
        chroma = cv2.resize(widen_single_pixel(self._chroma[top:bottom, left:right]), halves)
        chroma = chroma.reshape(halves[1], halves[0], 2)
        return luma, np.ascontiguousarray(chroma[:, :, ::-1] if self._is_nv21 else chroma)


def _scaled(picture: Picture, size: tuple[int, int]) -> Picture:
    """Scale a picture or plane: halved by the mean of four pixels as often as it can be, the rest linearly.

    So nothing small gets lost, and it takes a third of the time of means over 3 x 3 pixels.
    """
    height, width = picture.shape[:2]
    across, down = size
    halvings = max(0, min(width // across, height // down).bit_length() - 1)
    factor = 1 << halvings
    used_width, used_height = width // factor * factor, height // factor * factor
    picture = picture[:used_height, :used_width]
    for _ in range(halvings):
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
    is_whole = (used_width, used_height) == (width, height)
    if is_whole and picture.shape[1::-1] == size:
        return picture
    picture = widen_single_pixel(picture)
    if is_whole:
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    x, y = width / (factor * across), height / (factor * down)  # what was cut off counts
    matrix = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
