import dataclasses

import cv2
import numpy as np
import pytest

from bench.moving_camera import MovingCamera
from bench.sequences import SIMILAR_EVERY, score_sequences, similar_plate
from lprnet_ros.consensus.vehicles import ConsensusSettings
from lprnet_ros.plates.edit_distance import edit_distance
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError


@pytest.fixture(scope="module")
def recognizer():
    opened = PlateRecognizer.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def crops(shipped_readings):
    return [LabelledCrop(file, reading.text) for file, reading in shipped_readings.items()]


@pytest.fixture
def image(crops):
    return crops[0].read()


class Script:
    """Reads not the picture but what is written for each frame of a vehicle, over and over."""

    def __init__(self, *texts):
        self._texts, self._count = texts, 0

    def read(self, image):
        text = self._texts[self._count % len(self._texts)]
        self._count += 1
        return PlateReading(text, 0.99, verdict=Verdict.ACCEPTED if text else Verdict.EMPTY)


def film(image, *, seed=1, frames=10, strength=1.0):
    return list(MovingCamera(np.random.default_rng(seed), strength).film(image, frames))


@pytest.mark.parametrize("frames", [1, 2, 10, 25])
@pytest.mark.parametrize("shape", [(1, 1, 3), (24, 94, 3), (300, 200, 3)])
def test_a_film_has_its_frames_whatever_the_crop(shape, frames):
    pictures = film(np.full(shape, 90, np.uint8), frames=frames, strength=2.0)
    assert len(pictures) == frames
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert 6 <= picture.shape[0] <= 32


def test_the_same_seed_makes_the_same_film(image):
    first, again, other = film(image), film(image), film(image, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_without_strength_every_frame_is_read_like_the_crop(recognizer, crops):
    for crop in crops:
        assert {recognizer.read(frame).text for frame in film(crop.read(), strength=0.0)} == {crop.label}


def test_the_vehicle_moves_smoothly(image):
    """Frames that follow each other are more alike than those far apart."""

    def difference(first, second):
        return np.abs(cv2.resize(first, (94, 24)).astype(int) - cv2.resize(second, (94, 24))).mean()

    near, far = [], []
    for seed in range(40):
        frames = film(image, seed=seed)
        near.append(difference(frames[4], frames[5]))
        far.append(difference(frames[0], frames[9]))
    assert np.mean(near) < 0.7 * np.mean(far)


def test_a_stronger_camera_makes_more_misreads_and_consensus_takes_most_away(recognizer, crops):
    scores = [score_sequences(recognizer, crops, sequences=16, strength=s) for s in (0.0, 1.0, 1.5)]
    assert scores[0].single.accuracy == 1.0 > scores[1].single.accuracy > scores[2].single.accuracy
    assert (scores[0].fewer_errors, scores[0].final.accuracy) == (0.0, 1.0)
    for result in scores[1:]:
        expected = 1 - (1 - result.final.accuracy) / (1 - result.single.accuracy)
        assert result.fewer_errors == pytest.approx(expected)
        assert result.fewer_errors > 0.3


def test_vehicles_without_noise_are_neither_lost_nor_doubled(recognizer, crops):
    result = score_sequences(recognizer, crops, sequences=24, strength=0.0)
    assert (result.sequences, result.published) == (24, 24)
    assert (result.lost, result.doubled, result.wrong, result.unpublished, result.unconfirmed) == (0,) * 5
    assert 1 <= result.similar <= 24 // SIMILAR_EVERY
    assert result.similar < result.short_gaps < 24
    assert (result.single.plates, result.final.plates) == (240, 24)


def test_the_same_seed_gives_the_same_score(recognizer, crops):
    def counts(seed):
        return score_sequences(recognizer, crops, seed=seed, frames=4)

    assert counts(3) == counts(3) != counts(4)
    assert counts(3).sequences == len(crops)


def test_what_is_never_read_is_lost(crops):
    result = score_sequences(Script(""), crops)
    assert (result.sequences, result.unpublished, result.lost) == (8, 8, 8)
    assert (result.published, result.final.correct, result.fewer_errors) == (0, 0, 0.0)


def test_vehicles_that_read_the_same_within_the_gap_are_lost(crops):
    result = score_sequences(Script("京A12345"), crops)
    assert 0 < result.short_gaps < result.sequences
    assert (result.lost, result.published) == (result.short_gaps, result.sequences - result.short_gaps)
    assert (result.doubled, result.wrong) == (0, result.published)


def test_vehicles_that_change_their_plate_are_doubled(crops):
    plates = [str(i) * 7 for i in range(8)] + [letter * 7 for letter in "ABCDEFGH"]
    script = Script(*[plate for plate in plates for _ in range(5)])
    result = score_sequences(script, crops, ConsensusSettings(gap_seconds=0.01))
    assert (result.doubled, result.lost, result.published, result.wrong) == (8, 0, 16, 16)


def test_of_two_final_readings_of_a_sequence_the_wrong_one_counts(crops):
    script = Script(*[text for crop in crops[:1] for text in [crop.label] * 5 + ["0000000"] * 5])
    result = score_sequences(script, crops[:1])
    assert (result.single.correct, result.final.correct, result.doubled) == (5, 0, 1)


def test_a_final_reading_without_agreement_is_counted(crops):
    script = Script(*[f"京A1234{i}" for i in range(10)])
    result = score_sequences(script, crops, frames=10)
    assert 0 < result.unconfirmed <= result.published


def test_a_similar_plate_differs_in_one_character_and_is_read_so(recognizer, crops):
    generator = np.random.default_rng(0)
    made = 0
    for crop in crops:
        before = crop.read()
        similar = similar_plate(recognizer, before, crop.label, generator)
        assert np.array_equal(before, crop.read())
        if similar is not None:
            made += 1
            text, image = similar
            assert edit_distance(text, crop.label) == 1
            assert text[:2] == crop.label[:2]
            assert recognizer.read(image).text == text
    assert made >= len(crops) // 2


def test_no_similar_plate_is_made_of_what_cannot_be(image):
    generator = np.random.default_rng(0)
    assert similar_plate(Script("京A12345"), image, "京AD12345", generator) is None
    assert similar_plate(Script("京A12345"), image, "京A11111", generator) is None
    assert similar_plate(Script("京A12345"), np.zeros((4, 19, 3), np.uint8), "京A12335", generator) is None
    assert similar_plate(Script(""), image, "京A12345", generator) is None


def test_sequences_need_plates(crops):
    with pytest.raises(LabelledDataError, match="label"):
        score_sequences(Script(""), [dataclasses.replace(crop, label="") for crop in crops])
