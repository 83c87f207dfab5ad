"""The manifest of a network that finds plates: as strict as the readers', and never taken for one."""

import copy
import hashlib

import pytest
import yaml

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_any_manifest, load_finder_manifest, load_manifest
from lprnet_ros.models.manifest import (
    FinderManifest,
    FindingSelfTest,
    ManifestError,
    RecognizerManifest,
    manifest_path,
)
from lprnet_ros.models.tensor_spec import TensorSpec

CONTENT = b"the finder's bytes"
QUAD = [10, 20, 110, 22, 110.5, 52, 10, 50]
VALUES = {
    "name": "mine",
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "input": {"channel_order": "rgb", "mean": 127.5, "scale": 1 / 127.5, "width": 320, "height": 192},
    "output": {"stride": 8, "minimum_score": 0.4, "name": "cells"},
    "self_test": {"blue_pixel": [-1.0, -1.0, 1.0], "image": "mine.png", "quads": [QUAD], "tolerance": 0.1},
}
BROKEN = [
    (("name",), 5),
    (("sha256",), "abc"),
    (("url",), "ftp://example.com"),
    (("input", "width"), 8193),
    (("input", "width"), 10**12),
    (("input", "width"), 324),
    (("input", "height"), 0),
    (("input", "height"), 7),
    (("input", "layout"), "HWC"),
    (("output", "stride"), 0),
    (("output", "stride"), -8),
    (("output", "stride"), 7),
    (("output", "stride"), 8.0),
    (("output", "stride"), "8"),
    (("output", "stride"), True),
    (("output", "stride"), None),
    (("output", "stride"), 10**9),
    (("output", "minimum_score"), 0),
    (("output", "minimum_score"), 1),
    (("output", "minimum_score"), -0.4),
    (("output", "minimum_score"), float("nan")),
    (("output", "minimum_score"), "low"),
    (("output", "alphabet"), "ABC"),
    (("output", "time_steps"), 18),
    (("output", "name"), 5),
    (("calibration",), {"temperature": 1.0}),
    (("compiled",), []),
    (("self_test",), None),
    (("self_test", "blue_pixel"), [1.0]),
    (("self_test", "text"), "京A12345"),
    (("self_test", "image"), "../mine.png"),
    (("self_test", "tolerance"), 0),
    (("self_test", "tolerance"), 1),
    (("self_test", "tolerance"), "small"),
    (("self_test", "quads"), []),
    (("self_test", "quads"), QUAD),
    (("self_test", "quads"), [QUAD[:-1]]),
    (("self_test", "quads"), [[*QUAD[:-1], "50"]]),
    (("self_test", "quads"), [[*QUAD[:-1], float("inf")]]),
    (("self_test", "quads"), [QUAD] * 101),
    (("self_test", "quads"), "all"),
    (("self_test", "quads"), {"first": QUAD}),
]
REQUIRED = [
    ("name",),
    ("sha256",),
    ("input",),
    ("input", "channel_order"),
    ("input", "width"),
    ("output", "minimum_score"),
    ("self_test",),
    ("self_test", "blue_pixel"),
    ("self_test", "quads"),
    ("self_test", "image"),
]


def write(folder, values, name="mine.onnx"):
    model = folder / name
    model.write_bytes(CONTENT)
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


def changed(field, *value):
    """The values with another one, or without one, in a field."""
    values = copy.deepcopy(VALUES)
    place = values
    for key in field[:-1]:
        place = place[key]
    if value:
        place[field[-1]] = value[0]
    else:
        del place[field[-1]]
    return values


def test_a_manifest_says_all_there_is_to_know(tmp_path):
    model = write(tmp_path, VALUES)
    manifest = load_finder_manifest(model)
    manifest.verify_file()
    assert (manifest.path, manifest.name) == (model, "mine")
    assert manifest.input == TensorSpec.picture("rgb", 127.5, 1 / 127.5, 320, 192)
    assert manifest.output == TensorSpec((1, 11, 24, 40), name="cells")
    assert (manifest.stride, manifest.minimum_score) == (8, 0.4)
    assert manifest.self_test == FindingSelfTest(
        blue_pixel=(-1.0, -1.0, 1.0),
        image=tmp_path / "mine.png",
        quads=(((10.0, 20.0), (110.0, 22.0), (110.5, 52.0), (10.0, 50.0)),),
        tolerance=0.1,
    )
    assert manifest.companions == (tmp_path / "mine.png",)
    assert load_any_manifest(model) == manifest


def test_the_self_test_needs_no_picture(tmp_path):
    manifest = load_finder_manifest(write(tmp_path, changed(("self_test",), {"blue_pixel": [-1, -1, 1]})))
    assert manifest.self_test == FindingSelfTest(blue_pixel=(-1.0, -1.0, 1.0))
    assert manifest.companions == ()


@pytest.mark.parametrize(("field", "value"), BROKEN, ids=[f"{'.'.join(f)}={v!r:.20}" for f, v in BROKEN])
def test_a_mistake_is_named_in_one_sentence_with_the_file(tmp_path, field, value):
    with pytest.raises(ManifestError) as caught:
        load_finder_manifest(write(tmp_path, changed(field, value)))
    message = str(caught.value)
    assert "mine.onnx" in message
    assert any(
        word in message
        for word in {"width": ("stride", "width"), "height": ("stride", "height")}.get(
            field[-1], (field[-1],)
        )
    )
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("field", REQUIRED, ids=".".join)
def test_a_missing_field_is_named(tmp_path, field):
    with pytest.raises(ManifestError, match=rf"mine\.onnx\.yaml.*{field[-1]}"):
        load_finder_manifest(write(tmp_path, changed(field)))


def test_a_finder_is_no_reader_and_a_reader_no_finder(tmp_path):
    finder = write(tmp_path, VALUES)
    with pytest.raises(
        ManifestError, match=r"mine\.onnx finds plates in pictures, expected a network that reads"
    ):
        load_manifest(finder)
    with pytest.raises(ManifestError, match=r"lprnet\.onnx reads plates, expected a network that finds"):
        load_finder_manifest(bundled_model())
    assert isinstance(load_any_manifest(bundled_model()), RecognizerManifest)
    assert isinstance(load_any_manifest(finder), FinderManifest)


@pytest.mark.parametrize("fields", [{"stride": 16}, {"output": TensorSpec((1, 10, 24, 40))}], ids=str)
def test_an_output_that_does_not_fit_the_input_is_refused(tmp_path, fields):
    values = vars(load_finder_manifest(write(tmp_path, VALUES)))
    with pytest.raises(ManifestError, match=r"output has the shape"):
        FinderManifest(**(values | fields))
