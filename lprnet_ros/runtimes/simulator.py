"""The vendor's simulator: the compiled instructions of a ``.bin`` on a PC, bit by bit as on the BPU.

It takes 40 ms a crop, and is for proof.  What the board's library does on the CPU at both ends, from
float to 8 bits and back, is done here with NumPy.  ``make board`` installs the simulator (package dgdk).

Source: the tools' own help; numbers as of ``HB_ONNXRuntime`` with the quantised graph, compared in tests.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.runtime import InferenceError, RuntimeSpec
from lprnet_ros.runtimes.tensor_checks import FoundTensor, check_model, check_result

_TIMEOUT_SECONDS = 60.0
_TYPES = {"FLOAT": "float32"}
"""The file's names of types; others keep their name and fit no manifest."""


class SimulatorRuntime:
    """A ``.bin`` model in ``hbdk-run-model-x86``, one process for each inference.

    Args:
        manifest: the model; its whole network must be one part on the BPU, as ``lpr_compile`` makes it.

    Raises:
        InferenceError: the file is no such model, or has another input or output.
    """

    name = "simulator"

    def __init__(self, manifest: ModelManifest) -> None:
        import hbdk

        self._manifest = manifest
        try:
            model = _runtime_format().ModelProto.FromString(manifest.path.read_bytes())
            (graph,) = model.graphs
            constants = {constant.name: constant for constant in graph.initializer}
            by_type = {node.op_type: node for node in graph.node}
            order = [node.op_type for node in graph.node if node.op_type != "Quantize"]
            if order != ["BPU", "Dequantize"]:
                raise ValueError(f"its parts are {', '.join(node.op_type for node in graph.node)}")
            instructions = constants["PACKED_HBM_MODEL"].string_data[0]
            quantise = by_type.get("Quantize")
            self._input_scale = _scales(constants, quantise) if quantise is not None else None
            self._output_scale = _scales(constants, by_type["Dequantize"])
        except Exception as error:  # the exceptions of protobuf and OSError share no public base class
            raise InferenceError(f"the simulator cannot load {manifest.path}: {error}") from error
        inputs, outputs = (
            [FoundTensor(list(one.type.dim), one.name, _type_name(one)) for one in tensors]
            for tensors in (graph.input, graph.output)
        )
        if quantise is None:  # pixels go in: as the picture that the manifest says
            inputs = [FoundTensor(None, one.name) for one in inputs]
        check_model(manifest, inputs, outputs)
        self._bpu_part = by_type["BPU"].name
        self._output_shape = tuple(int(size) for size in graph.output[0].type.dim)
        self._tools = Path(hbdk.__file__).parent
        self._folder: TemporaryDirectory[str] | None = TemporaryDirectory(prefix="lprnet_simulator_")
        (Path(self._folder.name) / "model.hbm").write_bytes(instructions)

    def infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Run the network once; see :class:`Runtime`."""
        if self._folder is None:
            raise InferenceError("the runtime is closed")
        with TemporaryDirectory(dir=self._folder.name) as folder:
            if self._input_scale is None:
                picture = Path(folder) / "input.yuv"  # so that the simulator takes it for a picture
                tensor.tofile(picture)
                size = f"{self._manifest.input.height}x{self._manifest.input.width}"
                options = ["--yuv-img-size", size, "--yuv-stride", str(tensor.shape[1])]
                options += ["--yuv-roi-coord", "0x0", "--yuv-roi-size", size]
            else:
                picture, options = Path(folder) / "input.bin", []
                rounded = np.rint(tensor / self._input_scale)
                np.clip(rounded, -128, 127).astype(np.int8).tofile(picture)
            numbers = self._run(Path(folder), picture, options)
        scale = self._output_scale.reshape((1, -1) + (1,) * (len(self._output_shape) - 2))
        try:
            logits = numbers.reshape(self._output_shape).astype(np.float32) * scale
        except ValueError as error:
            raise InferenceError(f"the simulator returned {numbers.size} numbers: {error}") from error
        return check_result(self._manifest, logits)

    def _run(self, folder: Path, picture: Path, options: list[str]) -> npt.NDArray[np.int64]:
        """Return the whole numbers that the instructions leave in the output."""
        libraries = f"{self._tools / 'lib64'}:{self._tools / 'lib64' / 'x86'}"
        model = str(folder.parent / "model.hbm")
        command = [str(self._tools / "sbin" / "hbdk-run-model-x86"), "--memory", "64", "-f", model]
        command += ["-n", self._bpu_part, "-i", str(picture), "-o", str(folder), *options]
        try:
            subprocess.run(
                command,
                env=os.environ | {"LD_LIBRARY_PATH": libraries},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_TIMEOUT_SECONDS,
            )
            (output,) = folder.glob("*_elem_int.txt")
            lines = output.read_text(encoding="utf-8").splitlines()
            return np.array(" ".join(line for line in lines if line[:1] != "#").split(), np.int64)
        except subprocess.CalledProcessError as error:
            said = (error.stderr or error.stdout).decode(errors="replace").strip().splitlines()
            problem = f"exit status {error.returncode}: {said[-1] if said else 'it said nothing'}"
            raise InferenceError(f"the simulator failed with {problem}") from error
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise InferenceError(f"the simulator failed: {error}") from error

    def close(self) -> None:
        """Remove the instructions' file."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


def _runtime_format() -> ModuleType:
    """Load the vendor's description of a ``.bin``, without its package, which takes two seconds."""
    package = importlib.util.find_spec("horizon_tc_ui")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("horizon_tc_ui is not installed; run 'make board'")
    path = Path(package.submodule_search_locations[0]) / "hbdtort" / "runtime_pb2.py"
    spec = importlib.util.spec_from_file_location("lprnet_ros_runtime_pb2", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _scales(constants: dict[str, Any], node: Any) -> npt.NDArray[np.float32]:
    """Return what one step of a node's whole numbers is worth: one number, or one a class."""
    return np.array(constants[node.input[1]].float_data, np.float32)


def _type_name(tensor: Any) -> str:
    name = type(tensor.type).DESCRIPTOR.fields_by_name["elem_type"].enum_type.values_by_number
    found = str(name[tensor.type.elem_type].name)
    return _TYPES.get(found, found)


SPEC = RuntimeSpec(
    name="simulator",
    suffixes=(".bin",),
    library="hbdk",
    holds_gil=False,
    open=lambda manifest, _threads: SimulatorRuntime(manifest),
    install_hint="the vendor's simulator: run 'make board' (Python 3.10, Linux on x86-64), and use the "
    "commands in .venv-board/bin",
    input_dtypes=("float32", "nv12"),
    by_name_only=True,
)
