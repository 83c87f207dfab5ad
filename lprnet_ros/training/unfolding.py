"""Batch normalisation folded into the convolutions, as an export does it, and taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.toolchain.onnx_weights import convolution_weights


def fold(network: nn.Module) -> None:
    """Fold each normalisation into its convolution: what is left of it adds a bias.

    Args:
        network: a ``PlateNet``, whose modules stand in the order in which they compute.
    """
    with torch.no_grad():
        for convolution, norm in _pairs(network):
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            convolution.weight.mul_(scale[:, None, None, None])
            _leave_bias(norm, norm.bias - norm.running_mean * scale)


def load_folded(network: nn.Module, model: Path) -> None:
    """Load the weights of an exported file, folded as they are.

    Args:
        network: a ``PlateNet``.
        model: the ``.onnx`` file that ``write_onnx`` wrote.

    Raises:
        ManifestError: the file is missing, no ONNX, or holds another network.
    """
    folded = convolution_weights(model)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    shapes = [tuple(convolution.weight.shape) for convolution in convolutions]
    if [weights.shape for weights, _ in folded] != shapes:
        raise ManifestError(f"{model}: its convolutions are not those of this network: {shapes}")
    norms = dict(_pairs(network))
    with torch.no_grad():
        for convolution, (weights, bias) in zip(convolutions, folded, strict=True):
            convolution.weight.copy_(torch.from_numpy(weights))
            if convolution.bias is not None:
                convolution.bias.copy_(torch.from_numpy(bias))
            else:
                _leave_bias(norms[convolution], torch.from_numpy(bias))


def load_onnx_weights(network: nn.Module, model: Path, pictures: Sequence[Tensor]) -> None:
    """Load the weights of an exported file so that they can be trained on.

    Measured on pictures, what the folded convolutions give tells how to unfold them: in inference the
    network answers as the file does, in training its activations are normalised as before.

    Args:
        network: a ``PlateNet``.
        model: the ``.onnx`` file that ``write_onnx`` wrote.
        pictures: batches such as those of the training, N x 3 x 24 x 94, normalised.

    Raises:
        ManifestError: as of ``load_folded``.
    """
    load_folded(network, model)
    moments: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {module: [] for module, _ in _pairs(network)}

    def measure(module: nn.Module, _inputs: object, output: Tensor) -> None:
        values = output.double()
        moments[module].append((values.mean((0, 2, 3)), (values * values).mean((0, 2, 3))))

    hooks = [module.register_forward_hook(measure) for module in moments]
    network.eval()
    with torch.no_grad():
        for batch in pictures:
            network(batch)
        for hook in hooks:
            hook.remove()
        for convolution, norm in _pairs(network):
            means, squares = zip(*moments[convolution], strict=True)
            mean = torch.stack(means).mean(0)
            variance = (torch.stack(squares).mean(0) - mean * mean).clamp_min(0.0)
            norm.bias.copy_(norm.bias.double() + mean)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)


def _pairs(network: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """List the convolutions that a normalisation follows."""
    return [
        (module, following)
        for module, following in pairwise(network.modules())
        if isinstance(module, nn.Conv2d) and isinstance(following, nn.BatchNorm2d)
    ]


def _leave_bias(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    """Let a normalisation do nothing in inference but add a bias."""
    norm.bias.copy_(bias)
    nn.init.ones_(norm.weight)
    nn.init.zeros_(norm.running_mean)
    nn.init.constant_(norm.running_var, 1.0 - norm.eps)
