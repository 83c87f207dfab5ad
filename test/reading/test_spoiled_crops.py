"""Crops that must not open a gate: cut by an edge, upside down, mirrored, turned.

The crops are the shipped ones, rendered; bench/wrong_accepted.py counts the same on real ones.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.models.find import bundled_model
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import list_images, read_image

REPOSITORY = Path(__file__).resolve().parents[2]
CROPS = {path.stem: read_image(path) for path in list_images(REPOSITORY / "demo" / "crops")}
SHARES = (0.05, 0.08, 0.11, 0.14, 0.2)
TURNS = {
    "flipped": lambda image: cv2.flip(image, 0),
    "mirrored": lambda image: cv2.flip(image, 1),
    "turned by 90": lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    "turned by 180": lambda image: cv2.rotate(image, cv2.ROTATE_180),
    "turned by 270": lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


@pytest.fixture(scope="module", params=["lprnet.onnx", "lprnet_int8.onnx"])
def recognizer(request):
    opened = PlateRecognizer.open(bundled_model().with_name(request.param))
    yield opened
    opened.close()


def wrong(recognizer, spoil):
    """Read all spoilt crops; return the texts that are accepted though they are not the plate's."""
    readings = {
        text: recognizer.read(np.ascontiguousarray(spoil(image), np.uint8)) for text, image in CROPS.items()
    }
    return [(text, each.text) for text, each in readings.items() if each.accepted and each.text != text]


def grey(image):
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize(
    ("see", "most"), [(lambda image: image, 0), (grey, 1)], ids=["colour", "grey"]
)  # without colours less can be told
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_plate_that_the_edge_cuts_is_not_taken_for_another(recognizer, side, share, see, most):
    def cut(image):
        width = round(image.shape[1] * share)
        return see(image[:, width:] if side == "left" else image[:, : image.shape[1] - width])

    assert len(wrong(recognizer, cut)) <= most


@pytest.mark.parametrize("name", TURNS)
def test_a_turned_or_mirrored_plate_is_not_read(recognizer, name):
    assert wrong(recognizer, TURNS[name]) == []


def test_whole_plates_are_read(recognizer):
    assert all(recognizer.read(image).accepted for image in CROPS.values())
    assert wrong(recognizer, lambda image: image) == []
