"""Boxes and quads in a picture, in pixels from its upper left corner: x to the right, y down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
"""The four corners of a plate: top left, top right, bottom right, bottom left, seen along its text."""


_FLAT = 1e-9
"""Twice the area below which three points count as collinear; also fits fractions of a frame."""


@dataclass(frozen=True)
class Box:
    """An axis-aligned rectangle.

    Attributes:
        x: its left edge.
        y: its upper edge.
        width: from its left to its right edge.
        height: from its upper to its lower edge.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def area(self) -> float:
        """Its area; 0 if it is empty."""
        return max(0.0, self.width) * max(0.0, self.height)

    def clipped(self, width: float, height: float) -> Box:
        """Return the part that lies inside a picture; its width and height are 0 if there is none.

        Args:
            width: of the picture.
            height: of the picture.
        """
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right, bottom = min(max(self.right, left), width), min(max(self.bottom, top), height)
        return Box(left, top, right - left, bottom - top)

    def padded(self, share: float) -> Box:
        """Return the box with a margin on each side, as a fraction of its width and height."""
        across, down = share * self.width, share * self.height
        return Box(self.x - across, self.y - down, self.width + 2 * across, self.height + 2 * down)

    def pixels_in(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return x, y, width and height in whole pixels, rounded and clipped to a picture.

        Args:
            width: of the picture, at least 1.
            height: of the picture, at least 1.

        Returns:
            At least one pixel, even if the box lies outside.
        """
        left, right = _whole(self.x, self.right, width)
        top, bottom = _whole(self.y, self.bottom, height)
        return left, top, right - left, bottom - top


def bounding_box(points: Sequence[Point]) -> Box:
    """Return the smallest axis-aligned box around points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def is_convex(points: Sequence[Point]) -> bool:
    """Tell whether four points, in this order, form a convex quad."""
    turns = [_turn(points[i], points[(i + 1) % 4], points[(i + 2) % 4]) for i in range(4)]
    return all(turn > _FLAT for turn in turns) or all(turn < -_FLAT for turn in turns)


def is_clockwise(quad: Sequence[Point]) -> bool:
    """Tell whether the corners of a convex quad run clockwise in the picture."""
    return _turn(quad[0], quad[1], quad[2]) > 0


def area(points: Sequence[Point]) -> float:
    """Return the area of a polygon that runs clockwise in the picture; below 0 if it runs the other way."""
    following = [*points[1:], *points[:1]]
    return sum(x * v - u * y for (x, y), (u, v) in zip(points, following, strict=True)) / 2


def plate_width(quad: Sequence[Point]) -> float:
    """Return the mean length of a plate's upper and lower edge."""
    return (math.dist(quad[0], quad[1]) + math.dist(quad[3], quad[2])) / 2


def common_area(first: Sequence[Point], second: Sequence[Point]) -> float:
    """Return the area that two convex quads share, both clockwise in the picture."""
    left: list[Point] = list(first)
    for start, end in zip(
        second, [*second[1:], second[0]], strict=True
    ):  # cut off what lies beyond each edge
        sides = [_turn(start, end, point) for point in left]
        points, left = left, []
        for index, (point, side) in enumerate(zip(points, sides, strict=True)):
            before, other = points[index - 1], sides[index - 1]
            if (side < 0) != (other < 0):
                share = other / (other - side)
                x, y = before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1])
                left.append((x, y))
            if side >= 0:
                left.append(point)
        if not left:
            return 0.0
    return max(0.0, area(left))


def intersection_over_union(first: Sequence[Point], second: Sequence[Point]) -> float:
    """Return the share of the area of two convex quads that they have in common, both clockwise: 0..1."""
    common = common_area(first, second)
    union = area(first) + area(second) - common
    return common / union if union > 0 else 0.0


def upright_quad(points: Sequence[Point]) -> Quad | None:
    """Order the four corners of a plate that is not upside down.

    Detectors list corners in different orders.  A plate is wider than high and its
    characters are upright, so the order is chosen for which the upper and the lower
    edge reach furthest to the right.  This is right for tilts up to 45 degrees, and
    beyond for wide plates.

    Args:
        points: four corners in any order.

    Returns:
        Top left, top right, bottom right, bottom left; None if the points are not
        finite or do not form a convex quad.
    """
    if len(points) != 4 or not all(map(math.isfinite, (value for point in points for value in point))):
        return None
    x0 = sum(x for x, _ in points) / 4
    y0 = sum(y for _, y in points) / 4
    around = sorted(points, key=lambda point: math.atan2(point[1] - y0, point[0] - x0))  # clockwise
    if not (is_convex(around) and is_clockwise(around)):
        return None

    def reach(start: int) -> float:
        top_left, top_right, bottom_right, bottom_left = (around[(start + i) % 4] for i in range(4))
        return (top_right[0] - top_left[0]) + (bottom_right[0] - bottom_left[0])

    start = max(range(4), key=reach)
    first, second, third, fourth = (around[(start + i) % 4] for i in range(4))
    return first, second, third, fourth


def quad_of_box(box: Box) -> Quad:
    """Return the corners of a box."""
    return (box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)


def rotated_box(centre: Point, width: float, height: float, angle: float) -> Quad:
    """Return the corners of a box that is rotated about its centre.

    Args:
        centre: of the box.
        width: along the rotated x axis.
        height: along the rotated y axis.
        angle: radians, clockwise in the picture (from x towards y).

    Returns:
        The corners, clockwise, starting with the one that is top left without rotation.
    """
    cos, sin = math.cos(angle), math.sin(angle)

    def corner(across: float, down: float) -> Point:
        x, y = across * width / 2, down * height / 2
        return centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos

    return corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)


def _whole(first: float, last: float, length: int) -> tuple[int, int]:
    start = min(max(math.floor(first + 0.5), 0), length - 1)
    return start, min(max(math.floor(last + 0.5), start + 1), length)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return the cross product of two edges: above 0 if the path a, b, c turns clockwise."""
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
