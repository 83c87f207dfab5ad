"""Frames through locator and cropper: what comes of each, and what goes wrong with one alone."""

import numpy as np
import pytest
from scripted_finder import ScriptedFinder, plate

from lprnet_ros.cropping.cropper import CropRule
from lprnet_ros.cropping.search import FoundPlates
from lprnet_ros.flow.frame_reader import CameraFrame, FrameReader, SearchedFrame
from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.images.crop_image import BadImage, ImageRejectedError
from lprnet_ros.reading.plate_reading import ReadingFailedError
from lprnet_ros.reading.rules import ReadingRules

RULES = ReadingRules()


def frame(camera="/gate", number=0, picture=None):
    pixels = np.random.default_rng(number).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    return CameraFrame(camera, (number, 0), f"frame {number}", BgrFrame(picture or (lambda: pixels)))


def reader_of(*script, rule=CropRule()):  # noqa: B008
    finder = ScriptedFinder(*script)
    return FrameReader(lambda: FoundPlates(finder), rule), finder


def test_the_crops_of_a_frame_know_their_place_and_the_cameras_frame_id():
    reader, _ = reader_of([plate(200, 100), plate(400, 300, 200)])
    (searched,) = reader.read_batch([frame(number=7)], RULES)
    assert isinstance(searched, SearchedFrame)
    assert searched.found == 2
    assert searched.search_ms > 0
    assert searched.cropped.mark.frame_id == "frame 7"
    assert [(crop.place.x, crop.place.width) for crop in searched.cropped.crops] == [(150, 100), (300, 200)]


def test_each_camera_counts_its_own_frames():
    reader, _ = reader_of([plate(200, 100)])
    frames = [frame("/a", 1), frame("/b", 1), frame("/a", 2)]
    marks = [searched.cropped.mark for searched in reader.read_batch(frames, RULES)]
    assert [mark.number for mark in marks] == [0, 0, 1]
    assert marks[0].stream == marks[2].stream != marks[1].stream


def test_a_broken_picture_and_a_bug_cost_one_frame_each():
    def broken():
        raise ImageRejectedError(BadImage.BROKEN, "a JPEG with holes")

    def bug():
        raise RuntimeError("OpenCV does not like it")

    reader, _ = reader_of([plate(200, 100)])
    frames = [frame(number=1), frame(number=2, picture=broken), frame(number=3, picture=bug), frame(number=4)]
    first, rejected, failed, last = reader.read_batch(frames, RULES)
    assert isinstance(rejected, ImageRejectedError)
    assert rejected.reason is BadImage.BROKEN
    assert isinstance(failed, ReadingFailedError)
    assert str(failed) == "RuntimeError: OpenCV does not like it"
    assert [one.cropped.mark.number for one in (first, last)] == [0, 1]


def test_a_finder_that_is_lost_is_the_pools_to_replace():
    class Lost:
        def find(self, frame, within=()):
            raise WorkerLostError("gone")

    reader = FrameReader(lambda: FoundPlates(Lost()), CropRule())
    with pytest.raises(WorkerLostError):
        reader.read_batch([frame()], RULES)


def test_counts_are_those_of_all_cameras():
    reader, _ = reader_of([plate(200, 100), plate(400, 300, 20)])
    reader.read_batch([frame("/a"), frame("/b")], RULES)
    counts = reader.counts()
    assert (counts["finder: searched"], counts["finder: found"], counts["plates: too_small"]) == (2, 4, 2)


def test_closing_releases_the_finder():
    released = []
    FrameReader(lambda: FoundPlates(ScriptedFinder([])), CropRule(), lambda: released.append(True)).close()
    assert released == [True]
