"""What the tools give a model, and when two of its answers count as the same."""

import cv2
import numpy as np
import pytest
from finder_cells import encode, finder_manifest

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.sources.labelled import LabelledCrop
from lprnet_ros.toolchain.composed_pictures import ComposedPicture
from lprnet_ros.toolchain.model_answers import answers_agree, model_input, output_cosine, samples_for


def plate(x, y=100, score=0.9):
    return FoundPlate(quad_of_box(Box(x, y, 80, 24)), score)


@pytest.fixture
def finder(tmp_path):
    return finder_manifest(tmp_path / "finder.onnx")


def write(folder, name, width, height):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    (folder / name).write_bytes(cv2.imencode(".png", noise)[1].tobytes())
    return LabelledCrop(folder / name, "京A12345")


def test_a_reader_gets_crops_and_a_finder_pictures_that_are_drawn_around_them(finder, tmp_path):
    crops = [write(tmp_path, "京A12345.png", 94, 24)]
    assert samples_for(load_manifest(bundled_model()), crops, 5) is crops
    pictures = samples_for(finder, crops, 5)
    assert len(pictures) == 5
    assert all(isinstance(one, ComposedPicture) and one.read().shape == (384, 640, 3) for one in pictures)


def test_whole_pictures_stay_as_they_are_and_are_put_into_the_input_with_their_proportions(finder, tmp_path):
    crops = [write(tmp_path, "a.png", 1280, 500), write(tmp_path, "b.png", 94, 24)]
    (picture,) = samples_for(finder, crops, 5)
    tensor = model_input(picture.read(), finder, finder.input)
    assert tensor.shape == finder.input.shape
    assert np.all(tensor[:, :, 250:] == 0)
    assert np.any(tensor[:, :, 249] != 0)


@pytest.mark.parametrize(
    ("first", "second", "agrees"),
    [
        ([], [], True),
        ([plate(100)], [plate(104)], True),
        ([plate(100)], [plate(150)], False),
        ([plate(100)], [], False),
        ([plate(100)], [plate(100), plate(400)], False),
        ([plate(100), plate(400)], [plate(400), plate(100)], True),
        ([plate(100, score=0.6)], [plate(100, score=0.4)], False),
    ],
)
def test_finders_agree_where_they_find_as_many_plates_in_the_same_places(finder, first, second, agrees):
    assert answers_agree(encode(first), encode(second), finder) == agrees


def test_the_cosine_is_of_all_numbers(finder):
    cells = encode([plate(100)])
    assert output_cosine(cells, cells, finder) == pytest.approx(1)
    assert output_cosine(cells, -cells, finder) == pytest.approx(-1)
    assert output_cosine(cells, np.zeros_like(cells), finder) == 0
