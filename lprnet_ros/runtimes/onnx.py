"""ONNX Runtime on the CPU: the default on a PC."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeSpec
from lprnet_ros.runtimes.tensor_checks import FoundTensor, check_model, check_result

_DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}
"""ONNX Runtime's names of types; others keep their name and fit no manifest."""


class OnnxRuntime:
    """A model in ONNX Runtime, one inference a call (batches are slower for this network on a CPU).

    Args:
        manifest: the model.
        threads: CPU threads for one inference; more than one pays for larger networks only.

    Raises:
        InferenceError: the file is no ONNX model or has another input or output.
    """

    name = "onnx"

    def __init__(self, manifest: ModelManifest, *, threads: int = 1) -> None:
        import onnxruntime

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
        inputs, outputs = (
            [FoundTensor(one.shape, one.name, _DTYPES.get(one.type, one.type)) for one in tensors]
            for tensors in (session.get_inputs(), session.get_outputs())
        )
        check_model(manifest, inputs, outputs)
        self._session: onnxruntime.InferenceSession | None = session
        self._input = inputs[0].name
        self._outputs = [outputs[0].name]

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once; see :class:`Runtime`."""
        session = self._session
        if session is None:
            raise InferenceError("the runtime is closed")
        try:
            outputs = session.run(self._outputs, {self._input: tensor})
        except Exception as error:  # as above
            raise InferenceError(f"ONNX Runtime failed: {error}") from error
        return check_result(self._manifest, outputs[0])

    def close(self) -> None:
        """Give the session back."""
        self._session = None


SPEC = RuntimeSpec(
    name="onnx",
    suffixes=(".onnx",),
    library="onnxruntime",
    holds_gil=False,
    open=lambda manifest, threads: OnnxRuntime(manifest, threads=threads),
    install_hint="ONNX Runtime: pip install onnxruntime 'numpy<2' "
    "(no apt package has it; ROS 2 Humble and Jazzy are compiled for numpy 1)",
    input_dtypes=("float32", "uint8"),
)
