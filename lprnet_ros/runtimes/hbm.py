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
from lprnet_ros.runtimes.runtime import (
    InferenceError,
    RuntimeUnavailableError,
    check_output,
    library_output_to_stderr,
)

_INSTALL = (
    "the runtime 'hbm' needs hbm_runtime, which comes with RDK OS 3.5.0 or later on the RDK X5 "
    "(package hobot-spdev); the hbm_runtime on PyPI is built for other boards. Update the board, "
    "or use runtime 'bpu' (bpu_infer_lib)"
)


class HbmRuntime:
    """A ``.bin`` model on the BPU through ``hbm_runtime.HB_HBMRuntime``.

    The library refuses a second ``run`` while one is in progress and keeps
    Python's global lock meanwhile, so calls take turns.

    Args:
        manifest: the model.

    Raises:
        RuntimeUnavailableError: hbm_runtime is missing, or made for another board.
        InferenceError: the model cannot be loaded or has another input or output.
    """

    def __init__(self, manifest: ModelManifest) -> None:
        try:
            import hbm_runtime
        except (ImportError, RuntimeError) as error:  # RuntimeError: libdnn.so is absent
            raise RuntimeUnavailableError(f"{_INSTALL} ({error})") from error
        self._manifest = manifest
        self._lock = threading.Lock()
        try:
            with library_output_to_stderr():
                library = hbm_runtime.HB_HBMRuntime(str(manifest.path))
            self._model = library.model_names[0]
            inputs = list(library.input_names[self._model])
            outputs = list(library.output_names[self._model])
            shape = tuple(library.input_shapes[self._model][inputs[0]])
            kind = library.input_dtypes[self._model][inputs[0]]
        except (RuntimeError, ValueError, KeyError, IndexError) as error:
            raise InferenceError(f"hbm_runtime cannot load {manifest.path}: {error}") from error
        if len(inputs) != 1 or len(outputs) != 1:
            raise InferenceError(
                f"{manifest.path.name} has {len(inputs)} inputs and {len(outputs)} outputs, expected one each"
            )
        type_name = getattr(kind, "name", str(kind))
        if shape != manifest.input_shape or type_name != "F32":
            raise InferenceError(
                f"{manifest.path.name} wants an input {shape} of type {type_name}, "
                f"its manifest says {manifest.input_shape} of type F32"
            )
        self._library: Any = library
        self._input, self._output = inputs[0], outputs[0]

    @property
    def name(self) -> str:
        """``hbm``."""
        return "hbm"

    def infer(self, tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Run the network on one crop; see :class:`Runtime`."""
        with self._lock:
            if self._library is None:
                raise InferenceError("the runtime is closed")
            try:
                results = self._library.run({self._model: {self._input: tensor}})
                output = results[self._model][self._output]
            except (RuntimeError, ValueError, KeyError) as error:
                raise InferenceError(f"hbm_runtime failed: {error}") from error
            return check_output(output, self._manifest)

    def close(self) -> None:
        """Give the model back."""
        with self._lock:
            self._library = None
