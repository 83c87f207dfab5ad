"""Pictures from a pipe: one of any kind, or JPEGs in a row, however the bytes arrive."""

import io
import random

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.sources import piped
from lprnet_ros.sources.labelled import LabelledDataError
from lprnet_ros.sources.piped import piped_pictures

PICTURES = [np.random.default_rng(n).integers(0, 256, (20, 30, 3), dtype=np.uint8) for n in range(4)]
JPEGS = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in PICTURES]
THUMBNAIL = JPEGS[0][:2] + b"\xff\xe1" + (2 + len(JPEGS[1])).to_bytes(2, "big") + JPEGS[1] + JPEGS[0][2:]
"""A JPEG with another one in a segment, as cameras write previews."""


class Trickle(io.BufferedReader):
    """A pipe through which the bytes come in pieces."""

    def __init__(self, content, seed):
        super().__init__(io.BytesIO(content))
        self._source = random.Random(seed)

    def read1(self, size=-1):
        return super().read1(self._source.choice([1, 2, 7, 500, 5000]))


def shown(content, seed=0):
    return list(piped_pictures(Trickle(content, seed)))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".jpg"])
def test_one_picture_of_any_kind_is_read(suffix):
    content = cv2.imencode(suffix, PICTURES[0])[1].tobytes()
    (one,) = shown(content)
    np.testing.assert_array_equal(one, cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


@given(st.lists(st.sampled_from([*JPEGS, THUMBNAIL]), min_size=1, max_size=5), st.integers(0, 99))
def test_jpegs_in_a_row_come_one_by_one(row, seed):
    found = shown(b"".join(row), seed)
    assert len(found) == len(row)
    for one, content in zip(found, row, strict=True):
        np.testing.assert_array_equal(one, cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


def test_a_picture_is_given_before_the_next_one_comes():
    stream = io.BufferedReader(io.BytesIO(JPEGS[0]))
    assert not isinstance(next(piped_pictures(stream)), LabelledDataError)


@pytest.mark.parametrize("filling", [b"", b"--boundary\r\nContent-Type: image/jpeg\r\n\r\n", b"\xff"])
def test_what_lies_between_jpegs_is_passed_over(filling):
    found = shown(JPEGS[0] + filling + JPEGS[1] + filling + JPEGS[2])
    assert [isinstance(one, LabelledDataError) for one in found] == [False] * 3


def test_a_cut_jpeg_is_told_and_the_next_one_is_read():
    found = shown(JPEGS[0] + JPEGS[1][: len(JPEGS[1]) * 3 // 4] + JPEGS[2])
    assert [isinstance(one, LabelledDataError) for one in found] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "-: nothing came in"),
        (b"no picture", "-: not an image that OpenCV can decode; taken are pictures, no videos"),
        (JPEGS[0][:-400], "-: the JPEG is cut off"),
    ],
)
def test_what_is_no_picture_is_told(content, told):
    (error,) = shown(content)
    assert isinstance(error, LabelledDataError)
    assert str(error).startswith(told)


def test_a_pipe_without_end_is_left(monkeypatch):
    monkeypatch.setattr(piped, "LARGEST_BYTES", 1 << 20)
    (error,) = piped_pictures(io.BufferedReader(io.BytesIO(bytes(1 << 24))))
    assert str(error) == "-: more than 1 MiB, and no end of a picture in it"


@given(st.binary(max_size=200), st.integers(0, 9))
def test_any_bytes_give_pictures_or_errors(content, seed):
    for one in shown(b"\xff\xd8\xff" + content, seed):
        assert isinstance(one, (np.ndarray, LabelledDataError))
