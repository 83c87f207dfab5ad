"""What every inference runtime promises, and how it is described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest


class RuntimeUnavailableError(RuntimeError):
    """A runtime's library is not installed; the message says what to install."""


class InferenceError(RuntimeError):
    """A runtime could not load or run a model; the message says what it reported."""


class Runtime(Protocol):
    """A loaded model: a tensor in, a tensor out.

    ``infer`` may be called from several threads; calls that the library cannot
    run at once wait for one another.
    """

    @property
    def name(self) -> str:
        """Name of the runtime."""
        ...

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once.

        Args:
            tensor: contiguous, of the shape and type of the manifest's input; for nv12 uint8 rows,
                as ``preprocess`` makes them.

        Returns:
            The output: of the shape and type of the manifest's output, owned by the caller.

        Raises:
            InferenceError: the library reported a failure, or returned
                something else than the manifest's output.
        """
        ...

    def close(self) -> None:
        """Give the model back; later calls of ``infer`` raise InferenceError."""
        ...


@dataclass(frozen=True)
class RuntimeSpec:
    """A runtime that models can be opened with.

    Attributes:
        name: what users call it.
        suffixes: of the model files that it reads, lower case.
        library: the Python module that it needs.
        holds_gil: whether an inference keeps the GIL, so that only processes run side by side.
        open: loads a model with so many CPU threads for one inference (a runtime without
            threads of its own ignores the number).
        install_hint: what the library is and how to get it.
        input_dtypes: element types that it can feed.
        by_name_only: whether ``auto`` leaves it alone.
    """

    name: str
    suffixes: tuple[str, ...]
    library: str
    holds_gil: bool
    open: Callable[[ModelManifest, int], Runtime]
    install_hint: str
    input_dtypes: tuple[str, ...] = ("float32",)
    by_name_only: bool = False
