"""From image messages to BGR, against a slow and obvious oracle; no ROS message is needed."""

from __future__ import annotations

import struct
import sys
import time
import tracemalloc
import zlib
from array import array

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.oracle import (
    ENCODINGS,
    YUV_420,
    YUV_422,
    YUV_TOLERANCE,
    Message,
    assert_equals_oracle,
)
from image_messages import MAX_PIXELS, random_message, reason_of

from lprnet_ros.images.conversion import BadImage, ImageRejectedError, compressed_to_bgr, image_to_bgr


@pytest.mark.parametrize("extra", [0, 5], ids=["exact", "trailing_bytes"])
@pytest.mark.parametrize("padding", [0, 3, 64], ids=["tight", "padded_3", "padded_64"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_becomes_what_the_oracle_says(encoding: str, padding: int, extra: int) -> None:
    message = random_message(encoding, padding=padding, extra=extra)
    assert_equals_oracle(image_to_bgr(message, max_pixels=MAX_PIXELS), message)


@pytest.mark.parametrize("encoding", YUV_422 + YUV_420)
def test_yuv_primaries_are_not_swapped(encoding: str) -> None:
    """Blue has much U and little V: an exchange of the two would make it red."""
    message = random_message(encoding, 2, 2)
    luma, u, v = 41, 240, 110
    cells = {
        "uyvy": [u, luma, v, luma] * 2,
        "yuyv": [luma, u, luma, v] * 2,
        "nv12": [luma] * 4 + [u, v],
        "nv21": [luma] * 4 + [v, u],
    }
    name = {"yuv422": "uyvy", "yuv422_yuy2": "yuyv"}.get(encoding, encoding)
    message.data = array("B", cells[name])
    image = image_to_bgr(message, max_pixels=MAX_PIXELS)
    assert np.abs(image.astype(int) - (255, 0, 0)).max() <= YUV_TOLERANCE


@pytest.mark.parametrize("encoding", ["bgr8", "8UC3"])
@pytest.mark.parametrize("padding", [0, 5])
def test_bgr8_is_a_view_of_the_message(encoding: str, padding: int) -> None:
    message = random_message(encoding, padding=padding)
    image = image_to_bgr(message, max_pixels=MAX_PIXELS)
    assert np.shares_memory(image, np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize("kind", [bytes, lambda data: np.frombuffer(data, np.uint8)], ids=["bytes", "numpy"])
def test_data_may_be_bytes_or_an_array(kind: type) -> None:
    message = random_message("rgb8")
    expected = image_to_bgr(message, max_pixels=MAX_PIXELS)
    message.data = kind(message.data.tobytes())
    assert np.array_equal(image_to_bgr(message, max_pixels=MAX_PIXELS), expected)


@pytest.mark.parametrize("encoding", ["jpeg", "jpg", "JPEG", "png", "PNG"])
def test_jpeg_and_png_in_an_image_message_are_decoded(encoding: str) -> None:
    picture = np.full((8, 12, 3), (30, 120, 210), np.uint8)
    data = cv2.imencode(f".{encoding.lower()}", picture)[1].tobytes()
    # such cameras fill the other fields as they like
    message = Message(0, 0, encoding, 0, 0, array("B", data))
    image = image_to_bgr(message, max_pixels=MAX_PIXELS)
    assert image.shape == picture.shape
    assert np.abs(image.astype(int) - picture).max() <= (0 if "png" in encoding.lower() else 4)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("stated", ["jpeg", "bgr8; png compressed bgr8", ""])
def test_compressed_images_are_decoded_whatever_their_format_field_says(
    suffix: str, channels: int, stated: str
) -> None:
    picture = np.full((8, 12) if channels == 1 else (8, 12, 3), 90, np.uint8)
    message = Message(format=stated, data=array("B", cv2.imencode(suffix, picture)[1].tobytes()))
    image = compressed_to_bgr(message, max_pixels=MAX_PIXELS)
    assert image.shape == (8, 12, 3)
    assert np.abs(image.astype(int) - 90).max() <= 4


def test_png_with_alpha_or_16_bits_becomes_8_bit_bgr() -> None:
    for picture in (np.full((4, 6, 4), 200, np.uint8), np.full((4, 6, 3), 200 * 257, np.uint16)):
        message = Message(format="png", data=array("B", cv2.imencode(".png", picture)[1].tobytes()))
        image = compressed_to_bgr(message, max_pixels=MAX_PIXELS)
        assert image.dtype == np.uint8
        assert image.shape == (4, 6, 3)
        assert (image == 200).all()


# refusals, one test a reason


@pytest.mark.parametrize("encoding", [*ENCODINGS, "jpeg", "unheard_of"])
def test_empty_data_is_refused(encoding: str) -> None:
    assert reason_of(Message(4, 6, encoding, 0, 24, array("B"))) is BadImage.EMPTY


def test_an_empty_compressed_image_is_refused() -> None:
    with pytest.raises(ImageRejectedError) as caught:
        compressed_to_bgr(Message(format="jpeg"), max_pixels=MAX_PIXELS)
    assert caught.value.reason is BadImage.EMPTY


@pytest.mark.parametrize(
    ("width", "height"),
    [(0, 4), (6, 0), (0, 0), (2**31, 1), (1, 2**31), (2**32 - 1, 2**32 - 1), (MAX_PIXELS + 1, 1)],
)
def test_sizes_without_pixels_or_with_too_many_are_refused(width: int, height: int) -> None:
    message = random_message("bgr8")
    message.width, message.height = width, height
    assert reason_of(message) is BadImage.SIZE


def test_the_greatest_allowed_size_is_accepted() -> None:
    message = random_message("mono8", 6, 4)
    assert image_to_bgr(message, max_pixels=24).shape == (4, 6, 3)
    assert reason_of(message, max_pixels=23) is BadImage.SIZE


@pytest.mark.parametrize("is_wide", [True, False])
def test_a_side_that_opencv_cannot_warp_is_refused(is_wide: bool) -> None:
    for side, is_good in ((32_766, True), (32_767, False)):
        width, height = (side, 2) if is_wide else (2, side)
        pixels = np.zeros((height, width, 3), np.uint8)
        raw = Message(height, width, "bgr8", 0, 3 * width, pixels.ravel())
        picture = Message(data=cv2.imencode(".jpg", pixels)[1].tobytes())
        if is_good:
            image = image_to_bgr(raw, max_pixels=100_000)
            assert image.shape == compressed_to_bgr(picture, max_pixels=100_000).shape == pixels.shape
            cv2.warpAffine(image, np.eye(3)[:2], (94, 24))
            continue
        with pytest.raises(cv2.error):
            cv2.warpAffine(pixels, np.eye(3)[:2], (94, 24))
        assert reason_of(raw, max_pixels=100_000) is BadImage.SIZE
        with pytest.raises(ImageRejectedError, match="32766 pixels only") as caught:
            compressed_to_bgr(picture, max_pixels=100_000)
        assert caught.value.reason is BadImage.SIZE


@pytest.mark.parametrize("encoding", YUV_422 + YUV_420)
def test_yuv_of_odd_width_is_refused(encoding: str) -> None:
    message = random_message(encoding, 6, 4, padding=4)
    message.width = 5
    assert reason_of(message) is BadImage.SIZE


@pytest.mark.parametrize("encoding", YUV_420)
def test_planar_yuv_of_odd_height_is_refused(encoding: str) -> None:
    message = random_message(encoding, 6, 4, extra=50)
    message.height = 3
    assert reason_of(message) is BadImage.SIZE


@pytest.mark.parametrize("encoding", YUV_422)
def test_packed_yuv_of_odd_height_is_read(encoding: str) -> None:
    message = random_message(encoding, 6, 3)
    assert_equals_oracle(image_to_bgr(message, max_pixels=MAX_PIXELS), message)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_step_shorter_than_a_row_is_refused(encoding: str) -> None:
    message = random_message(encoding)
    message.step -= 1
    assert reason_of(message) is BadImage.STEP


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_data_shorter_than_step_times_rows_is_refused(encoding: str) -> None:
    message = random_message(encoding)
    message.data = message.data[:-1]
    assert reason_of(message) is BadImage.SHORT


def test_a_step_of_4_gib_is_refused_as_short_data() -> None:
    message = random_message("bgr8")
    message.step = 2**32 - 1
    assert reason_of(message) is BadImage.SHORT


@pytest.mark.parametrize("flag", [1, 255])
def test_big_endian_images_are_refused(flag: int) -> None:
    message = random_message("bgr8")
    message.is_bigendian = flag
    assert reason_of(message) is BadImage.BIG_ENDIAN


@pytest.mark.parametrize("encoding", ["", "BGR8", "bgr8 ", "bayer_rggb8", "32FC1", "bgr\ufffd8", "\0"])
def test_unknown_encodings_are_refused_where_cv_bridge_is_absent(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    message = random_message("bgr8")
    message.encoding = encoding
    with pytest.raises(ImageRejectedError, match="cv_bridge") as caught:
        image_to_bgr(message, max_pixels=MAX_PIXELS)
    assert caught.value.reason is BadImage.ENCODING
    assert repr(encoding) in str(caught.value)


LONG = ["x" * 4096, "\U000e0001" * 1000, "\n" * 300, "京" * 1000]


@pytest.mark.parametrize("encoding", LONG, ids=["letters", "unprintable", "newlines", "chinese"])
@pytest.mark.parametrize("step", [18, 1], ids=["unknown", "bad_step"])
def test_an_encoding_of_any_length_makes_a_short_line_of_log(
    encoding: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    message = random_message("bgr8")
    message.encoding, message.step = encoding, step
    with pytest.raises(ImageRejectedError) as caught:
        image_to_bgr(message, max_pixels=MAX_PIXELS)
    line = str(caught.value)
    assert len(line) < 260
    assert line.isprintable()
    assert " characters)" in line


UNDECODABLE = {
    "text": b"this is no picture",
    "one_byte": b"\xff",
    "jpeg_header_only": cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()[:30],
    "png_header_only": cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()[:20],
}


@pytest.mark.parametrize("name", UNDECODABLE)
def test_undecodable_pictures_are_refused(name: str) -> None:
    data = array("B", UNDECODABLE[name])
    assert reason_of(Message(8, 8, "jpeg", 0, 24, data)) is BadImage.UNDECODABLE
    with pytest.raises(ImageRejectedError) as caught:
        compressed_to_bgr(Message(format="jpeg", data=data), max_pixels=MAX_PIXELS)
    assert caught.value.reason is BadImage.UNDECODABLE


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_decoded_picture_with_too_many_pixels_is_refused(suffix: str) -> None:
    data = array("B", cv2.imencode(suffix, np.zeros((10, 11, 3), np.uint8))[1].tobytes())
    assert reason_of(Message(1, 1, "jpeg", 0, 1, data), max_pixels=109) is BadImage.SIZE
    assert image_to_bgr(Message(1, 1, "jpeg", 0, 1, data), max_pixels=110).shape == (10, 11, 3)


def header_of_picture(suffix: str, width: int, height: int) -> bytes:
    """The beginning of a JPEG or PNG file, up to where its pixels would follow."""
    picture = cv2.imencode(suffix, np.zeros((8, 16, 3), np.uint8))[1].tobytes()
    if suffix == ".png":
        ihdr = b"IHDR" + struct.pack(">II", width, height) + picture[24:29]
        return picture[:12] + ihdr + struct.pack(">I", zlib.crc32(ihdr))
    size, scan = picture.index(b"\xff\xc0") + 5, picture.index(b"\xff\xda")
    assert struct.unpack(">HH", picture[size : size + 4]) == (8, 16)
    return picture[:size] + struct.pack(">HH", height, width) + picture[size + 4 : scan]


def huge(name: str) -> Message:
    """Messages that announce or hold more than is allowed."""
    if name in (".jpg", ".png"):
        return Message(encoding="jpeg", data=array("B", header_of_picture(name, 20_000, 20_000)))
    if name == "announced":
        return Message(2**16, 2**16, "bgr8", 0, 3 * 2**16, array("B", bytes(100)))
    if name == "step":
        return Message(1, 1, "bgr8", 0, 2**32 - 1, array("B", bytes(100)))
    return Message(10_000, 10_000, "mono8", 0, 10_000, array("B", bytes(100_000_000)))


@pytest.mark.parametrize("name", [".jpg", ".png", "announced", "step", "100 MB"])
def test_a_message_is_refused_by_its_size_before_memory_is_taken_for_it(name: str) -> None:
    """1 MB of PNG can hold 20,000 x 20,000 black pixels: 1.2 GB and seconds if it were decoded first."""
    message = huge(name)
    tracemalloc.start()
    started = time.thread_time()
    reason = reason_of(message)
    seconds = time.thread_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason is (BadImage.SHORT if name == "step" else BadImage.SIZE)
    assert peak < 100_000
    assert seconds < 0.01
