"""A finder in ONNX Runtime, from the file to the quads."""

import numpy as np
import pytest
import yaml
from red_finder import QUAD, red_picture, write_red_finder

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box
from lprnet_ros.models.manifest import ManifestError, manifest_path
from lprnet_ros.runtimes import InferenceError
from lprnet_ros.runtimes.self_test_input import SelfTestError


@pytest.fixture
def model(tmp_path):
    return write_red_finder(tmp_path)


@pytest.mark.parametrize("scale", [1, 2, 3, 7])
def test_it_is_found_where_it_is_at_any_size(model, scale):
    finder = PlateFinder.open(model)
    picture = red_picture(scale)
    (plate,) = finder.find(BgrFrame(lambda: picture))
    np.testing.assert_allclose(plate.quad, scale * np.array(QUAD), atol=0.5 * scale)
    assert plate.score > 0.5
    assert plate.rows == 1
    finder.close()
    with pytest.raises(InferenceError, match="closed"):
        finder.find(BgrFrame(lambda: picture))


def test_it_is_found_inside_a_box_and_not_beside_it(model):
    finder = PlateFinder.open(model)
    picture = red_picture(2)
    frame = BgrFrame(lambda: picture)
    for box, count in ((Box(20, 10, 290, 180), 1), (Box(0, 0, 320, 192), 1), (Box(0, 0, 60, 40), 0)):
        assert len(finder.find(frame, [box])) == count
    assert len(finder.find(frame, [Box(20, 10, 290, 180), Box(0, 0, 320, 192)])) == 1


def changed(model, section, **fields):
    values = yaml.safe_load(manifest_path(model).read_text(encoding="utf-8"))
    values[section] |= fields
    manifest_path(model).write_text(yaml.safe_dump(values), encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "fields", "error", "message"),
    [
        ("input", {"channel_order": "bgr"}, SelfTestError, "blue pixel"),
        ("input", {"width": 168}, InferenceError, "has an input of shape"),
        ("output", {"stride": 16}, InferenceError, "has an output of shape"),
        ("output", {"name": "other"}, InferenceError, "named 'cells'"),
        ("output", {"minimum_score": 0.999}, SelfTestError, "found 0 plates"),
        ("self_test", {"quads": [[0, 0, 32, 0, 32, 8, 0, 8]]}, SelfTestError, "off by"),
        ("self_test", {"image": "gone.png"}, ManifestError, "gone.png: the picture of the self-test"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_manifest_that_says_something_else_is_refused(model, section, fields, error, message):
    changed(model, section, **fields)
    with pytest.raises(error, match=message):
        PlateFinder.open(model)


def test_a_wrong_channel_order_that_the_manifest_repeats_is_found_by_the_self_test(model):
    changed(model, "input", channel_order="bgr")
    changed(model, "self_test", blue_pixel=[1.0, -1.0, -1.0])
    with pytest.raises(SelfTestError, match=r"found 0 plates in red\.png instead of 1"):
        PlateFinder.open(model)


def test_another_file_is_refused(model):
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(ManifestError, match="is not the file its manifest describes"):
        PlateFinder.open(model)
