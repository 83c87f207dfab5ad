"""Writes a trained finder as ONNX with the manifest that tells how to use it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.models.manifest import ManifestError, manifest_path, sha256_of
from lprnet_ros.models.tensor_spec import shared_number
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.checkpoint_export import write_onnx
from lprnet_ros.training.finder.finder_net import FinderNet
from lprnet_ros.training.finder.finder_validation import MINIMUM_SCORE, finder_of
from lprnet_ros.training.finder.scene_stream import PREPROCESSING
from lprnet_ros.training.finder.taught_cells import STRIDE
from lprnet_ros.training.finder.training_file import NETWORK


def is_finder_checkpoint(state: dict[str, Any]) -> bool:
    """Tell whether a loaded checkpoint is of a finder's training."""
    return dict(state.get("config", {})).get("network") == NETWORK


def export_finder(state: dict[str, Any], output: Path, self_test: Path) -> Path:
    """Export a trained finder.

    Args:
        state: a checkpoint of ``FinderTrainer``; its averaged weights are taken.
        output: the ``.onnx`` file to write.
        self_test: picture with plates; it is copied beside the model, and what the network finds in it
            is what every runtime must find.

    Returns:
        The manifest's path.

    Raises:
        ManifestError: the network finds no plate in the picture.
    """
    network = FinderNet()
    network.load_state_dict(state["averaged"])
    picture = read_image(self_test)
    found = finder_of(network).find(BgrFrame(lambda: picture))
    if not found:
        raise ManifestError(f"{self_test}: the network finds no plate there; take a picture in which it does")
    write_onnx(network.eval(), output, PREPROCESSING.shape, "cells")
    copy = output.with_name(f"{output.stem}.self_test{self_test.suffix}")
    if self_test.resolve() != copy.resolve():
        shutil.copyfile(self_test, copy)
    values = {
        "name": output.stem,
        "sha256": sha256_of(output),
        "input": {
            "channel_order": PREPROCESSING.channel_order,
            "mean": shared_number(PREPROCESSING.mean),
            "scale": shared_number(PREPROCESSING.scale),
            "width": PREPROCESSING.width,
            "height": PREPROCESSING.height,
        },
        "output": {"stride": STRIDE, "minimum_score": MINIMUM_SCORE},
        "self_test": {
            "blue_pixel": list(PREPROCESSING.normalise(blue=255, green=0, red=0)),
            "image": copy.name,
            "quads": [[round(value, 1) for corner in plate.quad for value in corner] for plate in found],
        },
    }
    path = manifest_path(output)
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
    return path
