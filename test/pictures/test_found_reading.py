"""Reading found plates: where their corners are off, an unsure reading is tried with other room."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_in_finder import photograph

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.pictures.found_reading import PADDINGS, read_found
from lprnet_ros.reading.plate_reading import PlateReading, ReadingFailedError, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image

TEXT = "京AC6895"
CROP = read_image(Path(__file__).resolve().parents[2] / "demo" / "crops" / f"{TEXT}.png")
PLATE = FoundPlate(quad_of_box(Box(100, 200, 188, 48)), 0.9)


@pytest.fixture(scope="module")
def recognizer():
    opened = PlateRecognizer.open()
    yield opened
    opened.close()


def frame():
    picture = photograph((CROP, (100, 200)))
    return BgrFrame(lambda: picture)


def moved(plate, share):
    """The plate with each corner moved outwards by a share of its width; inwards below 0."""
    centre = np.mean(plate.quad, axis=0)
    corners = centre + (np.array(plate.quad) - centre) * (1 + 2 * share)
    return dataclasses.replace(plate, quad=tuple(map(tuple, corners.tolist())))


@pytest.mark.parametrize("share", [-0.03, 0.0, 0.03, 0.06])
def test_a_plate_is_read_though_its_corners_are_a_little_off(recognizer, share):
    (reading,) = read_found(recognizer, frame(), [moved(PLATE, share)])
    assert (reading.text, reading.accepted) == (TEXT, True)
    assert reading.seen.score == 0.9


def test_nothing_found_is_nothing_read(recognizer):
    assert read_found(recognizer, frame(), []) == []


class ByWidth:
    """Reads a crop by how much room is around the plate: the first padding, the second, the third."""

    def __init__(self, recognizer, *answers):
        self.manifest, self.rules = recognizer.manifest, recognizer.rules
        self.answers, self.asked = list(answers), []

    def read_batch(self, crops):
        self.asked.append(len(crops))
        return [self.answers.pop(0) for _ in crops]


def said(text, confidence, verdict=None, **alternatives):
    verdict = verdict or (Verdict.ACCEPTED if confidence >= 0.8 else Verdict.LOW_CONFIDENCE)
    return PlateReading(text, confidence, alternatives=tuple(alternatives.items()), verdict=verdict)


def test_a_sure_reading_is_not_repeated(recognizer):
    reader = ByWidth(recognizer, said("京A12345", 0.96))
    (reading,) = read_found(reader, frame(), [PLATE])
    assert (reading.text, reading.confidence, reader.asked) == ("京A12345", 0.96, [1])


def test_only_unsure_ones_are_repeated_and_each_keeps_its_plate(recognizer):
    other = FoundPlate(quad_of_box(Box(400, 200, 100, 30)), 0.8, rows=2)
    reader = ByWidth(
        recognizer,
        said("京A12345", 0.99),
        *[said("京A54321", confidence) for confidence in (0.7, 0.9, 0.6)],
    )
    readings = read_found(reader, frame(), [PLATE, other])
    assert reader.asked == [2, 1, 1]
    assert [one.text for one in readings] == ["京A12345", "京A54321"]
    assert [one.confidence for one in readings] == [0.99, 0.9]  # the others read the same
    assert readings[1].accepted
    assert (readings[1].quad, readings[1].rows) == (other.quad, 2)


def test_looks_that_contradict_each_other_are_not_accepted(recognizer):
    texts = ("京A12345", "京A12346", "京A12347")
    reader = ByWidth(recognizer, *[said(text, 0.85) for text in texts])
    (reading,) = read_found(reader, frame(), [PLATE])
    assert reading.confidence == pytest.approx((0.85 / 3) ** 0.5)
    assert reading.verdict is Verdict.LOW_CONFIDENCE


def test_a_look_that_is_cut_off_says_nothing_against_a_whole_one(recognizer):
    reader = ByWidth(
        recognizer,
        said("A12345", 0.97, Verdict.CUT_OFF),
        said("京A1234", 0.9, Verdict.WRONG_LENGTH),
        said("京A12345", 0.9),
    )
    (reading,) = read_found(reader, frame(), [PLATE])
    assert (reading.text, reading.accepted) == ("京A12345", True)
    assert reading.confidence == pytest.approx(0.9**0.5)


def test_where_every_look_is_cut_off_so_is_the_plate(recognizer):
    reader = ByWidth(recognizer, *[said("A12345", 0.97, Verdict.CUT_OFF)] * len(PADDINGS))
    (reading,) = read_found(reader, frame(), [PLATE])
    assert reading.verdict is Verdict.CUT_OFF


def test_what_the_runtime_cannot_do_is_raised(recognizer):
    reader = ByWidth(recognizer, ReadingFailedError("no such device"))
    with pytest.raises(ReadingFailedError, match="no such device"):
        read_found(reader, frame(), [PLATE])


def test_a_plate_beyond_the_edge_of_its_frame_is_read_from_what_is_there(recognizer):
    picture = cv2.copyMakeBorder(CROP, 0, 200, 0, 300, cv2.BORDER_CONSTANT, value=(120, 120, 120))
    plate = FoundPlate(quad_of_box(Box(-2, -1, 96, 25)), 0.9)
    (reading,) = read_found(recognizer, BgrFrame(lambda: picture), [plate])
    assert reading.text == TEXT
