"""Compiles a network for the BPU of an RDK X5 with the vendor's tools, and compares what came out.

The ``.bin`` names the folder in which it was made, so that is always the same one, which tells nothing.
Two builds differ in 24 bytes, three times eight letters of a folder that the compiler makes for itself, and
may list the three constants, and the two tensors between the parts, in another order.

Source: what hb_mapper 1.24.3 prints and writes; docs/board_toolchain.md shows it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from lprnet_ros.models.derive import write_manifest_like
from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import ModelManifest, RecognizerManifest
from lprnet_ros.runtimes import RuntimeUnavailableError, open_runtime
from lprnet_ros.toolchain.calibration_samples import write_set
from lprnet_ros.toolchain.compiler_log import Compilation, parse_log
from lprnet_ros.toolchain.compiler_yaml import HbMapperError, check_against_manifest, load_config
from lprnet_ros.toolchain.model_answers import (
    AnyManifest,
    Sample,
    answers_agree,
    model_input,
    output_cosine,
)

WORKSPACE = Path("/tmp/lprnet_x5")
"""Where everything is compiled."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The compiled network beside the float one.

    Attributes:
        samples: how many crops, or pictures, both were given.
        identical: for how many of them the compiled instructions give the output of the quantised graph,
            bit by bit.
        alike: for how many the text is that of the float network (greedy), or the found plates are its.
        cosines: of the output with the float network's, one a sample.
    """

    samples: int
    identical: int
    alike: int
    cosines: tuple[float, ...]


def compile_model(
    model: Path, config: Path, samples: Sequence[Sample], output: Path
) -> tuple[Compilation, Comparison]:
    """Export, calibrate, compile and simulate a network; write its ``.bin`` with manifest.

    Args:
        model: the float ONNX file with its manifest beside it.
        config: YAML of hb_mapper, whose paths are relative ones.
        samples: calibrate the compiler, and are then given to both networks; see ``samples_for``.
        output: the ``.bin`` to write.

    Returns:
        What the compiler says, and what the comparison found.

    Raises:
        RuntimeUnavailableError: the vendor's tools are not installed here.
        HbMapperError: the YAML does not fit, the compiler refuses, or the compiled instructions compute
            something else than the quantised graph.
        ManifestError, CalibrationSetError, LabelledDataError, InferenceError: as of the steps.
    """
    from lprnet_ros.toolchain.board_export import export_for_bpu  # needs onnx

    mapper = Path(sys.executable).parent / "hb_mapper"
    if not mapper.is_file():
        problem = f"there is no hb_mapper, the vendor's compiler, beside {sys.executable}"
        raise RuntimeUnavailableError(f"{problem}; run 'make board'")
    settings, manifest = load_config(config), load_any_manifest(model)
    check_against_manifest(settings, manifest)
    names = _model_parameters(config)
    kind = "crops" if isinstance(manifest, RecognizerManifest) else "pictures"
    with _workspace():
        graph = WORKSPACE / names["onnx_model"]
        export_for_bpu(model, graph)
        count = write_set(WORKSPACE / settings.calibration_folder, samples, settings, manifest)
        shutil.copyfile(config, WORKSPACE / config.name)
        compilation = parse_log(_run(mapper, config.name))
        changes = _manifest_changes(compilation, manifest, is_nv12=settings.type_rt == "nv12")
        changes["compiled"] |= {"config": config.name, "calibration": f"{count} {kind}"}
        stem = WORKSPACE / names["working_dir"] / names["output_model_file_prefix"]
        binary = stem.with_name(f"{stem.name}.bin")
        write_manifest_like(graph, binary, changes=changes)
        comparison = _compare(manifest, binary, stem.with_name(f"{stem.name}_quantized_model.onnx"), samples)
        if comparison.identical != comparison.samples:
            raise HbMapperError(
                f"of {comparison.samples} {kind} the compiled instructions give the quantised graph's output "
                f"for {comparison.identical} only; nothing was written"
            )
        shutil.copyfile(binary, output)
        write_manifest_like(model, output, changes=changes)
    return compilation, comparison


def _model_parameters(config: Path) -> dict[str, str]:
    """Return the paths and names that a YAML gives."""
    group = yaml.safe_load(config.read_text(encoding="utf-8")).get("model_parameters") or {}
    keys = ("onnx_model", "working_dir", "output_model_file_prefix")
    for key in keys:
        if not isinstance(group.get(key), str) or Path(group[key]).is_absolute():
            raise HbMapperError(f"{config}: {key} is {group.get(key)!r}, expected a relative path or a name")
    return {key: group[key] for key in keys}


@contextlib.contextmanager
def _workspace() -> Iterator[None]:
    """Make the folder, for one compilation at a time, and remove it; one that was killed may have left it."""
    with WORKSPACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(WORKSPACE, ignore_errors=True)
        WORKSPACE.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(WORKSPACE)


def _manifest_changes(
    compilation: Compilation, manifest: ModelManifest, *, is_nv12: bool
) -> dict[str, dict[str, Any]]:
    """Return what the compiled model's manifest says otherwise than the float one's."""
    compiled = dataclasses.asdict(compilation)
    del compiled["layers"]
    if not is_nv12:
        return {"compiled": compiled}
    pixels = dataclasses.replace(manifest.input, mean=(0.0,) * 3, scale=(1.0,) * 3)
    return {
        "compiled": compiled,
        "input": {"dtype": "nv12", "mean": 0.0, "scale": 1.0},
        "self_test": {"blue_pixel": list(pixels.normalise(blue=255, green=0, red=0))},
    }


def _run(mapper: Path, config: str) -> str:
    """Run the compiler in the workspace; return what it printed."""
    environment = os.environ | {
        "PATH": f"{mapper.parent}{os.pathsep}{os.environ.get('PATH', '')}",  # it calls its tools by name
        # the order in which the .bin holds constants and notes, which is random otherwise
        "PYTHONHASHSEED": "0",
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
    }
    command = [str(mapper), "makertbin", "--model-type", "onnx", "--config", config]
    done = subprocess.run(
        command, cwd=WORKSPACE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    log = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode != 0:
        lines = [line for line in re.sub("\x1b\\[[0-9;]*m", "", log).splitlines() if line.strip()]
        said = ([line for line in lines if "ERROR" in line] or lines or ["it said nothing"])[-1].strip()
        raise HbMapperError(f"hb_mapper refuses {config} (exit status {done.returncode}): {said}")
    return log


def _compare(manifest: AnyManifest, binary: Path, quantised: Path, samples: Sequence[Sample]) -> Comparison:
    """Compute with the float network, the quantised graph and the compiled instructions."""
    from horizon_tc_ui import HB_ONNXRuntime

    graph = HB_ONNXRuntime(model_file=str(quantised))
    compiled = load_any_manifest(binary)
    instructions, floats = open_runtime("simulator", compiled), open_runtime("onnx", manifest)
    identical, alike, cosines = 0, 0, []
    for sample in samples:
        image = sample.read()
        expected = floats.infer(model_input(image, manifest, manifest.input))
        tensor = model_input(image, manifest, compiled.input)
        found = instructions.infer(tensor)
        pixels = _yuv444(tensor, compiled) if compiled.input.dtype == "nv12" else tensor
        (output,) = graph.run(graph.output_names, {graph.input_names[0]: pixels})
        identical += np.array_equal(np.asarray(output).reshape(found.shape), found)
        alike += answers_agree(found, expected, manifest)
        cosines.append(output_cosine(found, expected, manifest))
    instructions.close()
    floats.close()
    return Comparison(len(samples), identical, alike, tuple(cosines))


def _yuv444(rows: npt.NDArray[np.uint8], manifest: ModelManifest) -> npt.NDArray[np.int8]:
    """Turn NV12 into what the quantised graph takes: Y, U and V of each pixel, less 128."""
    height, width = manifest.input.height, manifest.input.width
    colours = rows[height:, :width].reshape(height // 2, width // 2, 2).repeat(2, axis=0).repeat(2, axis=1)
    picture = np.concatenate([rows[:height, :width, None], colours], axis=2)
    return (picture.astype(np.int16) - 128).astype(np.int8)[None]
