"""Compares what a library says of a model's tensors, and what it returns, with the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.runtime import InferenceError


class FoundTensor(NamedTuple):
    """What a library says of an input or output; None where it says nothing.

    Attributes:
        shape: its dimensions; those that are no numbers are open and fit anything.
        name: its name.
        dtype: its type.
    """

    shape: Sequence[object] | None
    name: str | None = None
    dtype: str | None = None


def check_model(
    manifest: ModelManifest, inputs: Sequence[FoundTensor], outputs: Sequence[FoundTensor]
) -> None:
    """Check that a model has one input and one output, and that they are the manifest's.

    The output may have more dimensions of 1 after the second: for a board
    logits have four (1 x classes x 1 x time steps).

    Raises:
        InferenceError: they are not; the message says what differs.
    """
    model = manifest.path.name
    if len(inputs) != 1 or len(outputs) != 1:
        raise InferenceError(
            f"{model} has {len(inputs)} inputs and {len(outputs)} outputs, expected one each"
        )
    for which, found, spec in (("input", inputs[0], manifest.input), ("output", outputs[0], manifest.output)):
        if spec.name and found.name not in (None, spec.name):
            raise InferenceError(
                f"{model} has an {which} named {found.name!r}, its manifest says {spec.name!r}"
            )
        shape = found.shape if which == "input" else _squeezed(found.shape, spec)
        if shape is not None and not _fits(shape, spec):
            raise InferenceError(
                f"{model} has an {which} of shape {list(found.shape or ())}, "
                f"its manifest says {list(spec.shape)}"
            )
        if found.dtype not in (None, spec.dtype):
            raise InferenceError(
                f"{model} has an {which} of type {found.dtype}, its manifest says {spec.dtype}"
            )


def check_result(manifest: ModelManifest, result: object) -> npt.NDArray[np.float32]:
    """Return what an inference gave, in the shape of the manifest's output and in memory of its own.

    Raises:
        InferenceError: it is no array of that shape (see ``check_model``) and type.
    """
    array, spec = np.asarray(result), manifest.output
    if _squeezed(array.shape, spec) != list(spec.shape) or array.dtype != spec.dtype:
        raise InferenceError(
            f"{manifest.path.name} returned an output of shape {array.shape} and type {array.dtype}, "
            f"its manifest says {spec.shape} and {spec.dtype}"
        )
    return np.array(array, order="C").reshape(spec.shape)


def _squeezed(shape: Sequence[object] | None, spec: TensorSpec) -> list[object] | None:
    """Return a shape without dimensions of 1 that the manifest's output need not have."""
    if shape is None or len(shape) <= len(spec.shape):
        return None if shape is None else list(shape)
    return [*shape[:2], *(size for size in shape[2:] if size != 1)]


def _fits(shape: Sequence[object], spec: TensorSpec) -> bool:
    return len(shape) == len(spec.shape) and all(
        not isinstance(have, int) or have == want for have, want in zip(shape, spec.shape, strict=True)
    )
