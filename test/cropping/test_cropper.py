import dataclasses

import numpy as np
import pytest

from lprnet_ros.cropping.cropper import Cropper, CropRule
from lprnet_ros.cropping.detection import Detection
from lprnet_ros.frames.place import parse_frame, parse_frame_id
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.geometry import Box

WIDTH, HEIGHT = 640, 480
ALL = CropRule(change_threshold=0.0, padding=0.0)


def picture(seed=0):
    patches = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 10, WIDTH // 10, 3), dtype=np.uint8)
    return patches.repeat(10, axis=0).repeat(10, axis=1)


def frame(seed=0):
    pixels = picture(seed)
    return BgrFrame(lambda: pixels)


def plate(x, y=100.0, width=94.0, height=24.0, **more):
    return Detection(Box(float(x), float(y), float(width), float(height)), **more)


def test_each_crop_knows_its_place_and_shows_it():
    cropped = Cropper(ALL, "0000abcd").crop(frame(), "gate", [plate(10, track_id=7), plate(300.4, 50.6)], 0.0)
    first, second = cropped.crops
    assert np.array_equal(first.picture, picture()[100:124, 10:104])
    assert (first.place.x, first.place.y, first.place.width, first.place.height) == (10, 100, 94, 24)
    assert (second.place.x, second.place.y, second.place.width, second.place.height) == (300, 51, 94, 24)
    assert (first.place.track_id, second.place.track_id) == (7, 0)
    assert [crop.place.index for crop in cropped.crops] == [0, 1]
    mark = cropped.mark
    assert first.place.frame == second.place.frame == mark
    assert (mark.frame_id, mark.width, mark.height, mark.stream, mark.number, mark.count, mark.still) == (
        "gate",
        WIDTH,
        HEIGHT,
        "0000abcd",
        0,
        2,
        (),
    )
    assert parse_frame_id(first.place.to_frame_id()) == first.place


def test_frames_are_numbered_whether_they_have_crops_or_not():
    cropper = Cropper(ALL)
    frames = [cropper.crop(frame(), "gate", found, 0.0) for found in ([plate(10)], [], [plate(10)])]
    assert [one.mark.number for one in frames] == [0, 1, 2]
    assert [one.mark.count for one in frames] == [1, 0, 1]
    assert frames[1].crops == ()
    assert parse_frame(frames[1].mark.to_frame_id()) == frames[1].mark


def test_every_cropper_has_a_stream_of_its_own():
    streams = {Cropper(ALL).crop(frame(), "gate", [], 0.0).mark.stream for _ in range(20)}
    assert len(streams) == 20


def test_the_corners_travel_with_the_place():
    quad = ((100.0, 100.0), (200.0, 110.0), (200.0, 140.0), (100.0, 130.0))
    detection = Detection(Box(100.0, 100.0, 100.0, 40.0), quad)
    (crop,) = Cropper(ALL).crop(frame(), "gate", [detection], 0.0).crops
    assert crop.place.quad == quad
    assert crop.picture.shape[0] == 30


def test_rows_and_score_travel_with_the_place_and_a_still_place_has_the_number_of_its_crop():
    cropper = Cropper(CropRule(refresh_period=10.0))
    found = [plate(10, rows=2, score=0.873), plate(300, score=0.4)]
    known, unknown = (crop.place for crop in cropper.crop(frame(), "gate", found, 0.0).crops)
    assert (known.rows, known.score) == (2, 0.873)
    assert (unknown.rows, unknown.score, unknown.number) == (0, None, 1)
    later = [plate(10, rows=2, score=0.6), plate(300, score=0.4)]
    assert cropper.crop(frame(), "gate", later, 1.0).mark.still == (known.number, unknown.number)
    again, _ = cropper.crop(frame(), "gate", later, 10.0).crops
    assert (again.place.rows, again.place.score) == (2, 0.6)
    assert cropper.crop(frame(), "gate", found, 11.0).mark.still[0] == again.place.number


def test_plates_that_cannot_be_read_are_left_out_and_counted_by_reason():
    cropper = Cropper(dataclasses.replace(ALL, minimum_width=50, minimum_height=20, minimum_visible=0.8))
    cropped = cropper.crop(
        frame(),
        "gate",
        [
            plate(10, width=49),
            plate(10, height=19.9),
            plate(-30),  # 64 of 94 pixels are in the frame
            plate(WIDTH),
            plate(10, y=-200),
            plate(-10, width=0, height=30),
            plate(10, width=-94),
            plate(-18),  # 76 of 94
        ],
        0.0,
    )
    assert [crop.place.x for crop in cropped.crops] == [0]
    assert cropped.crops[0].place.width == 76
    assert cropper.counts == {"too_small": 4, "out_of_frame": 3}


def test_beyond_the_greatest_number_of_crops_the_best_scores_are_kept():
    cropper = Cropper(dataclasses.replace(ALL, maximum_crops=2))
    found = [plate(100 * n, score=score) for n, score in enumerate([0.3, 0.9, 0.5, 0.7])]
    cropped = cropper.crop(frame(), "gate", found, 0.0)
    assert [crop.place.x for crop in cropped.crops] == [100, 300]
    assert cropper.counts == {"too_many": 2}


def test_an_unchanged_plate_is_named_by_its_place_instead_of_sent():
    cropper = Cropper(CropRule(refresh_period=10.0))
    found = [plate(10), plate(300)]
    first = cropper.crop(frame(), "gate", found, 0.0)
    numbers = tuple(crop.place.number for crop in first.crops)
    assert len(set(numbers)) == 2
    second = cropper.crop(frame(), "gate", found, 1.0)
    assert second.crops == ()
    assert second.mark.still == numbers
    changed = picture()
    changed[:, :200] = picture(1)[:, :200]
    third = cropper.crop(BgrFrame(lambda: changed), "gate", found, 2.0)
    assert [crop.place.number for crop in third.crops] == [numbers[0]]
    assert third.mark.still == (numbers[1],)
    assert cropper.counts == {"unchanged": 3}
    fourth = cropper.crop(BgrFrame(lambda: changed), "gate", found, 10.0)
    assert [crop.place.number for crop in fourth.crops] == [numbers[1]]


def test_a_frame_that_cannot_be_converted_takes_no_number():
    def convert():
        raise ValueError("broken")

    cropper = Cropper(ALL)
    with pytest.raises(ValueError, match="broken"):
        cropper.crop(BgrFrame(convert), "gate", [plate(10)], 0.0)
    assert cropper.crop(frame(), "gate", [], 0.0).mark.number == 0


@pytest.mark.parametrize("maximum", [0, 65])
def test_more_crops_than_a_place_can_count_are_refused(maximum):
    with pytest.raises(ValueError, match="maximum_crops"):
        Cropper(CropRule(maximum_crops=maximum))


def test_plates_at_the_edges_of_the_smallest_frame_have_a_place():
    rule = CropRule(minimum_width=1, minimum_height=1, minimum_visible=0.0, change_threshold=0.0)
    tiny = BgrFrame(lambda: np.zeros((1, 1, 3), np.uint8))
    cropped = Cropper(rule).crop(tiny, "", [plate(0, 0, 1, 1), plate(-3, -3, 100, 100)], 0.0)
    assert [(crop.place.x, crop.place.width) for crop in cropped.crops] == [(0, 1), (0, 1)]
