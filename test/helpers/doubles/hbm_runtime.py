"""A stand-in for the RDK X5's ``hbm_runtime``, with its contract and its faults.

Source: shared/facts/toolchain.md, section 7: how the vendor's own library behaved when it was run on a PC.
The words of its errors are this project's.  The network is a copy: the logits are the first 68 x 18 numbers
of the input, or the first pixels of a picture.  Like the real library it holds Python's lock while it runs,
ends the process where hbDNNInfer fails, and returns what lay in memory where hbDNNWaitTaskDone fails.
"""

import ctypes
import os

import numpy as np

OUTPUT_SHAPE = (1, 68, 1, 18)
ROW_ALIGNMENT = 32
NV12_ROW_ALIGNMENT = 16
wait_for_the_bpu = ctypes.PyDLL(None).usleep  # PyDLL keeps Python's lock
_CHARACTERS = {"F32": "f", "F16": "e", "S32": "i", "U8": "B", "NV12": "B", "S8": "b", "RGB": "b", "BGR": "b"}
"""NumPy's character of each type that can be fed."""


class _DataType:
    def __init__(self, name):
        self.name = name


def _is_text(path):
    """Whether it is bytes, or text that can become UTF-8; a pathlib.Path is neither."""
    surrogates = isinstance(path, str) and any("\ud800" <= character <= "\udfff" for character in path)
    return isinstance(path, (str, bytes)) and not surrogates


class HB_HBMRuntime:  # noqa: N801 - the library's own name
    version = "stand-in"
    input_shape = (1, 3, 24, 94)
    input_type = "F32"
    inputs = ("x",)
    outputs = ("y",)
    output_shape = OUTPUT_SHAPE
    output_type = "F32"

    def __init__(self, path):
        os.write(1, b"[BPU_PLAT]BPU Platform Version(1.3.6)! soc info(x5)\n")
        for one in path if isinstance(path, list) else [path]:
            if not _is_text(one):
                raise TypeError(f"the constructor takes no {type(one).__name__}")
            if not os.path.exists(one):
                raise RuntimeError("no such file")
            if os.fsencode(one).rpartition(b".")[2] != (b"hbm" if isinstance(path, list) else b"bin"):
                raise RuntimeError("the extension is not that of a .hbm file")
        model = "Model from PaddlePaddle"
        self.model_names = [model]
        self.input_names = {model: list(self.inputs)}
        self.input_shapes = {model: {name: list(self.input_shape) for name in self.inputs}}
        self.input_dtypes = {model: {name: _DataType(self.input_type) for name in self.inputs}}
        self.output_names = {model: list(self.outputs)}
        self.output_shapes = {model: {name: list(self.output_shape) for name in self.outputs}}
        self.output_dtypes = {model: {name: _DataType(self.output_type) for name in self.outputs}}
        self.input_descs = self.output_descs = self.model_descs = self.hbm_descs = {}
        self.sched_params = {}
        width = -(-self.output_shape[-1] // ROW_ALIGNMENT) * ROW_ALIGNMENT
        self._memory = np.zeros((*self.output_shape[:-1], width), np.float32)
        self._frame = np.zeros(self._nv12_shape(), np.uint8)

    def set_scheduling_params(self, priority=None, bpu_cores=None, **other):
        """Checked and kept; the BPU never hears of them."""
        for value in (priority or {}).values():
            if not 0 <= value <= 255:
                raise RuntimeError(f"priority {value} is not 0 to 255")
        self.sched_params = {"priority": priority, "bpu_cores": bpu_cores, **other}

    def fault(self, array):
        """What goes wrong in this run: "" for nothing, "infer" or "wait"."""
        return ""

    def run(self, arrays, *, model_name=None, **unknown):
        if unknown:
            raise RuntimeError(f"unknown keywords: {', '.join(unknown)}")
        model = self.model_names[0]
        name, array = self._find(arrays, model, model_name)
        self._check(self.input_dtypes[model][name].name, self.input_shapes[model][name], array)
        wait_for_the_bpu(500)
        fault = self.fault(array)
        if fault == "infer":
            os.abort()  # the error is raised in a thread of its own, where nobody catches it
        if not fault:
            self._memory[..., : self.output_shape[-1]] = self._numbers(array)
        memory = self._memory.copy()  # each result has its own, in which the last one still lies
        return {model: {self.output_names[model][0]: memory[..., : self.output_shape[-1]]}}

    def _find(self, arrays, model, model_name):
        """The input's name and the array, of the three ways to give them."""
        if isinstance(arrays, np.ndarray):
            return self.input_names[model][0], arrays
        if not isinstance(arrays, dict):
            raise TypeError(f"run takes no {type(arrays).__name__}")
        if not arrays:
            raise RuntimeError("types differ: the model wants an array, there is none")
        ((key, value),) = arrays.items()
        if isinstance(value, dict):
            model_name = key
            ((key, value),) = value.items()
        if model_name not in (None, model) or key not in self.input_names[model]:
            raise RuntimeError(f"unknown model or input: {model_name} {key}")
        return key, value

    def _check(self, kind, shape, array):
        if kind not in _CHARACTERS:
            raise ValueError(f"inputs of type {kind} cannot be fed")
        if array.dtype.char != _CHARACTERS[kind]:
            os.write(1, b"=== C++ Debug: types differ ===\n")
            raise RuntimeError(f"types differ: the model wants {kind}, the array is {array.dtype}")
        if kind != "NV12" and list(array.shape) != list(shape):
            os.write(1, b"=== C++ Debug: shapes differ ===\n")
            raise RuntimeError(f"shapes differ: the model wants {shape}, the array has {array.shape}")

    def _nv12_shape(self):
        height, width = self.input_shape[2:] if len(self.input_shape) == 4 else (24, 94)
        return height * 3 // 2, -(-width // NV12_ROW_ALIGNMENT) * NV12_ROW_ALIGNMENT

    def _numbers(self, array):
        """What the network answers: its memory is copied to the BPU as it lies, whatever its byte order."""
        memory = np.frombuffer(np.ascontiguousarray(array).tobytes(), array.dtype.char)
        if self.input_type == "NV12":
            self._frame.reshape(-1)[: memory.size] = memory[: self._frame.size]
            height, width = self.input_shape[2:]
            memory = self._frame[:height, :width].reshape(-1)
        elif self.input_type in ("RGB", "BGR"):
            memory = memory.astype(np.float32) + 128
        size = int(np.prod(self.output_shape))
        return memory[:size].astype(np.float32).reshape(self.output_shape)
