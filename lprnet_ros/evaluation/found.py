"""How good are found plates? Those of a picture, matched with the labelled ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Quad, intersection_over_union, is_clockwise, is_convex, plate_width
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError, read_labelled

LEAST_SHARED = 0.5
"""Intersection over union from which a found quad is that of a labelled plate."""
_CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


@dataclass(frozen=True)
class LabelledQuad:
    """A plate that a label says is in a picture.

    Attributes:
        quad: its corners in pixels of the picture, clockwise from the plate's own top left.
        is_readable: whether it must be found; one that nobody can read is neither a miss nor a false find.
        columns: of its row, such as ``kind``, ``rows`` and ``role``.
    """

    quad: Quad
    is_readable: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Matched:
    """What became of the plates of one picture, or of several.

    Attributes:
        hits: labelled plates with what was found there.
        missed: readable plates that were not found.
        false: found plates where no labelled one is, or one that a better one has found.
        ignored: how many were found where nobody can read the plate.
    """

    hits: tuple[tuple[LabelledQuad, FoundPlate], ...] = ()
    missed: tuple[LabelledQuad, ...] = ()
    false: tuple[FoundPlate, ...] = ()
    ignored: int = 0

    def __add__(self, other: Matched) -> Matched:
        """Return what became of the plates of both."""
        return Matched(
            self.hits + other.hits,
            self.missed + other.missed,
            self.false + other.false,
            self.ignored + other.ignored,
        )

    @property
    def recall(self) -> float:
        """Share of the readable plates that were found; NaN without any."""
        return _share(len(self.hits), len(self.hits) + len(self.missed))

    @property
    def precision(self) -> float:
        """Share of the found plates that are plates, of those that count; NaN where none was found."""
        return _share(len(self.hits), len(self.hits) + len(self.false))

    @property
    def corner_errors(self) -> list[float]:
        """Of each hit: mean distance of the corners from their places, as a share of the plate's width."""
        return [corner_error(found.quad, plate.quad) for plate, found in self.hits]


def match_found(
    labelled: Sequence[LabelledQuad], found: Iterable[FoundPlate], least_shared: float = LEAST_SHARED
) -> Matched:
    """Match found plates, the best first, each with the labelled one that it shares most with.

    Args:
        labelled: the plates of a picture.
        found: what was found there.
        least_shared: intersection over union from which two quads are of one plate.
    """
    free, hits, false, ignored = list(labelled), [], [], 0
    for plate in sorted(found, key=lambda plate: -plate.score):
        shares = [(intersection_over_union(plate.quad, other.quad), i) for i, other in enumerate(free)]
        share, index = max(shares, default=(0.0, -1))
        if share < least_shared:
            false.append(plate)
            continue
        other = free[index]
        if other.is_readable:
            hits.append((free.pop(index), plate))
        else:
            ignored += 1
    return Matched(tuple(hits), tuple(plate for plate in free if plate.is_readable), tuple(false), ignored)


def corner_error(found: Quad, wanted: Quad) -> float:
    """Return the mean distance of four corners from their places, as a share of the plate's width."""
    distances = [math.dist(a, b) for a, b in zip(found, wanted, strict=True)]
    return sum(distances) / 4 / max(plate_width(wanted), 1e-9)


def read_labelled_frames(index: Path, roles: Collection[str] = ()) -> dict[Path, list[LabelledQuad]]:
    """Read the labelled plates of whole pictures.

    Args:
        index: a CSV with a row a plate and the columns ``file``, ``label``, ``x1``, ``y1`` to ``x4``, ``y4``;
            where there is a column ``readable``, 0 is a plate that nobody can read, and a row without
            corners is a picture without a plate.
        roles: only rows whose column ``role`` is one of these; none: all rows.

    Returns:
        The plates of each picture.

    Raises:
        LabelledDataError: the CSV is missing or broken, or a row has no convex, clockwise quad.
    """
    return labelled_frames(row for row in read_labelled(index) if not roles or row.group("role") in roles)


def labelled_frames(rows: Iterable[LabelledCrop]) -> dict[Path, list[LabelledQuad]]:
    """Return the plates of each picture, from the rows of a CSV; columns and errors as above."""
    frames: dict[Path, list[LabelledQuad]] = {}
    for row in rows:
        plates = frames.setdefault(row.path, [])
        if row.columns.get("x1", ""):
            plates.append(_labelled_quad(row))
    return frames


def _labelled_quad(row: LabelledCrop) -> LabelledQuad:
    try:
        x1, y1, x2, y2, x3, y3, x4, y4 = (float(row.columns[name]) for name in _CORNERS)
    except (KeyError, ValueError) as error:
        raise LabelledDataError(
            f"{row.path}, line {row.line} of its CSV: no numbers x1, y1 to x4, y4 ({error})"
        ) from error
    quad: Quad = ((x1, y1), (x2, y2), (x3, y3), (x4, y4))
    if not (is_convex(quad) and is_clockwise(quad)):
        raise LabelledDataError(
            f"{row.path}, line {row.line} of its CSV: the corners {quad} are no convex, clockwise quad"
        )
    return LabelledQuad(quad, row.columns.get("readable", "1") != "0", row.columns)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
