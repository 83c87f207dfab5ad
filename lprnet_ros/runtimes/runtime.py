"""What every inference runtime promises."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest


class RuntimeUnavailableError(RuntimeError):
    """A runtime's library is not installed; the message says what to install."""


class InferenceError(RuntimeError):
    """A runtime could not load or run a model; the message says what it reported."""


@contextlib.contextmanager
def library_output_to_stderr() -> Iterator[None]:
    """Send what a C library prints on stdout to stderr: stdout belongs to the results of the tools."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # C's own buffer, before stdout is itself again
        os.dup2(kept, 1)
        os.close(kept)


class Runtime(Protocol):
    """A loaded model.

    ``infer`` may be called from several threads; calls that the library cannot
    run at once wait for one another.
    """

    @property
    def name(self) -> str:
        """Name of the runtime, as in ``RUNTIME_NAMES``."""
        ...

    def infer(self, tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Run the network on one crop.

        Args:
            tensor: float32, contiguous, of the manifest's input shape.

        Returns:
            Logits, classes x time steps, float32, owned by the caller.

        Raises:
            InferenceError: the library reported a failure, or returned
                something else than the manifest's output shape.
        """
        ...

    def close(self) -> None:
        """Give the model back; later calls of ``infer`` raise InferenceError."""
        ...


def check_output(output: object, manifest: ModelManifest) -> npt.NDArray[np.float32]:
    """Return a library's output as logits, classes x time steps, in memory of its own.

    Args:
        output: the array that the library returned.
        manifest: says how many classes and time steps there are.

    Raises:
        InferenceError: it is no array with that many numbers.
    """
    array = np.array(output, dtype=np.float32)
    _, classes, steps = manifest.output_shape
    if array.size != classes * steps:
        raise InferenceError(
            f"{manifest.path.name} returned an output of shape {array.shape}, "
            f"its manifest says {manifest.output_shape}"
        )
    return array.reshape(classes, steps)
