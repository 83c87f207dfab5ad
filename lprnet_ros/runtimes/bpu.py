"""bpu_infer_lib: the BPU of an RDK X5 with older system images.

Source: the RDK model zoo's bpu_infer_lib_x5 and its users; its methods report
failures by returning False, never by an exception.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.board_input import board_input
from lprnet_ros.runtimes.library_output import library_output_to_stderr
from lprnet_ros.runtimes.result_watch import ResultWatch
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeSpec
from lprnet_ros.runtimes.tensor_checks import FoundTensor, check_model


class BpuRuntime:
    """A ``.bin`` model on the BPU through ``bpu_infer_lib.Infer``.

    Input, forward and output share state inside the library's object, so each
    inference holds a lock from the first to the last, and copies the result.

    Args:
        manifest: the model.

    Raises:
        InferenceError: the model cannot be loaded or has another input or output.
    """

    name = "bpu"

    def __init__(self, manifest: ModelManifest) -> None:
        import bpu_infer_lib

        self._manifest = manifest
        self._lock = threading.Lock()
        self._results = ResultWatch(manifest)
        with library_output_to_stderr():
            library = bpu_infer_lib.Infer(False)
            loaded = library.load_model(str(manifest.path))
        # load_model's return value is not documented: None passes, False does not
        if loaded is False:
            raise InferenceError(f"bpu_infer_lib cannot load {manifest.path}; its messages are on stderr")
        check_model(manifest, [_found(library, "inputs")], [_found(library, "outputs")])
        self._library: Any = library

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once; see :class:`Runtime`."""
        given = board_input(self._manifest, tensor, "F32")
        with self._lock:
            if self._library is None:
                raise InferenceError("the runtime is closed")
            return self._results.take(tensor, lambda: self._run(given))

    def close(self) -> None:
        """Give the model back."""
        with self._lock:
            self._library = None

    def _run(self, given: npt.NDArray[Any]) -> object:
        """Do the three steps; the result is the library's own buffer."""
        library = self._library
        self._check(library.read_input(given, 0), "read_input", f"a float32 input {given.shape}")
        self._check(library.forward(more=True), "forward", "the inference")
        self._check(library.get_output(), "get_output", "the output")
        try:
            output = np.asarray(library.outputs[0].data)
        except IndexError as error:
            raise InferenceError(f"{self._manifest.path.name} has no output") from error
        shape = self._manifest.output.shape
        if output.shape == (math.prod(shape),):  # the library's buffer, which has no shape of its own
            output = output.reshape(shape)
        return output

    def _check(self, result: object, method: str, what: str) -> None:
        if result is False:
            raise InferenceError(
                f"bpu_infer_lib refused {what} ({method} returned False); its messages are on stdout"
            )


def _found(library: Any, side: str) -> FoundTensor:
    """Return what the library says of its first input or output, if it says anything."""
    try:
        return FoundTensor([int(size) for size in getattr(library, side)[0].properties.validShape])
    except (AttributeError, IndexError, TypeError):
        return FoundTensor(None)


SPEC = RuntimeSpec(
    name="bpu",
    suffixes=(".bin",),
    library="bpu_infer_lib",
    holds_gil=True,
    open=lambda manifest, _threads: BpuRuntime(manifest),
    install_hint="bpu_infer_lib on the RDK X5: pip install bpu_infer_lib_x5 "
    "-i http://sdk.d-robotics.cc:8080/simple/ --trusted-host sdk.d-robotics.cc "
    "(Python 3.10 of the system, no virtual environment)",
)
