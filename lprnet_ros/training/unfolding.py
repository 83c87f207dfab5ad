"""Takes a network's weights back out of its ONNX file, so that it can be trained further."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.toolchain.onnx_weights import convolution_weights


def load_onnx_weights(network: nn.Module, model: Path, pictures: Sequence[Tensor]) -> None:
    """Load exported weights into a network, and its batch normalisation's statistics from pictures.

    The export folds each normalisation into the convolution before it.  Measured on pictures, what
    the folded convolutions give tells how to unfold them: in inference the network answers as the
    file does, in training its activations are normalised as before.

    Args:
        network: a ``PlateNet``, whose modules stand in the order in which they compute.
        model: the ``.onnx`` file that ``write_onnx`` wrote.
        pictures: batches such as those of the training, N x 3 x 24 x 94, normalised.

    Raises:
        ManifestError: the file is missing, no ONNX, or holds another network.
    """
    folded = convolution_weights(model)
    modules = list(network.modules())
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d)]
    shapes = [tuple(module.weight.shape) for module in convolutions]
    if [weights.shape for weights, _ in folded] != shapes:
        raise ManifestError(f"{model}: its convolutions are not those of this network: {shapes}")
    pairs = [
        (module, following)
        for module, following in pairwise(modules)
        if isinstance(module, nn.Conv2d) and isinstance(following, nn.BatchNorm2d)
    ]
    norms = dict(pairs)
    with torch.no_grad():
        for module, (weights, bias) in zip(convolutions, folded, strict=True):
            module.weight.copy_(torch.from_numpy(weights))
            if module.bias is not None:
                module.bias.copy_(torch.from_numpy(bias))
                continue
            norm = norms[module]
            nn.init.ones_(norm.weight)
            norm.bias.copy_(torch.from_numpy(bias))
            nn.init.zeros_(norm.running_mean)
            nn.init.constant_(norm.running_var, 1.0 - norm.eps)
        _unfold(network, pairs, pictures)


def _unfold(
    network: nn.Module, pairs: Sequence[tuple[nn.Conv2d, nn.BatchNorm2d]], pictures: Sequence[Tensor]
) -> None:
    """Give each normalisation the statistics of its convolution, and undo them by its scale and bias."""
    moments: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {module: [] for module, _ in pairs}

    def measure(module: nn.Module, _inputs: object, output: Tensor) -> None:
        values = output.double()
        moments[module].append((values.mean((0, 2, 3)), (values * values).mean((0, 2, 3))))

    hooks = [module.register_forward_hook(measure) for module, _ in pairs]
    network.eval()
    for batch in pictures:
        network(batch)
    for hook in hooks:
        hook.remove()
    for module, norm in pairs:
        means, squares = zip(*moments[module], strict=True)
        mean = torch.stack(means).mean(0)
        variance = (torch.stack(squares).mean(0) - mean * mean).clamp_min(0.0)
        bias = norm.bias.double() + mean
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(bias)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
