"""The network: a plain residual convolutional net with LPRNet's input and output.

Only 3x3-style convolutions, ReLU and additions, all 4-D with static shapes, so
that every operator can stay on a BPU (RDK X5 operator list) and a batch never
mixes its samples.  Widths are multiples of 16, the block in which ONNX Runtime
computes convolutions on AVX-512.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

INPUT_SHAPE = (1, 3, 24, 94)
TIME_STEPS = 18


def _convolution(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs)
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around which the input is added again (He et al., 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width, (3, 3), (1, 1), (1, 1))
        self.second = _convolution(width, width, (3, 3), (1, 1), (1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Map N x width x H x W features to the same shape."""
        return torch.relu(features + self.second(torch.relu(self.first(features))))


class PlateNet(nn.Module):
    """Reads a plate crop into CTC logits.

    Height falls 24, 12, 6, 3, 1; width 94, 47, 24 and, by a 7 wide valid
    convolution, the 18 time steps of the LPRNet contract.

    Args:
        classes: output classes, the CTC blank included.
        widths: channels of the three stages.
        head: channels of the feature column under each time step.
    """

    def __init__(
        self, classes: int = 68, widths: tuple[int, int, int] = (32, 48, 96), head: int = 128
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.stem = _convolution(3, first, (3, 3), (2, 2), (1, 1))
        self.down1 = _convolution(first, second, (3, 3), (2, 1), (1, 1))
        self.stage1 = ResidualBlock(second)
        self.down2 = _convolution(second, third, (3, 3), (2, 2), (1, 1))
        self.stage2 = ResidualBlock(third)
        self.column = _convolution(third, head, (3, 1), (1, 1), (0, 0))
        self.dropout = nn.Dropout2d(0.05)
        self.classifier = nn.Conv2d(head, classes, (1, 7))

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: N x 3 x 24 x 94 float, normalised as the manifest says.

        Returns:
            N x classes x 18 float logits.
        """
        features = torch.relu(self.stem(images))
        features = self.stage1(torch.relu(self.down1(features)))
        features = self.stage2(torch.relu(self.down2(features)))
        features = self.dropout(torch.relu(self.column(features)))
        logits: Tensor = self.classifier(features)
        return logits.squeeze(2)
