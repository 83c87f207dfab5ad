"""The finder's network: plain convolutions from a picture to one cell for each 8 x 8 pixels.

A pyramid of three levels (Lin et al., "Feature Pyramid Networks", 2017) whose finest one answers at
every cell whether the centre of a plate lies there and where its corners are (Zhou et al., "Objects as
Points", 2019).  3 x 3 convolutions, ReLU, additions and nearest-neighbour enlargement alone: all of
them run on the BPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lprnet_ros.models.manifest import CELL_CHANNELS
from lprnet_ros.training.network import ResidualBlock

_RARE = -4.6
"""Logit of the score at the start: one cell in a hundred, so that empty cells do not swamp the loss."""


def _layer(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _joint(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class FinderNet(nn.Module):
    """Finds plates.

    Args:
        widths: channels at 4, 8, 16 and 32 pixels a cell.
        blocks: residual blocks at 8, 16 and 32 pixels a cell.
        head: channels of the finest level of the pyramid.
    """

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (32, 48, 64, 96),
        blocks: tuple[int, int, int] = (0, 2, 2),
        head: int = 48,
    ) -> None:
        super().__init__()
        at4, at8, at16, at32 = widths
        self.stem = _layer(3, at4, 6, 4, 1)
        self.stage8 = self._stage(at4, at8, blocks[0])
        self.stage16 = self._stage(at8, at16, blocks[1])
        self.stage32 = self._stage(at16, at32, blocks[2])
        self.from32 = _joint(at32, at16)
        self.middle = _layer(at16, at16)
        self.from16 = _joint(at16, head)
        self.from8 = _joint(at8, head)
        self.head = nn.Sequential(_layer(head, head), _layer(head, head, 1, 1, 0))
        self.answer = nn.Conv2d(head, CELL_CHANNELS, 1)
        self.larger = nn.Upsample(scale_factor=2, mode="nearest")
        with torch.no_grad():
            self.answer.bias[0] = _RARE

    @staticmethod
    def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
        return nn.Sequential(_layer(inputs, outputs, 3, 2), *(ResidualBlock(outputs) for _ in range(blocks)))

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute the answer.

        Args:
            pictures: N x 3 x H x W float, normalised as the manifest says; H and W are multiples of 32.

        Returns:
            N x 11 x H / 8 x W / 8; the corners are in widths of the plate, from the centre of the cell.
        """
        answer: Tensor = self.answer(self.features(pictures))
        return answer

    def features(self, pictures: Tensor) -> Tensor:
        """Compute what the answer is made of: N x head x H / 8 x W / 8."""
        fine = self.stage8(self.stem(pictures))
        middle = self.stage16(fine)
        coarse = self.stage32(middle)
        middle = self.middle(torch.relu(middle + self.larger(self.from32(coarse))))
        fine = torch.relu(self.from8(fine) + self.larger(self.from16(middle)))
        features: Tensor = self.head(fine)
        return features
