"""What the network should answer, and how far its answer is from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from lprnet_ros.training.finder.finder_net import STRIDE

_ALONG, _DOWN = 0.10, 0.18  # width of the bell around a plate's centre, in shares of its width and height
_NARROWEST = 0.45  # of the bell, in cells
_TAUGHT_CORNERS = 0.5  # cells with a higher bell learn the corners
_CERTAIN = 0.999
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
        13 x height / 8 x width / 8: bell (0..1), weight of the score (0 where nothing is said), weight of
        the corners, log2 of the width in cells, the eight coordinates in cells from the upper left of
        the picture, and 1 for two rows.
    """
    rows, columns = height // STRIDE, width // STRIDE
    target = np.zeros((13, rows, columns), np.float32)
    target[1] = 1.0
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + np.float32(0.5)
    for plate in sorted(plates, key=lambda each: each.is_known):
        quad = plate.quad / STRIDE
        along = (quad[1] + quad[2] - quad[0] - quad[3]) / 2
        down = (quad[2] + quad[3] - quad[0] - quad[1]) / 2
        length, depth = float(np.hypot(*along)), float(np.hypot(*down))
        centre = quad.mean(axis=0)
        axes = np.stack([along, down], axis=1)
        if abs(np.linalg.det(axes)) < 1e-6:
            continue
        inverse = np.linalg.inv(axes)
        u = inverse[0, 0] * (x - centre[0]) + inverse[0, 1] * (y - centre[1])
        v = inverse[1, 0] * (x - centre[0]) + inverse[1, 1] * (y - centre[1])
        if not plate.is_known:
            target[1][(abs(u) < 0.7) & (abs(v) < 0.9)] = 0.0
            continue
        spread_u, spread_v = max(_ALONG, _NARROWEST / length), max(_DOWN, _NARROWEST / depth)
        bell = np.exp(-0.5 * ((u / spread_u) ** 2 + (v / spread_v) ** 2))
        column, row = int(centre[0]), int(centre[1])
        if not (0 <= column < columns and 0 <= row < rows):
            target[1] = np.where(bell > 0.1, 0.0, target[1])  # mostly outside of the picture
            continue
        bell[row, column] = 1.0
        mine = bell > np.maximum(target[0], _TAUGHT_CORNERS)
        target[0] = np.maximum(target[0], bell)
        target[1] = np.where(bell > 0.1, 1.0, target[1])
        width_cells = (np.hypot(*(quad[1] - quad[0])) + np.hypot(*(quad[2] - quad[3]))) / 2
        values = [np.log2(max(width_cells, 1e-3)), *quad.reshape(-1), float(plate.rows == 2)]
        target[3:, mine] = np.array(values, np.float32)[:, None]
        weight = plate.weight * min(1.0, STRIDE * float(width_cells) / _SURE_WIDTH)
        target[2, mine] = weight * bell[mine] / bell[mine].sum()
    return target


def loss_of(answer: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Compare N x 11 x H x W answers with N x 13 x H x W targets.

    Returns:
        ``score`` (focal loss of Law and Deng, "CornerNet", 2018, for each plate), ``corners`` (mean
        distance of a coordinate in widths of the plate), ``width`` and ``rows``.
    """
    answer = answer.float()
    bell, counts, weight = target[:, 0], target[:, 1], target[:, 2]
    logit = answer[:, 0]
    probability = logit.sigmoid()
    is_centre = bell > _CERTAIN
    hit = -functional.logsigmoid(logit) * (1 - probability) ** 2 * is_centre
    miss = -functional.logsigmoid(-logit) * probability**2 * (1 - bell) ** 4 * ~is_centre
    plates = is_centre.sum().clamp(min=1)
    total = weight.sum().clamp(min=1e-6)
    width = target[:, 3].exp2().unsqueeze(1).clamp(min=1e-3)
    offsets = (target[:, 4:12] - _cell_centres(answer)) / width
    scale = (answer[:, 1:2].clamp(-4, 8).exp2() / width).clamp(max=8)
    off = (answer[:, 2:10] * scale - offsets).abs().mean(dim=1)
    row_loss = functional.binary_cross_entropy_with_logits(answer[:, 10], target[:, 12], reduction="none")
    return {
        "score": ((hit + miss) * counts).sum() / plates,
        "corners": (off * weight).sum() / total,
        "width": ((answer[:, 1] - target[:, 3]).abs() * weight).sum() / total,
        "rows": (row_loss * weight).sum() / total,
    }


def _cell_centres(answer: Tensor) -> Tensor:
    """Return 1 x 8 x H x W: x and y of each cell's centre, in cells, four times in turn."""
    height, width = answer.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=answer.device) + 0.5,
        torch.arange(width, device=answer.device) + 0.5,
        indexing="ij",
    )
    return torch.stack([x, y] * 4).unsqueeze(0)
