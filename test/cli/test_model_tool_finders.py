"""lpr_model with finders: shown, verified, described, and never taken for readers."""

import hashlib

import cv2
import numpy as np
import pytest
import yaml
from finder_cells import FakeRuntime, encode

from lprnet_ros.cli.model import main
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_finder_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.runtimes import registry
from lprnet_ros.runtimes.runtime import RuntimeSpec

PLATE = FoundPlate(quad_of_box(Box(100, 200, 80, 24)), 0.9)


@pytest.fixture
def finder(tmp_path, monkeypatch):
    """A finder whose runtime always finds one plate."""
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"a finder")
    cv2.imwrite(str(tmp_path / "mine.png"), np.zeros((384, 640, 3), np.uint8))
    values = {
        "name": "mine",
        "sha256": hashlib.sha256(b"a finder").hexdigest(),
        "input": {"channel_order": "rgb", "mean": 127.5, "scale": 1 / 127.5, "width": 640, "height": 384},
        "output": {"stride": 8, "minimum_score": 0.4},
        "self_test": {
            "blue_pixel": [-1.0, -1.0, 1.0],
            "image": "mine.png",
            "quads": [[float(value) for corner in PLATE.quad for value in corner]],
        },
    }
    manifest_path(model).write_text(yaml.safe_dump(values), encoding="utf-8")
    fake = RuntimeSpec("onnx", (".onnx",), "json", False, lambda *_: FakeRuntime(encode([PLATE])), "nothing")
    monkeypatch.setattr(registry, "RUNTIMES", (fake,))
    return model


def test_its_manifest_is_shown(finder, capsys):
    assert main(["info", str(finder)]) == 0
    shown = capsys.readouterr().out
    assert "8 bytes, SHA-256 right" in shown
    assert "output     1x11x48x80, a cell each 8 pixels, plates from a score of 0.4 on" in shown
    assert "self-test  mine.png: plates: 1" in shown


def test_its_self_test_is_run(finder, capsys):
    assert main(["verify", str(finder)]) == 0
    assert (
        "self-test passed with runtime fake: finds what is in mine.png, plates: 1" in capsys.readouterr().out
    )


def test_one_that_finds_something_else_fails(finder, monkeypatch, capsys):
    fake = RuntimeSpec("onnx", (".onnx",), "json", False, lambda *_: FakeRuntime(encode([])), "nothing")
    monkeypatch.setattr(registry, "RUNTIMES", (fake,))
    assert main(["verify", str(finder)]) == 1
    assert "found 0 plates in mine.png instead of 1" in capsys.readouterr().err


def test_a_file_made_of_it_is_described_with_its_self_test(finder, tmp_path, capsys):
    compiled = tmp_path / "sub" / "mine.bin"
    compiled.parent.mkdir()
    compiled.write_bytes(b"compiled")
    assert main(["describe", str(compiled), "--like", str(finder)]) == 0
    manifest, original = load_finder_manifest(compiled), load_finder_manifest(finder)
    assert (manifest.name, manifest.stride) == ("mine", 8)
    assert manifest.self_test.quads == original.self_test.quads
    assert manifest.self_test.image.read_bytes() == original.self_test.image.read_bytes()
    assert main(["describe", str(compiled), "--like", str(finder), "--minimum-cosine", "0.9"]) == 1
    assert "finds plates in pictures, expected a network that reads plates" in capsys.readouterr().err


def test_its_output_is_no_text_to_compare(finder, tmp_path, capsys):
    raw = tmp_path / "raw.bin"
    raw.write_bytes(b"")
    assert main(["compare", str(finder), "--input", str(raw), "--output", str(raw)]) == 1
    assert "finds plates in pictures" in capsys.readouterr().err


def test_readers_are_shown_as_ever(capsys):
    assert main(["info", str(bundled_model())]) == 0
    assert "self-test  lprnet.self_test.png: 晋G63317" in capsys.readouterr().out
