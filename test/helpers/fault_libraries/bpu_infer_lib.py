"""The double of ``bpu_infer_lib``, with the faults that crops ask for."""

import importlib.util
import os
import signal
import time
from pathlib import Path

import numpy as np
from board_model import fault_of

_DOUBLE = Path(__file__).resolve().parents[1] / "doubles" / "bpu_infer_lib.py"
_spec = importlib.util.spec_from_file_location("sound_bpu_infer_lib", _DOUBLE)
_sound = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sound)


class Infer(_sound.Infer):
    def __init__(self, debug):
        super().__init__(debug)
        self._fault = ""
        self._buffer = self.outputs[0]

    def read_input(self, array, index):
        self._fault = fault_of(array)
        return super().read_input(array, index)

    def forward(self, more=False):
        if self._fault == "raise":
            raise RuntimeError("forward failed")
        if self._fault == "type error":
            raise TypeError("an error that no manual names")
        if self._fault == "hang":
            time.sleep(3600)
        if self._fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault == "false":
            return self._refuse("the BPU is busy")
        return super().forward(more=more)

    def get_output(self):
        self.outputs[0] = self._buffer
        result = True if self._fault == "stale" else super().get_output()
        if self._fault in ("nan", "constant"):
            self._buffer.data[:] = np.nan if self._fault == "nan" else 0.0
        if self._fault == "shape":
            self.outputs[0] = _sound._Tensor(self._buffer.data[:-18])
        return result
