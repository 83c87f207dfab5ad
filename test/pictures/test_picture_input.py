"""What a user hands in: every form becomes pictures, and what is none gets a sentence."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from stand_in_finder import write_video

from lprnet_ros.pictures.picture_input import as_bgr, pictures_of
from lprnet_ros.sources.labelled import LabelledDataError

PICTURE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.png", "a.png", "deep/c.png"):
        cv2.imwrite(str(tmp_path / name), PICTURE)
    (tmp_path / "note.txt").write_text("no picture")
    return tmp_path


def test_a_path_is_a_picture_whether_text_or_pathlib(folder):
    for path in (str(folder / "a.png"), folder / "a.png"):
        (one,) = pictures_of(path)
        np.testing.assert_array_equal(one.picture, PICTURE)
        assert (one.file, one.frame, one.seconds, one.problem) == (str(folder / "a.png"), 0, None, "")


def test_a_folder_stands_for_the_pictures_in_it_and_a_broken_one_for_its_problem(folder):
    (folder / "b.png").write_bytes(b"no picture")
    found = list(pictures_of(folder))
    assert [Path(one.file).name for one in found] == ["a.png", "b.png", "c.png"]
    assert [one.problem != "" for one in found] == [False, True, False]
    assert found[1].picture is None


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(LabelledDataError, match="no pictures in this folder"):
        list(pictures_of(tmp_path))


def test_a_row_is_numbered_and_may_be_mixed_or_an_array_of_four_dimensions(folder):
    found = list(pictures_of([PICTURE, str(folder / "a.png"), PICTURE]))
    assert [(one.file != "", one.frame) for one in found] == [(False, 0), (True, 0), (False, 2)]
    assert [one.frame for one in pictures_of(np.stack([PICTURE] * 3))] == [0, 1, 2]


def test_an_iterator_is_read_no_further_than_asked():
    handed = []

    def camera():
        while True:
            handed.append(1)
            yield PICTURE

    taken = pictures_of(camera())
    next(taken)
    next(taken)
    assert len(handed) == 2


def test_a_video_comes_frame_by_frame_with_its_times(tmp_path):
    path = write_video(
        tmp_path / "film.avi", [np.full((48, 64, 3), level, np.uint8) for level in (0, 80, 160)], 4
    )
    frames = list(pictures_of(path))
    assert [one.frame for one in frames] == [0, 1, 2]
    assert [one.seconds for one in frames] == pytest.approx([0.0, 0.25, 0.5], abs=0.01)
    assert [one.picture.mean() for one in frames] == pytest.approx([0, 80, 160], abs=8)


def test_a_video_without_frames_is_a_problem(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"no video" * 100)
    (one,) = pictures_of(tmp_path / "film.mp4")
    assert one.problem.endswith("film.mp4: neither a picture nor a video that OpenCV can play")


def test_grey_and_transparent_pictures_become_bgr():
    grey = PICTURE[:, :, 0]
    for picture in (grey, grey[:, :, None]):
        assert (as_bgr(picture) == grey[:, :, None]).all()
    transparent = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 7, np.uint8)])
    np.testing.assert_array_equal(as_bgr(transparent), PICTURE)


class Lookalike:
    __module__, __qualname__ = "PIL.Image", "Image"


@pytest.mark.parametrize("value", [3, None, b"a.jpg", {"a": 1}, [3], [[1, 2]], Lookalike(), [Lookalike()]])
def test_what_is_no_picture_gets_a_sentence(value):
    with pytest.raises(
        TypeError, match=r"^no plates can be read from .*expected a path, a picture"
    ) as caught:
        list(pictures_of(value))
    assert ("pass its file" in str(caught.value)) == ("PIL.Image" in repr(value))


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.float32, np.int64, np.bool_]),
        arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5),
    )
)
def test_an_array_is_a_picture_or_refused_in_one_sentence(array):
    is_picture = (
        array.dtype == np.uint8
        and array.size
        and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)))
    )
    if is_picture:
        assert as_bgr(array).shape == (*array.shape[:2], 3)
    else:
        with pytest.raises(ValueError, match=r"^a picture is a numpy array, BGR, uint8"):
            as_bgr(array)
