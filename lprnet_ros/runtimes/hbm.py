"""hbm_runtime: the BPU of an RDK X5 with RDK OS 3.5.0 or later.

Source: D-Robotics rdk_doc, hbm_runtime API of X5; the LPRNet sample of rdk_model_zoo (branch rdk_x5);
and the published library itself (D-Robotics/x5-hobot-spdev), run on a PC above a stand-in for the BPU.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.board_input import board_input
from lprnet_ros.runtimes.library_output import library_output_to_stderr
from lprnet_ros.runtimes.result_watch import ResultWatch
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeSpec
from lprnet_ros.runtimes.tensor_checks import FoundTensor, check_model

_DTYPES = {"F32": "float32", "U8": "uint8", "NV12": "nv12"}
"""The library's names of types; beside these ``RGB`` or ``BGR``, where the manifest says so."""


class HbmRuntime:
    """A ``.bin`` model on the BPU through ``hbm_runtime.HB_HBMRuntime``.

    The library keeps the GIL while it runs, so calls take turns.  An inference that the BPU refuses
    ends the process, and no handler sees it: worker processes are replaced, a node with
    ``workers: 0`` ends.

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
        self._results = ResultWatch(manifest)
        dtypes = _DTYPES | {manifest.input.channel_order.upper(): "uint8"}
        try:
            with library_output_to_stderr():
                library = hbm_runtime.HB_HBMRuntime(str(manifest.path))
            model = library.model_names[0]
            inputs, outputs = (
                [FoundTensor(shapes[model][name], name, _text(types[model][name])) for name in names[model]]
                for names, shapes, types in (
                    (library.input_names, library.input_shapes, library.input_dtypes),
                    (library.output_names, library.output_shapes, library.output_dtypes),
                )
            )
        except (RuntimeError, TypeError, ValueError, KeyError, IndexError) as error:
            # TypeError: a path that is no UTF-8
            raise InferenceError(f"hbm_runtime cannot load {manifest.path}: {error}") from error
        check_model(manifest, *([_known(tensor, dtypes) for tensor in side] for side in (inputs, outputs)))
        self._library: Any = library
        self._model, self._input, self._output = model, inputs[0].name, outputs[0].name
        self._element = str(inputs[0].dtype)

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once; see :class:`Runtime`."""
        given = board_input(self._manifest, tensor, self._element)
        with self._lock:
            if self._library is None:
                raise InferenceError("the runtime is closed")
            return self._results.take(tensor, lambda: self._run(given))

    def close(self) -> None:
        """Give the model back."""
        with self._lock:
            self._library = None

    def _run(self, given: npt.NDArray[Any]) -> object:
        try:
            return self._library.run({self._model: {self._input: given}})[self._model][self._output]
        except (RuntimeError, ValueError, KeyError) as error:
            raise InferenceError(f"hbm_runtime failed: {error}") from error


def _text(dtype: object) -> str:
    return str(getattr(dtype, "name", dtype))


def _known(tensor: FoundTensor, dtypes: Mapping[str, str]) -> FoundTensor:
    """Put the manifest's name of a type in the place of the library's; others fit no manifest."""
    return tensor._replace(dtype=dtypes.get(str(tensor.dtype), tensor.dtype))


SPEC = RuntimeSpec(
    name="hbm",
    suffixes=(".bin",),
    library="hbm_runtime",
    holds_gil=True,
    open=lambda manifest, _threads: HbmRuntime(manifest),
    install_hint="hbm_runtime, which comes with RDK OS 3.5.0 or later on the RDK X5 "
    "(package hobot-spdev); the hbm_runtime on PyPI is built for other boards. Update the board, "
    "or use runtime 'bpu' (bpu_infer_lib)",
    input_dtypes=("float32", "uint8", "nv12"),
)
