"""Compares what a library says of a model's tensors, and what it returns, with the manifest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.runtimes.runtime import InferenceError

Shape = Sequence[object]
"""Dimensions as a library gives them: numbers, or names of those that are open."""


def check_count(manifest: ModelManifest, inputs: Sequence[object], outputs: Sequence[object]) -> None:
    """Check that a model has one input and one output.

    Raises:
        InferenceError: it has not.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise InferenceError(
            f"{manifest.path.name} has {len(inputs)} inputs and {len(outputs)} outputs, expected one each"
        )


def check_input(manifest: ModelManifest, name: str | None, shape: Shape, dtype: str | None) -> None:
    """Check a model's input.

    Args:
        manifest: of the model.
        name: of the input; None where the library does not tell.
        shape: its dimensions; those that are no numbers fit anything.
        dtype: its type; None where the library does not tell.

    Raises:
        InferenceError: it is not the manifest's.
    """
    _check(manifest, "input", manifest.input, name, shape, dtype)


def check_output(manifest: ModelManifest, name: str | None, shape: Shape, dtype: str | None) -> None:
    """Check a model's output, as ``check_input`` does.

    It may have more dimensions of 1 after the second: for a board logits have
    four (1 x classes x 1 x time steps).
    """
    _check(manifest, "output", manifest.output, name, _squeezed(shape, manifest.output), dtype, shape)


def check_result(manifest: ModelManifest, result: object) -> npt.NDArray[np.float32]:
    """Return what an inference gave, in the shape of the manifest's output and in memory of its own.

    Raises:
        InferenceError: it is no array of that shape (see ``check_output``) and type.
    """
    array, spec = np.asarray(result), manifest.output
    if _squeezed(array.shape, spec) != list(spec.shape) or array.dtype != spec.dtype:
        raise InferenceError(
            f"{manifest.path.name} returned an output of shape {array.shape} and type {array.dtype}, "
            f"its manifest says {spec.shape} and {spec.dtype}"
        )
    return np.array(array, order="C").reshape(spec.shape)


def _squeezed(shape: Shape, spec: TensorSpec) -> list[object]:
    """Return a shape without dimensions of 1 that the manifest's output need not have."""
    if len(shape) <= len(spec.shape):
        return list(shape)
    return [*shape[:2], *(size for size in shape[2:] if size != 1)]


def _check(
    manifest: ModelManifest,
    which: str,
    spec: TensorSpec,
    name: str | None,
    shape: Shape,
    dtype: str | None,
    full_shape: Shape | None = None,
) -> None:
    model = manifest.path.name
    if spec.name and name not in (None, spec.name):
        raise InferenceError(f"{model} has an {which} named {name!r}, its manifest says {spec.name!r}")
    if len(shape) != len(spec.shape) or any(
        isinstance(have, int) and have != want for have, want in zip(shape, spec.shape, strict=True)
    ):
        found = list(shape if full_shape is None else full_shape)
        raise InferenceError(f"{model} has an {which} of shape {found}, its manifest says {list(spec.shape)}")
    if dtype is not None and dtype != spec.dtype:
        raise InferenceError(f"{model} has an {which} of type {dtype}, its manifest says {spec.dtype}")
