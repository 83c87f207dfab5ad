"""What the finder's network should answer for a picture whose plates are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.finding.plate_cells import BESIDE

STRIDE = 8
"""Pixels of the input on each side of a cell."""

_ALONG, _DOWN = 0.10, 0.18  # width of the bell around a plate's centre, in shares of its width and height
_NARROWEST = 0.45  # of the bell, in cells
_TAUGHT = 0.5  # cells with a higher bell learn corners and width
_SURE_WIDTH = 48.0
"""Pixels; corners of narrower plates are vague, and weigh less in the loss."""


@dataclass(frozen=True)
class TaughtPlate:
    """A plate in a training picture.

    Attributes:
        quad: 4 x 2 float32, pixels, from the plate's own top left clockwise.
        rows: 1 or 2.
        weight: of its corners in the loss, 0..1; loose labels count less.
        is_known: whether it must be found; of one that nobody can read neither is said.
    """

    quad: npt.NDArray[np.float32]
    rows: int = 1
    weight: float = 1.0
    is_known: bool = True


def targets_of(plates: Sequence[TaughtPlate], height: int, width: int) -> npt.NDArray[np.float32]:
    """Draw what the network should answer.

    Returns:
        17 x height / 8 x width / 8: bell around each centre (0..1); weight of the score (0 where nothing is
        said); weights of a plate's cells in its middle and beside each of its corners, each in sum that of
        the plate; log2 of the width in cells; the eight coordinates in cells from the upper left of the
        picture; and 1 for two rows.
    """
    rows, columns = height // STRIDE, width // STRIDE
    target = np.zeros((17, rows, columns), np.float32)
    target[1] = 1.0
    reach = np.full((rows, columns), _TAUGHT, np.float32)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + np.float32(0.5)
    for plate in sorted(plates, key=lambda each: each.is_known):
        quad = plate.quad / STRIDE
        along = (quad[1] + quad[2] - quad[0] - quad[3]) / 2
        down = (quad[2] + quad[3] - quad[0] - quad[1]) / 2
        axes = np.stack([along, down], axis=1)
        if abs(np.linalg.det(axes)) < 1e-6:
            continue
        middle = quad.mean(axis=0)
        u, v = np.einsum("ij,jyx->iyx", np.linalg.inv(axes), np.stack([x - middle[0], y - middle[1]]))
        if not (plate.is_known and _cell_of(middle, rows, columns)):
            target[1][(abs(u) < 0.7) & (abs(v) < 0.9)] = 0.0
            continue
        spread_u = max(_ALONG, _NARROWEST / float(np.hypot(*along)))
        spread_v = max(_DOWN, _NARROWEST / float(np.hypot(*down)))
        bells = []
        for right, below in ((0.0, 0.0), *BESIDE):
            bell = np.exp(-0.5 * (((u - right) / spread_u) ** 2 + ((v - below) / spread_v) ** 2))
            if cell := _cell_of(middle + right * along + below * down, rows, columns):
                bell[cell] = 1.0
            bells.append(bell)
        target[0] = np.maximum(target[0], bells[0])
        target[1] = np.where(bells[0] > 0.1, 1.0, target[1])
        mine = np.max(bells, axis=0) > reach
        reach = np.maximum(reach, np.max(bells, axis=0))
        width_cells = (np.hypot(*(quad[1] - quad[0])) + np.hypot(*(quad[2] - quad[3]))) / 2
        values = [np.log2(max(width_cells, 1e-3)), *quad.reshape(-1), float(plate.rows == 2)]
        target[7:, mine] = np.array(values, np.float32)[:, None]
        weight = plate.weight * min(1.0, STRIDE * float(width_cells) / _SURE_WIDTH)
        for channel, bell in enumerate(bells, start=2):
            share = np.where(mine & (bell > _TAUGHT), bell, 0)
            target[channel, mine] = 0  # another plate's, which this one covers
            target[channel] += weight * share / max(1e-6, float(share.sum()))
    return target


def _cell_of(place: npt.NDArray[np.float32], rows: int, columns: int) -> tuple[int, int] | None:
    """Return row and column of the cell at a place in cells; None outside of the picture."""
    column, row = int(np.floor(place[0])), int(np.floor(place[1]))
    return (row, column) if 0 <= column < columns and 0 <= row < rows else None
