"""The classic LPRNet graph: loads the public LPRNet_Pytorch checkpoint, and is the rival in benchmarks.

Source: Zherzdev and Gruzdev, "LPRNet: License Plate Recognition via Deep Neural
Networks", arXiv 1806.10447, as LPRNet_Pytorch lays it out: its state dict fits
name by name.  Two of its operators fall off the BPU: Pow and a mean over all axes.
Here the mean is taken over each sample, so a reading never depends on the other
crops of a batch; for a batch of one that is the original.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.models.tensor_spec import TensorSpec

CLASSIC_PREPROCESSING = TensorSpec.picture(channel_order="bgr", mean=127.5, scale=1 / 128)
"""What the public checkpoint was trained with."""


class _SubsamplingMaxPool(nn.Module):
    """3x3 maximum over space that keeps every n-th channel (a MaxPool3d in the original)."""

    def __init__(self, channel_stride: int, width_stride: int) -> None:
        super().__init__()
        self._channel_stride = channel_stride
        self._pool = nn.MaxPool2d((3, 3), stride=(1, width_stride))

    def forward(self, features: Tensor) -> Tensor:
        pooled: Tensor = self._pool(features[:, :: self._channel_stride])
        return pooled


class _SmallBasicBlock(nn.Module):
    """1x1, 3x1, 1x3 and 1x1 convolutions (figure 2 of the paper)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 4
        self.block = nn.Sequential(
            nn.Conv2d(inputs, inner, 1),
            nn.ReLU(),
            nn.Conv2d(inner, inner, (3, 1), padding=(1, 0)),
            nn.ReLU(),
            nn.Conv2d(inner, inner, (1, 3), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(inner, outputs, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        mapped: Tensor = self.block(features)
        return mapped


class ClassicLPRNet(nn.Module):
    """LPRNet of LPRNet_Pytorch.

    Args:
        classes: output classes, the CTC blank included.
    """

    def __init__(self, classes: int = 68) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 64, 3),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            _SubsamplingMaxPool(1, 1),
            _SmallBasicBlock(64, 128),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            _SubsamplingMaxPool(2, 2),
            _SmallBasicBlock(64, 256),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            _SmallBasicBlock(256, 256),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            _SubsamplingMaxPool(4, 2),
            nn.Dropout(0.5),
            nn.Conv2d(64, 256, (1, 4)),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Conv2d(256, classes, (13, 1)),
            nn.BatchNorm2d(classes),
            nn.ReLU(),
        )
        self.container = nn.Sequential(nn.Conv2d(64 + 128 + 256 + classes, classes, 1))
        self._context = {
            2: nn.AvgPool2d(5, stride=5),
            6: nn.AvgPool2d(5, stride=5),
            13: nn.AvgPool2d((4, 10), stride=(4, 2)),
            22: nn.Identity(),
        }

    def forward(self, images: Tensor) -> Tensor:
        """Map N x 3 x 24 x 94 to N x classes x 18 logits."""
        contexts = []
        features = images
        for index, layer in enumerate(self.backbone):
            features = layer(features)
            if index in self._context:
                context = self._context[index](features)
                contexts.append(context / torch.pow(context, 2).mean(dim=(1, 2, 3), keepdim=True))
        logits: Tensor = self.container(torch.cat(contexts, dim=1))
        return logits.mean(dim=2)


def load_classic(checkpoint: Path) -> ClassicLPRNet:
    """Load a state dict of LPRNet_Pytorch.

    Args:
        checkpoint: the ``.pth`` file, such as ``Final_LPRNet_model.pth``.

    Returns:
        The network, ready to infer.

    Raises:
        ManifestError: the file is missing or holds another network.
    """
    if not checkpoint.is_file():
        raise ManifestError(f"{checkpoint}: no such checkpoint")
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    classes = state["container.0.weight"].shape[0] if "container.0.weight" in state else 68
    network = ClassicLPRNet(classes)
    try:
        network.load_state_dict(OrderedDict(state))
    except RuntimeError as error:
        raise ManifestError(f"{checkpoint} is no state dict of LPRNet_Pytorch: {error}") from error
    return network.eval()
