"""A stand-in for the RDK X5's ``hbm_runtime``, with its contract and its faults.

Source: shared/facts/rdk_x5.md, section 8.  The network is a copy: the logits are the first 1 x 68 x 18
numbers of the input.  The real library holds Python's lock while it runs; this one sleeps in the middle,
so that a caller who forgets to take turns is caught every time and not by luck.
"""

import os
import threading
import time
from pathlib import Path

import numpy as np

OUTPUT_SHAPE = (1, 68, 18)


class _DataType:
    def __init__(self, name):
        self.name = name


class HB_HBMRuntime:  # noqa: N801 - the library's own name
    input_shape = (1, 3, 24, 94)
    input_type = "F32"
    inputs = ("x",)
    outputs = ("y",)
    output_shape = OUTPUT_SHAPE
    output_type = "F32"

    def __init__(self, path):
        os.write(1, b"[BPU_PLAT]BPU Platform Version(1.3.6)! soc info(x5)\n")
        if not isinstance(path, str):
            raise TypeError("HB_HBMRuntime(): incompatible constructor arguments")
        if not path.endswith(".bin"):
            raise RuntimeError(f"Unsupported model file extension: {path}")
        if not Path(path).is_file():
            raise RuntimeError(f"Model file does not exist: {path}")
        model = "Model from PaddlePaddle"
        self.model_names = [model]
        self.input_names = {model: list(self.inputs)}
        self.input_shapes = {model: {name: list(self.input_shape) for name in self.inputs}}
        self.input_dtypes = {model: {name: _DataType(self.input_type) for name in self.inputs}}
        self.output_names = {model: list(self.outputs)}
        self.output_shapes = {model: {name: list(self.output_shape) for name in self.outputs}}
        self.output_dtypes = {model: {name: _DataType(self.output_type) for name in self.outputs}}
        self._in_use = threading.Lock()

    def run(self, arrays):
        if not self._in_use.acquire(blocking=False):
            raise RuntimeError("run() already in use")
        try:
            ((model, named),) = arrays.items()
            ((name, array),) = named.items()
            if model not in self.model_names or name not in self.input_names[model]:
                raise RuntimeError(f"unknown model or input: {model} {name}")
            if array.dtype != np.float32:
                raise RuntimeError(f"Data type mismatch: expected F32, got {array.dtype}")
            if list(array.shape) != list(self.input_shapes[model][name]):
                raise RuntimeError(f"Mismatch in tensor dimension: {array.shape}")
            time.sleep(0.0005)
            numbers = np.ascontiguousarray(array).reshape(-1)[: np.prod(OUTPUT_SHAPE)]
            return {model: {self.output_names[model][0]: numbers.reshape(OUTPUT_SHAPE).copy()}}
        finally:
            self._in_use.release()
