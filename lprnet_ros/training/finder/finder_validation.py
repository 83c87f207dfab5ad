"""How many plates of labelled pictures a network in training finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lprnet_ros.evaluation.found import LabelledQuad, Matched, corner_error, match_found, read_labelled_frames
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.models.manifest import CELL_CHANNELS, FinderManifest, FindingSelfTest
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.finder.pictures import EXACT
from lprnet_ros.training.finder.scene_stream import PREPROCESSING
from lprnet_ros.training.finder.taught_cells import STRIDE

MINIMUM_SCORE = 0.48
"""Threshold that exported manifests name; chosen on the pictures with the role ``choose``."""

LabelledPictures = Sequence[tuple[npt.NDArray[np.uint8], Sequence[LabelledQuad]]]
"""Pictures, BGR, and their plates."""


class NetworkRuntime:
    """A network of PyTorch as a ``Runtime``."""

    name = "torch"

    def __init__(self, network: nn.Module) -> None:
        self._network = network.eval()
        self._device = next(network.parameters()).device

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once."""
        with torch.no_grad():
            answer = self._network(torch.from_numpy(tensor).to(self._device))
        return np.asarray(answer.float().cpu().numpy(), np.float32)

    def close(self) -> None:
        """Do nothing."""


def finder_of(network: nn.Module) -> PlateFinder:
    """Return a finder that searches with a network in training."""
    rows, columns = PREPROCESSING.height // STRIDE, PREPROCESSING.width // STRIDE
    blue = PREPROCESSING.normalise(blue=255, green=0, red=0)
    manifest = FinderManifest(
        path=Path("in training"),
        name="in training",
        sha256="",
        input=PREPROCESSING,
        output=TensorSpec((1, CELL_CHANNELS, rows, columns)),
        self_test=FindingSelfTest(blue),
        stride=STRIDE,
        minimum_score=MINIMUM_SCORE,
    )
    return PlateFinder(manifest, NetworkRuntime(network))


def load_labelled(index: Path, role: str) -> LabelledPictures:
    """Load the pictures of a CSV that have a role."""
    return [(read_image(path), plates) for path, plates in read_labelled_frames(index, (role,)).items()]


def validate(network: nn.Module, pictures: LabelledPictures) -> Mapping[str, float]:
    """Search pictures; return recall, precision and the median error of corners that are exactly known."""
    finder, whole = finder_of(network), Matched()
    for picture, plates in pictures:
        whole += match_found(plates, finder.find(_frame(picture)))
    errors = [
        corner_error(found.quad, plate.quad)
        for plate, found in whole.hits
        if plate.columns.get("label_source", EXACT).startswith(EXACT)
    ]
    return {
        "recall_accuracy": round(whole.recall, 4),
        "precision_accuracy": round(whole.precision, 4),
        "corner_error": round(float(np.median(errors)), 4) if errors else 1.0,
    }


def _frame(picture: npt.NDArray[np.uint8]) -> BgrFrame:
    return BgrFrame(lambda: picture)
