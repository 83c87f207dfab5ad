"""Which part of a frame a finder sees, and at what scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame, Frame, Picture, SemiPlanarFrame
from lprnet_ros.images.geometry import Box, Point, Quad, plate_width
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.picture_tensor import picture_tensor, planes_tensor

_LARGEST_SCALE = 2.0
"""Pixels of the input for one of the frame, at most: enlarging more shows nothing new."""
_LARGEST_SHARE = 0.3
"""Of the input's width, up to which a box is enlarged: it may be hardly larger than its plate, and the
larger a plate is in the input, the worse it is found (with 1.0 a fifth of such plates was missed)."""
_NARROWEST = 16.0
"""Pixels of the frame, 2 a character: nobody can read what is narrower, nor tell it from noise."""
_FARTHEST_OUTSIDE = 0.25
"""How far a corner may lie outside of the frame, as a share of the plate's longest edge: a plate that the
frame's edge cuts off has corners there."""


@dataclass(frozen=True)
class SearchPart:
    """A part of a frame that lies at the upper left of a finder's input.

    Attributes:
        x: its left edge in the frame, in pixels.
        y: its upper edge.
        width: in the frame, in pixels.
        height: likewise.
        size: its width and height in the input.
        wanted: where in the frame a plate's centre must lie.
        frame_size: the frame's width and height.
    """

    x: int
    y: int
    width: int
    height: int
    size: tuple[int, int]
    wanted: Box
    frame_size: tuple[int, int]

    def tensor(self, frame: Frame, spec: TensorSpec) -> npt.NDArray[Any]:
        """Return a finder's input; planes of a camera go into an nv12 one without becoming BGR."""
        place = self.x, self.y, self.width, self.height
        is_even = not (self.size[0] % 2 or self.size[1] % 2)
        if spec.dtype == "nv12" and isinstance(frame, SemiPlanarFrame) and is_even:
            return planes_tensor(*frame.scaled_planes(*place, self.size), spec)
        return picture_tensor(frame.scaled(*place, self.size), spec)

    def in_frame(self, plate: FoundPlate) -> FoundPlate | None:
        """Put a plate that was found in the input back into the frame; None where it is none of this part."""
        across, down = self.width / self.size[0], self.height / self.size[1]
        first, second, third, fourth = ((self.x + x * across, self.y + y * down) for x, y in plate.quad)
        quad: Quad = (first, second, third, fourth)
        x, y = sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4
        box, (width, height) = self.wanted, self.frame_size
        room = _FARTHEST_OUTSIDE * max(
            math.dist(a, b) for a, b in zip(quad, (*quad[1:], quad[0]), strict=True)
        )

        def is_near(corner: Point) -> bool:
            return -room <= corner[0] <= width + room and -room <= corner[1] <= height + room

        if plate_width(quad) < _NARROWEST:
            return None
        is_wanted = box.x <= x <= box.right and box.y <= y <= box.bottom
        return FoundPlate(quad, plate.score, plate.rows) if is_wanted and all(map(is_near, quad)) else None


def part_for(frame_size: tuple[int, int], box: Box, input_size: tuple[int, int]) -> SearchPart | None:
    """Choose the part to look at for the plates in a box.

    The part has the input's proportions, as far as the frame allows, since pixels around the box cost nothing
    and show what a plate is on; it has at least half the input's width and height.

    Args:
        frame_size: width and height of the frame, in pixels.
        box: where plates are looked for, in the frame's pixels; clipped to the frame.
        input_size: width and height of the finder's input.

    Returns:
        The part; None where the box lies outside of the frame.
    """
    wanted = box.clipped(*frame_size)
    if wanted.area == 0:
        return None
    largest = min(_LARGEST_SCALE, max(1.0, _LARGEST_SHARE * input_size[0] / wanted.width))
    scale = min(largest, input_size[0] / wanted.width, input_size[1] / wanted.height)
    (x, width), (y, height) = (
        _span(start, length, shown / scale, most)
        for start, length, shown, most in (
            (wanted.x, wanted.width, input_size[0], frame_size[0]),
            (wanted.y, wanted.height, input_size[1], frame_size[1]),
        )
    )
    scale = min(largest, input_size[0] / width, input_size[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return SearchPart(x, y, width, height, size, wanted, frame_size)


def picture_input(picture: Picture, spec: TensorSpec) -> npt.NDArray[Any]:
    """Return a finder's input for a whole picture, BGR: as it is searched where nothing says within what."""
    size = picture.shape[1], picture.shape[0]
    part = part_for(size, Box(0, 0, *size), (spec.width, spec.height))
    if part is None:
        raise ValueError(f"a picture of {size[0]} x {size[1]} pixels shows nothing")
    return part.tensor(BgrFrame(lambda: picture), spec)


def _span(start: float, length: float, wanted: float, most: int) -> tuple[int, int]:
    """Widen a span about its middle to a length, inside a frame; in whole pixels, of which the first is even.

    Planes with half the resolution are cut without a shift at even pixels.
    """
    first = math.floor(max(0.0, min(start + (length - wanted) / 2, most - wanted)))
    first -= first % 2
    last = min(most, math.ceil(max(start + length, first + wanted)))
    return first, max(1, last - first)
