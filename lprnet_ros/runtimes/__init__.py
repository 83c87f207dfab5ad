"""Inference runtimes: one file each, all behind the same protocol.

A runtime's library is imported only when that runtime is opened.
"""

from __future__ import annotations

import importlib

from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes.runtime import InferenceError, Runtime, RuntimeUnavailableError

__all__ = [
    "RUNTIME_NAMES",
    "InferenceError",
    "Runtime",
    "RuntimeUnavailableError",
    "choose_runtime",
    "open_runtime",
]

RUNTIME_NAMES = ("auto", "onnx", "hbm", "bpu")


def choose_runtime(manifest: ModelManifest) -> str:
    """Tell which runtime ``auto`` stands for.

    ``.onnx`` files go to ONNX Runtime, ``.bin`` files to hbm_runtime where that
    can be imported, else to bpu_infer_lib (D-Robotics recommends the former
    from RDK OS 3.5.0 on, above all for models with float inputs).

    Raises:
        RuntimeUnavailableError: no runtime reads such a file.
    """
    suffix = manifest.path.suffix.lower()
    if suffix == ".onnx":
        return "onnx"
    if suffix == ".bin":
        return "hbm" if _can_import("hbm_runtime") else "bpu"
    raise RuntimeUnavailableError(
        f"{manifest.path.name}: no runtime reads {suffix or 'a file without a suffix'}; "
        "give an .onnx file, or a .bin file that the BPU toolchain made"
    )


def _can_import(library: str) -> bool:
    try:
        importlib.import_module(library)
    except (ImportError, RuntimeError):  # RuntimeError: hbm_runtime built for another board
        return False
    return True


def open_runtime(name: str, manifest: ModelManifest, *, threads: int = 1) -> Runtime:
    """Open a model with a runtime.

    Args:
        name: one of ``RUNTIME_NAMES``.
        manifest: the model.
        threads: CPU threads for one inference; only ONNX Runtime has them.

    Raises:
        ValueError: there is no runtime of that name.
        RuntimeUnavailableError: its library is not installed.
        InferenceError: the model cannot be loaded, or has other inputs and
            outputs than its manifest says.
    """
    if name == "auto":
        name = choose_runtime(manifest)
    if name == "onnx":
        from lprnet_ros.runtimes.onnx import OnnxRuntime

        return OnnxRuntime(manifest, threads=threads)
    if name == "hbm":
        from lprnet_ros.runtimes.hbm import HbmRuntime

        return HbmRuntime(manifest)
    if name == "bpu":
        from lprnet_ros.runtimes.bpu import BpuRuntime

        return BpuRuntime(manifest)
    raise ValueError(f"there is no runtime {name!r}; runtimes: {', '.join(RUNTIME_NAMES)}")
