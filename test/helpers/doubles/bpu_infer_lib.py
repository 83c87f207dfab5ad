"""A stand-in for the RDK X5's ``bpu_infer_lib``, with its contract and its faults.

Source: shared/facts/rdk_x5.md, section 8.  The network is a copy: the logits are the first 1 x 68 x 18
numbers of the input.  Failures are printed and answered with False; the input, the pending result and the
output buffer belong to the object, and the buffer is the same one after every inference.  The sleeps let
another thread in between the steps, so that a caller who forgets to lock is caught every time.
"""

import os
import time
from pathlib import Path

import numpy as np

INPUT_SHAPE = (1, 3, 24, 94)
OUTPUT_SIZE = 68 * 18


class _Properties:
    def __init__(self, shape):
        self.validShape = list(shape)  # the library's own name


class _Tensor:
    def __init__(self, data, shape=(1, 68, 18)):
        self.data = data
        self.properties = _Properties(shape)


class Infer:
    def __init__(self, debug):
        os.write(1, b"[BPU_PLAT]BPU Platform Version(1.3.6)! soc info(x5)\n")
        os.write(1, b"[HBRT] set log level as 0. version = 3.15.55.0\n")
        self.inputs = [_Tensor(None, INPUT_SHAPE)]
        self.outputs = [_Tensor(np.zeros(OUTPUT_SIZE, np.float32))]
        self._loaded = False
        self._input = None
        self._result = None

    def load_model(self, path):
        self._loaded = isinstance(path, str) and Path(path).is_file()
        return self._loaded or self._refuse(f"cannot open model {path}")

    def read_input(self, array, index):
        if not self._loaded or index != 0:
            return self._refuse("no such input")
        if array.dtype != np.float32:
            return self._refuse(f"expect float32, but got {array.dtype}")
        if array.size != np.prod(INPUT_SHAPE):
            return self._refuse(f"expect {np.prod(INPUT_SHAPE)} numbers, but got {array.size}")
        if not array.flags.c_contiguous:
            return self._refuse("the array is not contiguous")
        self._input = array.reshape(-1).copy()
        time.sleep(0.0005)
        return True

    def forward(self, more=False):
        if not self._loaded or self._input is None:
            return self._refuse("no input was read")
        self._result = self._input[:OUTPUT_SIZE].copy()
        self._loaded = more  # without more the device memory is given back
        time.sleep(0.0005)
        return True

    def get_output(self):
        if self._result is None:
            return self._refuse("nothing was inferred")
        self.outputs[0].data[:] = self._result
        time.sleep(0.0005)
        return True

    def _refuse(self, why):
        os.write(1, f"ERROR: {why}\n".encode())
        return False
