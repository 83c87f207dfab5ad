"""hbm_runtime: the BPU of an RDK X5 with RDK OS 3.5.0 or later.

Source: D-Robotics rdk_doc, hbm_runtime API of X5, and the LPRNet sample of
rdk_model_zoo (branch rdk_x5).
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.library_output import library_output_to_stderr
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeSpec
from lprnet_ros.runtimes.tensor_checks import FoundTensor, check_model, check_result

_DTYPES = {"F32": "float32", "NV12": "nv12"}
"""The library's names of types; others keep their name and fit no manifest."""


class HbmRuntime:
    """A ``.bin`` model on the BPU through ``hbm_runtime.HB_HBMRuntime``.

    The library refuses a second ``run`` while one is in progress and keeps
    the GIL meanwhile, so calls take turns.

    Args:
        manifest: the model.

    Raises:
        InferenceError: the model cannot be loaded or has another input or output.
    """

    name = "hbm"

    def __init__(self, manifest: ModelManifest) -> None:
        import hbm_runtime

        self._manifest = manifest
        self._lock = threading.Lock()
        try:
            with library_output_to_stderr():
                library = hbm_runtime.HB_HBMRuntime(str(manifest.path))
            self._model = library.model_names[0]
            inputs, outputs = (
                [_found(name, shapes[self._model], dtypes[self._model]) for name in names[self._model]]
                for names, shapes, dtypes in (
                    (library.input_names, library.input_shapes, library.input_dtypes),
                    (library.output_names, library.output_shapes, library.output_dtypes),
                )
            )
        except (RuntimeError, ValueError, KeyError, IndexError) as error:
            raise InferenceError(f"hbm_runtime cannot load {manifest.path}: {error}") from error
        check_model(manifest, inputs, outputs)
        self._library: Any = library
        self._input, self._output = inputs[0].name, outputs[0].name

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once; see :class:`Runtime`."""
        with self._lock:
            if self._library is None:
                raise InferenceError("the runtime is closed")
            try:
                results = self._library.run({self._model: {self._input: tensor}})
                output = results[self._model][self._output]
            except (RuntimeError, ValueError, KeyError) as error:
                raise InferenceError(f"hbm_runtime failed: {error}") from error
            return check_result(self._manifest, output)

    def close(self) -> None:
        """Give the model back."""
        with self._lock:
            self._library = None


def _found(name: str, shapes: Any, dtypes: Any) -> FoundTensor:
    dtype = getattr(dtypes[name], "name", str(dtypes[name]))
    return FoundTensor(shapes[name], name, _DTYPES.get(dtype, dtype))


SPEC = RuntimeSpec(
    name="hbm",
    suffixes=(".bin",),
    library="hbm_runtime",
    holds_gil=True,
    input_dtypes=("float32", "nv12"),
    open=lambda manifest, _threads: HbmRuntime(manifest),
    install_hint="hbm_runtime, which comes with RDK OS 3.5.0 or later on the RDK X5 "
    "(package hobot-spdev); the hbm_runtime on PyPI is built for other boards. Update the board, "
    "or use runtime 'bpu' (bpu_infer_lib)",
)
