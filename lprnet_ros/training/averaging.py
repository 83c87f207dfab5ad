"""Averages the weights of runs that continued from each other: a model soup (Wortsman et al., ICML 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.training.network import PlateNet
from lprnet_ros.training.unfolding import fold, load_folded


def average_checkpoints(
    checkpoints: Sequence[Path], output: Path, shares: Sequence[float] | None = None
) -> None:
    """Write a checkpoint whose averaged weights are the mean of several runs'.

    Args:
        checkpoints: of runs of one network, each started from the weights of another;
            the mean of unrelated runs is useless.  Exported ``.onnx`` files may be
            among them; then the weights are averaged as an export folds them.
        output: the checkpoint to write; it can be exported, but training cannot continue from it.
        shares: of each in the mean, in sum 1; None gives all the same.

    Raises:
        ManifestError: one is missing, not a checkpoint of ``lpr_train``, or of another network;
            or the shares do not fit.
    """
    if shares is None:
        shares = [1 / len(checkpoints)] * len(checkpoints)
    if len(shares) != len(checkpoints) or abs(sum(shares) - 1) > 1e-6:
        raise ManifestError(f"shares are {list(shares)}: expected {len(checkpoints)}, in sum 1")
    states = [_load(path) for path in checkpoints]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    for path, each in zip(checkpoints, shapes, strict=True):
        if each != shapes[0]:
            raise ManifestError(f"{path}: not of the same network as {checkpoints[0]}")
    if any(path.suffix == ".onnx" for path in checkpoints):
        states = [_folded(state) for state in states]
    mean = {
        name: sum(share * state[name] for share, state in zip(shares, states, strict=True))
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"averaged": mean}, output)


def _load(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise ManifestError(f"{path}: no such checkpoint")
    if path.suffix == ".onnx":
        network = PlateNet()
        load_folded(network, path)
        return network.state_dict()
    state = torch.load(path, map_location="cpu", weights_only=True)
    if "averaged" not in state:
        raise ManifestError(f"{path}: not a checkpoint of lpr_train")
    weights: Mapping[str, Tensor] = state["averaged"]
    return weights


def _folded(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    network = PlateNet()
    network.load_state_dict(state)
    fold(network)
    return network.state_dict()
