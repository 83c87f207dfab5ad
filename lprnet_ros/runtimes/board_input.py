"""How a network's input is handed to the board's libraries, which take their own types of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.runtime import InferenceError


def board_input(manifest: ModelManifest, tensor: npt.NDArray[Any], element: str) -> npt.NDArray[Any]:
    """Return an input as the library copies it to the BPU.

    Checked here, since hbm_runtime prints on stdout before it refuses an input, misreads numbers of
    another byte order, and does not check the size of an NV12 picture (all seen with the library itself).

    Args:
        manifest: the model.
        tensor: of the manifest's shape and type; for ``nv12`` uint8, height rows of Y and half as many
            of U and V in turns, each as wide as the BPU aligns it: a multiple of 16 bytes.
        element: the library's name of the input's type: ``F32``, ``U8``, ``RGB``, ``BGR`` or ``NV12``.

    Returns:
        float32 and ``U8`` as they are; ``RGB`` and ``BGR`` as int8, 128 less, which is what the compiled
        network reads (whether the board's driver takes off 128 itself was not seen: the self-test tells);
        ``NV12`` as it is.

    Raises:
        InferenceError: the tensor has another shape or type.
    """
    spec = manifest.input
    shape, dtype = spec.shape, np.dtype(np.uint8 if spec.dtype == "nv12" else spec.dtype)
    if spec.dtype == "nv12":
        shape = spec.nv12_shape
    if tensor.shape != shape or tensor.dtype != dtype:
        raise InferenceError(
            f"{manifest.path.name} was given an input of shape {tensor.shape} and type {tensor.dtype}, "
            f"it takes {shape} and {dtype}"
        )
    return (tensor ^ 128).view(np.int8) if element in ("RGB", "BGR") else np.ascontiguousarray(tensor)
