"""Pictures that must not reach a decoder, and those that must."""

import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from lprnet_ros.images.encoded_fault import encoded_fault

PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def fault_of(content: bytes):
    return encoded_fault(content)


def picture(suffix, *options):
    pixels = np.random.default_rng(1).integers(0, 256, (24, 94, 3), dtype=np.uint8)
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def chunk(name, content):
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_with(*chunks):
    content = picture(".png")
    return content[:33] + b"".join(chunks) + content[33:]


GOOD = {
    "jpeg": picture(".jpg"),
    "progressive_jpeg": picture(".jpg", *PROGRESSIVE),
    "jpeg_padded_by_its_camera": picture(".jpg") + bytes(5000),
    "jpeg_with_a_thumbnail": b"\xff\xd8\xff\xe1"
    + struct.pack(">H", 2 + len(picture(".jpg")))
    + picture(".jpg")
    + picture(".jpg")[2:],
    "png": picture(".png"),
    "png_with_trailing_bytes": picture(".png") + bytes(100),
    "png_with_some_texts": png_with(*[chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"plate"))] * 8),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_picture_has_no_fault_and_is_decoded(name):
    assert fault_of(GOOD[name]) is None
    assert cv2.imdecode(np.frombuffer(GOOD[name], np.uint8), cv2.IMREAD_COLOR).shape == (24, 94, 3)


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("png")])
def test_wherever_a_png_is_cut_off_it_is_said(name):
    content = GOOD["png"] if name == "png_with_trailing_bytes" else GOOD[name]
    for end in range(9, len(content)):
        fault = fault_of(content[:end])
        assert fault is not None, end
        assert "cut off" in fault


def test_a_jpeg_of_many_scans_is_refused():
    content = GOOD["progressive_jpeg"]
    scan = content[content.rfind(b"\xff\xda") : -2]
    assert fault_of(content[:-2] + scan * 50 + content[-2:]) is None
    assert "100 scans" in fault_of(content[:-2] + scan * 100 + content[-2:])


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt"])
def test_a_png_of_many_compressed_texts_is_refused(name):
    assert fault_of(png_with(*[chunk(name, b"")] * 8)) is None
    assert "texts" in fault_of(png_with(*[chunk(name, b"")] * 9))


@pytest.mark.parametrize("length", [2**31 - 1, 2**31, 2**32 - 1, 10_000])
def test_a_png_whose_chunk_is_longer_than_the_picture_is_refused(length):
    """OpenCV 4.14 allocates what the length says before it looks whether it is there."""
    content = picture(".png")
    start = content.index(b"IDAT") - 4
    assert "length" in fault_of(content[:start] + struct.pack(">I", length) + content[start + 4 :])


def test_a_png_of_a_million_chunks_is_refused_in_milliseconds():
    content = png_with(chunk(b"tEXt", b"") * 800_000)
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        assert "chunks" in fault_of(content)
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.03
