"""The two board libraries as test doubles, and models that they can open."""

import dataclasses
import importlib
import sys
from pathlib import Path

import pytest

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest

DOUBLES = Path(__file__).resolve().parents[1] / "helpers" / "doubles"
BOARD_LIBRARIES = ("hbm_runtime", "bpu_infer_lib")


def forget_board_libraries():
    for name in BOARD_LIBRARIES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


@pytest.fixture
def no_board_libraries(monkeypatch):
    """A machine that is no board: neither library can be imported."""
    for name in BOARD_LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def board_libraries(monkeypatch):
    """Both doubles can be imported; they are forgotten again afterwards."""
    forget_board_libraries()
    monkeypatch.syspath_prepend(str(DOUBLES))
    yield
    forget_board_libraries()


@pytest.fixture(scope="session")
def onnx_manifest():
    return load_manifest(bundled_model())


@pytest.fixture
def bin_manifest(onnx_manifest, tmp_path):
    """A manifest for the board's kind of model file; the doubles look at nothing but its name."""
    path = tmp_path / "lpr.bin"
    path.write_bytes(b"compiled for bayes-e")
    return dataclasses.replace(onnx_manifest, path=path)
