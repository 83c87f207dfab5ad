"""How far the answer of the finder's network is from what it should be."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CENTRE = 0.999
"""A cell with a higher bell is that of a plate's centre."""
_FROM_MIDDLE = 0.3
"""Share of the loss of corners that the cells in the middle of a plate have; the rest is of the cells beside
the corner."""


def loss_of(answer: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Compare N x 11 x H x W answers with N x 17 x H x W targets.

    Returns:
        ``score`` (focal loss of Law and Deng, "CornerNet", 2018, for each plate), ``corners`` (mean
        distance of a coordinate in widths of the plate), ``width`` and ``rows``.
    """
    answer = answer.float()
    bell, counts = target[:, 0], target[:, 1]
    middle, beside = target[:, 2], target[:, 3:7]
    logit = answer[:, 0]
    probability = logit.sigmoid()
    is_centre = bell > _CENTRE
    hit = -functional.logsigmoid(logit) * (1 - probability) ** 2 * is_centre
    miss = -functional.logsigmoid(-logit) * probability**2 * (1 - bell) ** 4 * ~is_centre
    plates = is_centre.sum().clamp(min=1)
    total = middle.sum().clamp(min=1e-6)
    width = target[:, 7].exp2().unsqueeze(1).clamp(min=1e-3)
    offsets = (target[:, 8:16] - _cell_centres(answer)) / width
    scale = (answer[:, 1:2].clamp(-4, 8).exp2() / width).clamp(max=8)
    off = (answer[:, 2:10] * scale - offsets).abs()
    nearest = beside.repeat_interleave(2, dim=1)  # x and y of each corner
    corners = (off * (_FROM_MIDDLE * middle.unsqueeze(1) + (1 - _FROM_MIDDLE) * nearest)).mean(dim=1)
    all_cells = (middle + beside.sum(dim=1)) / 5
    row_loss = functional.binary_cross_entropy_with_logits(answer[:, 10], target[:, 16], reduction="none")
    return {
        "score": ((hit + miss) * counts).sum() / plates,
        "corners": corners.sum() / total,
        "width": ((answer[:, 1] - target[:, 7]).abs() * all_cells).sum() / total,
        "rows": (row_loss * middle).sum() / total,
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
