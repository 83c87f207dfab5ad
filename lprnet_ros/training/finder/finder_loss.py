"""How far the answer of the finder's network is from what it should be."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CENTRE = 0.999
"""A cell with a higher bell is that of a plate's centre."""


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
    is_centre = bell > _CENTRE
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
