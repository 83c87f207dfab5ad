"""The bundled finders: whole, of one kind, every node on the BPU, and blind to flat and noisy pictures."""

import csv
import dataclasses

import cv2
import numpy as np
import pytest

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.models.find import (
    BUNDLED_BOARD_FINDER,
    BUNDLED_FINDER,
    BUNDLED_NV12_FINDER,
    bundled_model,
)
from lprnet_ros.models.load import load_finder_manifest
from lprnet_ros.runtimes import default_finder

INT8 = "plate_finder_int8.onnx"
FILES = (BUNDLED_FINDER, INT8, BUNDLED_BOARD_FINDER, BUNDLED_NV12_FINDER)


@pytest.fixture(scope="module", params=[BUNDLED_FINDER, INT8])
def finder(request):
    finder = PlateFinder.open(bundled_model(request.param))
    yield finder
    finder.close()


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_the_one_that_its_manifest_describes_and_made_of_the_float_one(name):
    manifest, original = (load_finder_manifest(bundled_model(one)) for one in (name, BUNDLED_FINDER))
    manifest.verify_file()
    assert (manifest.stride, manifest.minimum_score) == (original.stride, original.minimum_score)
    if name == BUNDLED_NV12_FINDER:
        pixels = dataclasses.replace(original.input, dtype="nv12", mean=(0.0,) * 3, scale=(1.0,) * 3)
        assert manifest.input == pixels
        assert manifest.self_test.blue_pixel == (0.0, 0.0, 255.0)
        assert manifest.self_test.quads == original.self_test.quads
    else:
        assert manifest.input == original.input
        assert manifest.self_test == original.self_test
    assert manifest.self_test.image.is_file()


def test_without_a_board_the_float_one_is_meant():
    assert default_finder("onnx") == bundled_model(BUNDLED_FINDER)
    assert default_finder("hbm") == default_finder("simulator") == bundled_model(BUNDLED_NV12_FINDER)
    assert default_finder("bpu") == bundled_model(BUNDLED_BOARD_FINDER)


@pytest.mark.parametrize("name", [BUNDLED_BOARD_FINDER, BUNDLED_NV12_FINDER])
def test_the_table_shows_every_node_on_the_bpu(name):
    model = bundled_model(name)
    with model.with_suffix(".csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert {row["device"] for row in rows} == {"BPU"}
    compiled = load_finder_manifest(model).compiled
    assert compiled["parts"] == 1
    assert compiled["estimated_us"] <= 900


@pytest.mark.parametrize("level", [0, 60, 128, 255])
def test_nothing_is_found_on_one_colour(finder, level):
    picture = np.full((480, 640, 3), level, np.uint8)
    assert finder.find(BgrFrame(lambda: picture)) == []


@pytest.mark.parametrize("size", [(30, 20), (94, 24), (640, 384), (1280, 720)])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_noise(finder, size, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert finder.find(BgrFrame(lambda: noise)) == []
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    assert finder.find(BgrFrame(lambda: smooth)) == []
