"""The size of a picture from its header: what OpenCV's libraries will find, or nothing."""

import struct
import time
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.images.encoded_size import encoded_size

HUGE = (60_000, 50_000)


def size_of(content: bytes):
    return encoded_size(np.frombuffer(content, np.uint8))


def picture(suffix, width=11, height=7, *options):
    return cv2.imencode(suffix, np.zeros((height, width, 3), np.uint8), options)[1].tobytes()


def frame_header(width, height, marker=0xC0):
    return bytes((0xFF, marker)) + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)


@pytest.mark.parametrize(
    "options", [(".png",), (".jpg",), (".jpg", 11, 7, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)], ids=str
)
def test_the_size_is_the_one_that_was_written(options):
    assert size_of(picture(*options)) == (11, 7)


@given(st.integers(1, 65535), st.integers(1, 65535), st.binary(max_size=300))
def test_what_a_jpeg_says_before_its_frame_header_is_passed_over(width, height, comment):
    content = b"\xff\xd8" + b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment
    assert size_of(content + frame_header(width, height)) == (width, height)


def test_fill_bytes_before_a_marker_are_passed_over():
    assert size_of(b"\xff\xd8" + b"\xff" * 20 + frame_header(3, 5)) == (3, 5)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_that_ends_before_its_size_has_none(suffix):
    content = picture(suffix)
    first = next(end for end in range(len(content)) if size_of(content[:end]) is not None)
    assert size_of(content[:first]) == (11, 7)
    assert 20 < first < 200


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xd8", b"BM" + bytes(60), b"GIF89a" + bytes(60)])
def test_what_is_no_jpeg_or_png_has_no_size(content):
    assert size_of(content) is None


# what libjpeg and libpng would read differently


@pytest.mark.parametrize("marker", [0x00, 0x01, *range(0xD0, 0xD8), 0xD8, 0xD9, 0xDA, 0xDC, 0xF0, 0x02])
def test_a_jpeg_whose_reader_would_not_skip_a_segment_is_refused(marker):
    """Here libjpeg sees no segment: it would find the huge size, which the small one was to hide."""
    hidden = frame_header(*HUGE)
    (length,) = struct.unpack(">H", hidden[:2])  # as a segment's length, it leads to the small size
    content = b"\xff\xd8\xff" + bytes((marker,)) + hidden.ljust(length, b"\0") + frame_header(8, 8)
    assert size_of(content) is None


@pytest.mark.parametrize("length", [0, 1])
def test_a_jpeg_with_a_segment_shorter_than_its_own_length_is_refused(length):
    content = b"\xff\xd8\xff\xe1" + struct.pack(">H", length) + frame_header(8, 8)
    assert size_of(content) is None


def test_a_png_that_does_not_begin_with_its_header_chunk_is_refused():
    """Libpng skips a chunk that it does not know: OpenCV 4.5 decodes what comes after it."""
    content = picture(".png")
    unknown = struct.pack(">I", 13) + b"aaAa" + struct.pack(">II", 8, 8) + bytes(9)
    assert size_of(content[:8] + unknown + content[8:]) is None
    longer = struct.pack(">I", 14) + content[12:]
    assert size_of(content[:8] + longer) is None


# cost


SLOW = {
    "fill_bytes": b"\xff\xd8" + b"\xff" * 10_000_000,
    "empty_segments": b"\xff\xd8" + b"\xff\xfe\0\2" * 2_500_000,
    "segments_of_no_length": b"\xff\xd8" + b"\xff\xfe\0\0" * 2_500_000,
    "markers_without_length": b"\xff\xd8" + b"\xff\xd0" * 5_000_000,
    "zeros": b"\xff\xd8" + bytes(10_000_000),
    "png": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IDAT\0\0\0\0" * 800_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_ten_megabytes_take_milliseconds_and_no_memory(name):
    data = np.frombuffer(SLOW[name], np.uint8)
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        assert encoded_size(data) is None
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.005
    tracemalloc.start()
    encoded_size(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


@given(st.sampled_from([b"\xff\xd8\xff", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b""]), st.binary(max_size=80))
def test_any_bytes_have_a_size_or_none(start, rest):
    size = size_of(start + rest)
    assert size is None or all(0 <= number < 2**32 for number in size)
