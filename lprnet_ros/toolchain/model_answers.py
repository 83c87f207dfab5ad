"""What the tools ask of a model that reads plates or finds them: its input, and whether answers agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.finding.plate_cells import decode_cells
from lprnet_ros.finding.search_part import picture_input
from lprnet_ros.images.geometry import intersection_over_union
from lprnet_ros.models.manifest import FinderManifest, RecognizerManifest
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.self_test import logits_cosine
from lprnet_ros.sources.labelled import LabelledCrop
from lprnet_ros.toolchain.composed_pictures import ComposedPicture, compose

AnyManifest = RecognizerManifest | FinderManifest
Sample = LabelledCrop | ComposedPicture
_SAME = 0.5
"""Intersection over union from which two quads are of one plate."""


def samples_for(manifest: AnyManifest, crops: Sequence[LabelledCrop], count: int) -> Sequence[Sample]:
    """Return what a model is tried with: crops for one that reads; for one that finds, whole pictures.

    Pictures of at least half the finder's input stay as they are; smaller ones are crops, and so many
    pictures are drawn around them.

    Raises:
        LabelledDataError: a picture cannot be read.
    """
    if not isinstance(manifest, FinderManifest):
        return crops
    width, height = manifest.input.width, manifest.input.height
    pictures = [(crop.path, crop.read()) for crop in crops]
    whole = [one for one in pictures if one[1].shape[0] >= height / 2 and one[1].shape[1] >= width / 2]
    if whole:
        return [ComposedPicture(path, picture, ()) for path, picture in whole]
    return compose(pictures, count, (width, height))


def model_input(image: npt.NDArray[np.uint8], manifest: AnyManifest, spec: TensorSpec) -> npt.NDArray[Any]:
    """Return what a model gets of a sample, BGR, normalised as a spec says that is shaped as its input."""
    return (picture_input if isinstance(manifest, FinderManifest) else preprocess)(image, spec)


def answers_agree(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], manifest: AnyManifest
) -> bool:
    """Tell whether two outputs say the same: the same text, or as many plates in the same places."""
    if isinstance(manifest, RecognizerManifest):
        texts = [decode_greedy(logits[0], manifest.alphabet).text for logits in (first, second)]
        return texts[0] == texts[1]
    stride, score = manifest.stride, manifest.minimum_score
    plates, others = (decode_cells(cells, stride, score) for cells in (first, second))
    return len(plates) == len(others) and all(
        any(intersection_over_union(plate.quad, other.quad) >= _SAME for other in others) for plate in plates
    )


def output_cosine(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], manifest: AnyManifest
) -> float:
    """Return the cosine similarity of two outputs, -1..1."""
    if isinstance(manifest, RecognizerManifest):
        return logits_cosine(first[0], second[0])
    norms = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(np.vdot(first, second)) / norms if norms > 0 else 0.0
