"""Averages the weights of runs that continued from each other: a model soup (Wortsman et al., ICML 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lprnet_ros.models.manifest import ManifestError


def average_checkpoints(checkpoints: Sequence[Path], output: Path) -> None:
    """Write a checkpoint whose averaged weights are the mean of several runs'.

    Args:
        checkpoints: of runs of one network, each started from the weights of another;
            the mean of unrelated runs is useless.
        output: the checkpoint to write; it can be exported, but training cannot continue from it.

    Raises:
        ManifestError: one is missing, not a checkpoint of ``lpr_train``, or of another network.
    """
    states = []
    for path in checkpoints:
        if not path.is_file():
            raise ManifestError(f"{path}: no such checkpoint")
        state = torch.load(path, map_location="cpu", weights_only=True)
        if "averaged" not in state:
            raise ManifestError(f"{path}: not a checkpoint of lpr_train")
        states.append(state["averaged"])
        shapes = {name: value.shape for name, value in states[-1].items()}
        if shapes != {name: value.shape for name, value in states[0].items()}:
            raise ManifestError(f"{path}: not of the same network as {checkpoints[0]}")
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"averaged": mean}, output)
