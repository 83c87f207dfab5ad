"""From a finder's output to plates, in pixels of its input.

The output is 1 x 11 x rows x columns, one cell for each ``stride`` x ``stride`` pixels of the input:

====  ==================================================================================================
0     logit: the centre of a plate lies in this cell
1     log2(width / stride); the width is the mean length of the plate's upper and lower edge
2..9  x1, y1 .. x4, y4: the corners from the plate's own top left, clockwise, from the middle of the cell,
      in units of the width that the same cell tells
10    logit: the plate has two rows
====  ==================================================================================================

A plate is where channel 0 has a peak.  That cell tells of all corners; each is then taken from the cell
beside it, where a wrong width costs less and the corner itself is seen (as votes are in Gall and Lempitsky,
"Class-Specific Hough Forests", 2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Quad, area, common_area, is_clockwise, is_convex

MOST_PLATES = 64
"""In one picture; of more cells the best ones count."""
_FARTHEST_CORNER = 2.0
"""From the middle of the cell, in plate widths; that of a square plate lies 0.7 away."""
_NARROWEST = -1.0
"""As channel 1 gives it: half a cell, on which nothing can be read."""
_SAME = 0.5
"""Share of the smaller of two quads that the other one covers, from which on both are one plate."""
BESIDE = ((-0.42, -0.3), (0.42, -0.3), (0.42, 0.3), (-0.42, 0.3))
"""From the middle of a plate to the cell that tells of each corner, in plate widths and heights."""
_FARTHEST_CORRECTION = 0.2
"""In plate widths; a cell that differs by more from the one at the peak tells of another plate."""
_LEAST_LENGTH = 2.0
"""In cells; the ends of a shorter plate lie in the cell of its middle."""
_NEIGHBOURS = np.ones((3, 3), np.uint8)


class CellsError(ValueError):
    """A finder's output is not finite; the message says so."""


def decode_cells(cells: npt.NDArray[np.float32], stride: int, minimum_score: float) -> list[FoundPlate]:
    """Find the plates in an output.

    Args:
        cells: 1 x 11 x rows x columns; see the module.
        stride: pixels of the input from cell to cell.
        minimum_score: least score of a plate, above 0 and below 1.

    Returns:
        At most 64, the best first, quads in pixels of the input: convex, clockwise, and none that another,
        better one mostly covers.

    Raises:
        CellsError: a number is NaN or infinite.
    """
    if not math.isfinite(np.vdot(cells, cells)):
        raise CellsError("the finder's output holds NaN or infinite values")
    heat = cells[0, 0]
    peaks = (heat >= math.log(minimum_score / (1 - minimum_score))) & (heat >= cv2.dilate(heat, _NEIGHBOURS))
    rows, columns = np.nonzero(peaks)
    if not rows.size:
        return []
    best = np.argsort(-heat[rows, columns], kind="stable")[:MOST_PLATES]
    rows, columns = rows[best], columns[best]
    chosen = cells[0, :, rows, columns].astype(np.float64)  # plates x 11
    corners = chosen[:, 2:10].reshape(-1, 4, 2)
    widest = math.log2(cells.shape[2] + cells.shape[3])  # no plate is wider than width and height together
    quads = stride * _nearest_corners(cells[0], _quads_at(cells[0], rows, columns, widest), widest)
    scores = 1 / (1 + np.exp(-chosen[:, 0]))
    makes_sense = (
        (chosen[:, 1] >= _NARROWEST)
        & (chosen[:, 1] <= widest)
        & (np.abs(corners).max(axis=(1, 2)) <= _FARTHEST_CORNER)
    )
    plates = [
        FoundPlate(_quad(quads[index]), float(scores[index]), 2 if chosen[index, 10] > 0 else 1)
        for index in np.flatnonzero(makes_sense)
    ]
    return merged([plate for plate in plates if is_convex(plate.quad) and is_clockwise(plate.quad)])


def _quads_at(
    cells: npt.NDArray[np.float32], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], widest: float
) -> npt.NDArray[np.float64]:
    """Return the quads that cells tell, plates x 4 x 2, in cells from the upper left of the picture."""
    told = cells[1:10, rows, columns].T.astype(np.float64)
    widths = np.exp2(np.clip(told[:, 0], _NARROWEST, widest))
    middles = np.stack([columns, rows], axis=-1) + 0.5
    return np.asarray(middles[:, None] + told[:, 1:].reshape(-1, 4, 2) * widths[:, None, None])


def _nearest_corners(
    cells: npt.NDArray[np.float32], quads: npt.NDArray[np.float64], widest: float
) -> npt.NDArray[np.float64]:
    """Take each corner of plates from the cell beside it, if that tells of the same plate."""
    along = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    down = (quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) / 2
    lengths = np.linalg.norm(along, axis=1)
    farthest = np.where(lengths < _LEAST_LENGTH, -1.0, _FARTHEST_CORRECTION * lengths)
    better = quads.copy()
    for corner, (right, below) in enumerate(BESIDE):
        with np.errstate(invalid="ignore"):
            places = np.floor(quads.mean(axis=1) + right * along + below * down)
        shown = np.clip(places, 0, (cells.shape[2] - 1, cells.shape[1] - 1))
        columns, rows = shown.astype(np.intp).T
        told = _quads_at(cells, rows, columns, widest)[:, corner]
        is_near = np.linalg.norm(told - quads[:, corner], axis=1) <= farthest
        is_better = is_near & (shown == places).all(axis=1)
        better[:, corner] = np.where(is_better[:, None], told, quads[:, corner])
    return better


def merged(plates: Iterable[FoundPlate]) -> list[FoundPlate]:
    """Sort plates, the best first, and leave out each that a better one mostly covers, or that covers one."""
    kept: list[FoundPlate] = []
    for plate in sorted(plates, key=lambda plate: -plate.score):
        if not any(_are_one(plate.quad, better.quad) for better in kept):
            kept.append(plate)
    return kept


def _are_one(first: Quad, second: Quad) -> bool:
    return common_area(first, second) > _SAME * min(area(first), area(second))


def _quad(corners: Sequence[Sequence[float]]) -> Quad:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
