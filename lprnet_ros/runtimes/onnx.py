"""ONNX Runtime on the CPU: the default on a PC."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeUnavailableError, check_output


class OnnxRuntime:
    """A model in ONNX Runtime, one crop a call (batches are slower for this network on a CPU).

    Args:
        manifest: the model.
        threads: CPU threads for one inference; more than one pays for larger networks only.

    Raises:
        RuntimeUnavailableError: onnxruntime is not installed.
        InferenceError: the file is no ONNX model or has another input or output.
    """

    def __init__(self, manifest: ModelManifest, *, threads: int = 1) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeUnavailableError(
                "the runtime 'onnx' needs ONNX Runtime: pip install onnxruntime 'numpy<2' "
                "(no apt package has it; ROS 2 Humble and Jazzy are compiled for numpy 1)"
            ) from error
        self._manifest = manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            # read here: ONNX Runtime cannot open every path that Python can
            session = onnxruntime.InferenceSession(
                manifest.path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no public base class
            raise InferenceError(f"ONNX Runtime cannot load {manifest.path}: {error}") from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise InferenceError(
                f"{manifest.path.name} has {len(inputs)} inputs and {len(outputs)} outputs, expected one each"
            )
        _check_shape("input", inputs[0].shape, manifest.input_shape, manifest)
        _check_shape("output", outputs[0].shape, manifest.output_shape, manifest)
        self._session: onnxruntime.InferenceSession | None = session
        self._input = inputs[0].name
        self._outputs = [outputs[0].name]

    @property
    def name(self) -> str:
        """``onnx``."""
        return "onnx"

    def infer(self, tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Run the network on one crop; see :class:`Runtime`."""
        session = self._session
        if session is None:
            raise InferenceError("the runtime is closed")
        try:
            outputs = session.run(self._outputs, {self._input: tensor})
        except Exception as error:  # as above
            raise InferenceError(f"ONNX Runtime failed: {error}") from error
        return check_output(outputs[0], self._manifest)

    def close(self) -> None:
        """Give the session back."""
        self._session = None


def _check_shape(
    which: str, actual: list[int | str], expected: tuple[int, ...], manifest: ModelManifest
) -> None:
    """Compare a shape with the manifest's; symbolic dimensions fit anything.

    An output may be written with more dimensions of 1: for a board it has four (1 x classes x 1 x steps).
    """
    full = actual
    if which == "output" and len(actual) > len(expected):
        actual = [*actual[:2], *(size for size in actual[2:] if size != 1)]
    fits = len(actual) == len(expected) and all(
        not isinstance(have, int) or have == want for have, want in zip(actual, expected, strict=True)
    )
    if not fits:
        raise InferenceError(
            f"{manifest.path.name} has an {which} of shape {full}, its manifest says {list(expected)}"
        )
