"""The runtimes that there are; a new one is a file beside this and an entry in ``RUNTIMES``."""

from __future__ import annotations

import importlib
from pathlib import Path

from lprnet_ros.models.find import (
    BUNDLED_BOARD_FINDER,
    BUNDLED_BOARD_MODEL,
    BUNDLED_FINDER,
    BUNDLED_MODEL,
    BUNDLED_NV12_FINDER,
    bundled_model,
)
from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.runtimes import bpu, hbm, onnx, simulator
from lprnet_ros.runtimes.runtime import InferenceError, Runtime, RuntimeSpec, RuntimeUnavailableError

RUNTIMES: tuple[RuntimeSpec, ...] = (onnx.SPEC, hbm.SPEC, bpu.SPEC, simulator.SPEC)
"""In the order in which ``auto`` tries those that read a file."""

RUNTIME_NAMES = ("auto", *(spec.name for spec in RUNTIMES))


def find_runtime(name: str) -> RuntimeSpec:
    """Return the runtime of a name.

    Raises:
        ValueError: there is none.
    """
    for spec in RUNTIMES:
        if spec.name == name:
            return spec
    raise ValueError(f"there is no runtime {name!r}; runtimes: {', '.join(RUNTIME_NAMES)}")


def choose_runtime(manifest: ModelManifest) -> str:
    """Tell which runtime ``auto`` stands for: the first that reads such a file and whose library is there.

    Where none is there it is the last; its error then says what to install.

    Raises:
        RuntimeUnavailableError: no runtime reads such a file.
    """
    suffix = manifest.path.suffix.lower()
    readers = [spec for spec in RUNTIMES if suffix in spec.suffixes and not spec.by_name_only]
    if not readers:
        raise RuntimeUnavailableError(
            f"{manifest.path.name}: no runtime reads {suffix or 'a file without a suffix'}; "
            "give an .onnx file, or a .bin file that the BPU toolchain made"
        )
    return next((spec for spec in readers[:-1] if _import_error(spec) is None), readers[-1]).name


def default_model(runtime: str = "auto") -> Path:
    """Return the bundled model that an empty ``model`` stands for with a runtime.

    It is the board's for a runtime that reads ``.bin`` files, and for ``auto`` where the library of such a
    runtime can be imported; else the ONNX file.

    Raises:
        ManifestError: the package was installed without its models.
        ValueError: there is no runtime of that name.
    """
    return bundled_model(BUNDLED_BOARD_MODEL if _board_runtime(runtime) else BUNDLED_MODEL)


def default_finder(runtime: str = "auto") -> Path:
    """Return the bundled finder that no ``finder`` stands for with a runtime; as ``default_model``.

    On a board it is the one that takes a camera's planes, if the runtime feeds these.
    """
    board = _board_runtime(runtime)
    if board is None:
        return bundled_model(BUNDLED_FINDER)
    return bundled_model(BUNDLED_NV12_FINDER if "nv12" in board.input_dtypes else BUNDLED_BOARD_FINDER)


def _board_runtime(runtime: str) -> RuntimeSpec | None:
    """Return the runtime of that name that reads ``.bin`` files; for ``auto`` the first that is installed."""
    suffix = Path(BUNDLED_BOARD_MODEL).suffix
    if runtime == "auto":
        readers = (spec for spec in RUNTIMES if suffix in spec.suffixes and not spec.by_name_only)
        return next((spec for spec in readers if _import_error(spec) is None), None)
    spec = find_runtime(runtime)
    return spec if suffix in spec.suffixes else None


def open_runtime(name: str, manifest: ModelManifest, *, threads: int = 1) -> Runtime:
    """Open a model with a runtime.

    Args:
        name: one of ``RUNTIME_NAMES``.
        manifest: the model.
        threads: CPU threads for one inference, where the runtime has any.

    Raises:
        ValueError: there is no runtime of that name.
        RuntimeUnavailableError: its library is not installed, or made for another board.
        InferenceError: the model cannot be loaded, or has other inputs and
            outputs than its manifest says.
    """
    spec = find_runtime(choose_runtime(manifest) if name == "auto" else name)
    error = _import_error(spec)
    if error is not None:
        raise RuntimeUnavailableError(
            f"the runtime {spec.name!r} needs {spec.install_hint} ({error})"
        ) from error
    if manifest.input.dtype not in spec.input_dtypes:
        raise InferenceError(
            f"{manifest.path.name} takes an input of type {manifest.input.dtype}, "
            f"the runtime {spec.name!r} feeds {' or '.join(spec.input_dtypes)} only"
        )
    return spec.open(manifest, threads)


def _import_error(spec: RuntimeSpec) -> Exception | None:
    """Import a runtime's library; return why that is not possible."""
    try:
        importlib.import_module(spec.library)
    except (ImportError, RuntimeError) as error:  # RuntimeError: hbm_runtime built for another board
        return error
    return None
