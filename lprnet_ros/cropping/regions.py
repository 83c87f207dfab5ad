"""Regions of a fixed camera in which plates are read: a gate, a parking lane.

A region is written as the four corners of the plate's place, clockwise from the
plate's top left, ``"0.1,0.2 0.4,0.2 0.4,0.5 0.1,0.5"``, or as a box
``"x,y,width,height"``.  Where no number is above 1 they are shares of the
frame's width and height, else pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.images.geometry import Box, Quad, bounding_box, is_clockwise, is_convex

MOST_REGIONS = 64
_LARGEST = 100_000.0
_FORM = 'four corners "x,y x,y x,y x,y" or a box "x,y,width,height"'


class RegionError(ValueError):
    """A region's text cannot be used; the message names the region and its fault."""


@dataclass(frozen=True)
class Region:
    """One region.

    Attributes:
        box: around it.
        quad: its corners, or None where it was given as a box.
        is_relative: whether its numbers are shares of the frame's size, else pixels.
    """

    box: Box
    quad: Quad | None
    is_relative: bool

    def in_frame(self, width: int, height: int) -> Detection:
        """Return the region in the pixels of a frame.

        Args:
            width: of the frame.
            height: of the frame.
        """
        if not self.is_relative:
            return Detection(self.box, self.quad)
        if self.quad is None:
            box = self.box
            return Detection(Box(box.x * width, box.y * height, box.width * width, box.height * height))
        first, second, third, fourth = ((x * width, y * height) for x, y in self.quad)
        quad = (first, second, third, fourth)
        return Detection(bounding_box(quad), quad)


def parse_regions(texts: Sequence[str]) -> tuple[Region, ...]:
    """Read regions.

    Args:
        texts: one text a region; empty texts are ignored, since ROS 2 knows no
            empty list in a parameter file.

    Raises:
        RegionError: a text is no region, or there are more than 64.
    """
    named = [text for text in texts if text.strip()]
    if len(named) > MOST_REGIONS:
        raise RegionError(f"{len(named)} regions, expected at most {MOST_REGIONS}")
    return tuple(_parse_region(number, text) for number, text in enumerate(named, start=1))


def _parse_region(number: int, text: str) -> Region:
    name = f"region {number} ({text!r})"
    groups = [group.split(",") for group in text.split()]
    is_quad = len(groups) == 4 and all(len(group) == 2 for group in groups)
    if not is_quad and not (len(groups) == 1 and len(groups[0]) == 4):
        raise RegionError(f"{name} is neither {_FORM}, with no blank after a comma")
    values = [_number(name, word) for group in groups for word in group]
    is_relative = max(values) <= 1.0
    if not is_quad:
        box = Box(*values)
        if box.width <= 0 or box.height <= 0:
            raise RegionError(f"{name} is empty: width and height must be above 0")
        if is_relative and (box.right > 1.0 + 1e-9 or box.bottom > 1.0 + 1e-9):
            raise RegionError(f"{name} leaves the frame: x + width and y + height must not exceed 1")
        return Region(box, None, is_relative)
    first, second, third, fourth = ((values[2 * i], values[2 * i + 1]) for i in range(4))
    quad = (first, second, third, fourth)
    if not is_convex(quad):
        raise RegionError(f"{name} is no quad: its corners lie on one line, or its edges cross")
    if not is_clockwise(quad):
        raise RegionError(f"{name} runs counter-clockwise: begin top left and go on to top right")
    return Region(bounding_box(quad), quad, is_relative)


def _number(name: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise RegionError(f"{name}: {word!r} is no number") from None
    if not (math.isfinite(value) and 0 <= value <= _LARGEST):
        raise RegionError(f"{name}: {word} is out of range, expected 0 to {_LARGEST:.0f}")
    return value
