"""A finder through the board's two libraries, as doubles: frames in, plates out, and their faults."""

import importlib

import numpy as np
import pytest
from finder_cells import encode, finder_manifest

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.runtimes import InferenceError, open_runtime

PLATE = FoundPlate(quad_of_box(Box(100, 200, 80, 24)), 0.9)
SIZES = {"input_shape": (1, 3, 384, 640), "output_shape": (1, 11, 48, 80)}


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "finder.bin"
    path.write_bytes(b"compiled for bayes-e")
    return finder_manifest(path)


@pytest.fixture
def library(board_libraries, monkeypatch):
    """hbm_runtime's double as a finder that always finds one plate."""
    double = importlib.import_module("hbm_runtime").HB_HBMRuntime
    for name, value in SIZES.items():
        monkeypatch.setattr(double, name, value)
    monkeypatch.setattr(double, "_numbers", lambda _self, array: encode([PLATE]) + 1e-3 * array.mean())
    return double


def frame(seed):
    picture = np.random.default_rng(seed).integers(0, 256, (768, 1280, 3), dtype=np.uint8)
    return BgrFrame(lambda: picture)


def test_it_finds_through_hbm_runtime(library, manifest):
    finder = PlateFinder(manifest, open_runtime("hbm", manifest))
    for seed in range(3):
        (plate,) = finder.find(frame(seed))
        np.testing.assert_allclose(plate.quad, 2 * np.array(PLATE.quad), atol=1.0)
    finder.close()
    with pytest.raises(InferenceError, match="closed"):
        finder.find(frame(0))


def test_cells_of_a_frame_before_are_no_answer(library, manifest, monkeypatch):
    finder = PlateFinder(manifest, open_runtime("hbm", manifest))
    assert len(finder.find(frame(0))) == 1
    monkeypatch.setattr(library, "fault", lambda *_: "wait")
    with pytest.raises(InferenceError, match="the result of the input before"):
        finder.find(frame(1))


@pytest.mark.parametrize(
    ("name", "shape", "which"),
    [("output_shape", (1, 11, 24, 40), "output"), ("input_shape", (1, 3, 640, 384), "input")],
)
def test_a_file_of_another_size_is_refused(library, manifest, monkeypatch, name, shape, which):
    monkeypatch.setattr(library, name, shape)
    with pytest.raises(InferenceError, match=f"has an {which} of shape"):
        open_runtime("hbm", manifest)


def test_bpu_infer_libs_flat_output_gets_its_shape_back(board_libraries, manifest, monkeypatch):
    double = importlib.import_module("bpu_infer_lib")
    monkeypatch.setattr(double, "INPUT_SHAPE", SIZES["input_shape"])
    monkeypatch.setattr(double, "OUTPUT_SIZE", 11 * 48 * 80)
    shaped = double._Tensor

    def tensor(data, shape=SIZES["output_shape"]):
        return shaped(data, shape)

    monkeypatch.setattr(double, "_Tensor", tensor)
    runtime = open_runtime("bpu", manifest)
    numbers = np.random.default_rng(0).normal(0, 1, SIZES["input_shape"]).astype(np.float32)
    cells = runtime.infer(numbers)
    assert cells.shape == SIZES["output_shape"]
    assert np.array_equal(cells.reshape(-1), numbers.reshape(-1)[: cells.size])
    runtime.close()
