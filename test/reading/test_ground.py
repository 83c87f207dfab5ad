"""A plate's ground against its text: green plates have eight characters, blue ones seven."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.reading.ground import Ground, fits_ground, ground_of
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.sources.labelled import list_images, read_image

REPOSITORY = Path(__file__).resolve().parents[2]
CROPS = list_images(REPOSITORY / "demo" / "crops")
GREEN = [path for path in CROPS if len(path.stem) == 8]
CASE = REPOSITORY.parent / "shared" / "cases" / "green_plate_without_last_character"
SYNTAX = bundled_syntax("ga36")


@pytest.fixture(scope="module")
def recognizer():
    opened = PlateRecognizer.open()
    yield opened
    opened.close()


@pytest.mark.parametrize("path", CROPS, ids=lambda path: path.stem)
def test_the_ground_of_a_whole_plate_fits_its_text(path):
    assert fits_ground(read_image(path), PlateReading(path.stem, 1.0), SYNTAX)


@pytest.mark.parametrize("path", GREEN, ids=lambda path: path.stem)
def test_a_green_ground_is_seen(path):
    assert ground_of(read_image(path)) in (Ground.GREEN, Ground.PERHAPS_GREEN)


@pytest.mark.parametrize("path", CROPS, ids=lambda path: path.stem)
def test_a_picture_without_colours_is_neither_green_nor_blue(path):
    grey = cv2.cvtColor(read_image(path), cv2.COLOR_BGR2GRAY)
    assert ground_of(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)) in (Ground.PERHAPS_GREEN, None)


def test_other_grounds_are_not_named():
    blue = read_image(next(path for path in CROPS if path.stem == "京AC6895"))
    assert ground_of(blue) is Ground.BLUE
    yellow = np.full((24, 94, 3), (20, 170, 235), np.uint8)
    yellow[6:18, 8:86:6] = 20
    assert ground_of(yellow) is None
    assert ground_of(255 - yellow) is not Ground.GREEN


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_a_picture_of_any_size_is_looked_at(size):
    assert ground_of(np.zeros((*size, 3), np.uint8)) in (Ground.PERHAPS_GREEN, None)


def test_without_colours_the_spacing_tells():
    grey = np.full((24, 94, 3), 200, np.uint8)
    grey[6:18, 8:86:6] = 20
    seven = (0.5, 3.5, 7.7, 10.7, 13.7, 16.7, 19.7)  # GA 36: gaps of 57, 79 and 57 mm
    eight = (0.5, 3.0, 7.5, 10.0, 12.5, 15.0, 17.5)  # 54, 94 and 52 mm; the last one is cut off
    for places, fits in ((seven, True), (eight, False), ((), True)):
        assert fits_ground(grey, PlateReading("京A12345", 0.99), SYNTAX, lambda at=places: at) is fits


@pytest.mark.parametrize(
    ("ground", "text", "verdict"),
    [
        ((90, 200, 120), "京A12345", Verdict.WRONG_LENGTH),
        ((90, 200, 120), "京A1234", Verdict.SYNTAX),  # the syntax is named before the colour
        ((90, 200, 120), "京AD12345", Verdict.ACCEPTED),
        ((190, 70, 20), "京AD12345", Verdict.WRONG_LENGTH),
        ((190, 70, 20), "京A12345D", Verdict.WRONG_LENGTH),
        ((190, 70, 20), "京A12345", Verdict.ACCEPTED),
        ((20, 170, 235), "京A12345", Verdict.ACCEPTED),  # yellow
    ],
)
def test_the_verdict_names_a_colour_that_does_not_fit(ground, text, verdict):
    image = np.full((24, 94, 3), ground, np.uint8)
    image[6:18, 8:86:6] = 20 if ground[1] == 200 else 240  # strokes: dark on green, light on blue
    assert ReadingRules().judge(PlateReading(text, 0.99), SYNTAX, image) is verdict


def test_the_colours_of_another_country_are_not_judged():
    image = read_image(GREEN[0])
    other = type(SYNTAX)("another", SYNTAX.alphabet, SYNTAX.sets, SYNTAX.kinds)
    assert not fits_ground(image, PlateReading("京A12345", 1.0), SYNTAX)
    assert fits_ground(image, PlateReading("京A12345", 1.0), other)


@pytest.mark.parametrize("share", [0.08, 0.1, 0.11, 0.14, 0.17])
@pytest.mark.parametrize("path", GREEN, ids=lambda path: path.stem)
def test_a_green_plate_without_its_last_character_is_not_accepted(recognizer, path, share):
    image = read_image(path)
    reading = recognizer.read(np.ascontiguousarray(image[:, : round(image.shape[1] * (1 - share))]))
    assert not reading.accepted or reading.text == path.stem


@pytest.mark.skipif(not CASE.is_dir(), reason="the cases are not here")
def test_the_green_plates_of_the_case_are_not_accepted(recognizer):
    files = list_images(CASE)
    assert len(files) == 15
    assert [file.name for file in files if recognizer.read(read_image(file)).accepted] == []
