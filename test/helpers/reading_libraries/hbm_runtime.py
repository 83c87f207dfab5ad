"""The double of ``hbm_runtime`` with a network that reads: the bundled one, in ONNX Runtime.

For PYTHONPATH of a process that shall pass for one on a board.
"""

import importlib.util
from pathlib import Path

import onnxruntime

_ROOT = Path(__file__).resolve().parents[3]
_spec = importlib.util.spec_from_file_location(
    "sound_hbm_runtime", _ROOT / "test" / "helpers" / "doubles" / "hbm_runtime.py"
)
_sound = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sound)


class HB_HBMRuntime(_sound.HB_HBMRuntime):  # noqa: N801 - the library's own name
    def __init__(self, path):
        super().__init__(path)
        self._session = onnxruntime.InferenceSession(str(_ROOT / "models" / "lprnet.onnx"))

    def _numbers(self, array):
        (logits,) = self._session.run(None, {self._session.get_inputs()[0].name: array})
        return logits.reshape(self.output_shape)
