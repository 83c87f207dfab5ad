"""What every inference runtime promises."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from lprnet_ros.model import ModelManifest


class RuntimeUnavailableError(RuntimeError):
    """A runtime's library is not installed; the message says what to install."""


class InferenceError(RuntimeError):
    """A runtime could not load or run a model; the message says what it reported."""


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
