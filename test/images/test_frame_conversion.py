"""From the messages of cameras to frames: what is asked for, as ``image_conversion`` sees it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.oracle import (
    ENCODINGS,
    YUV_420,
    Message,
    assert_equals_oracle,
)
from image_messages import MAX_PIXELS, random_message

from lprnet_ros.images.camera_frame import Frame, SemiPlanarFrame
from lprnet_ros.images.conversion import BadImage, ImageRejectedError, image_to_bgr
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame, shared_memory_frame

CAPACITY = 6220800


@dataclass
class SharedMemory:
    """The fields of hbm_img_msgs/HbmMsg1080P, as rclpy hands them over."""

    height: int = 4
    width: int = 6
    step: int = 6
    data_size: int = 36
    encoding: np.ndarray = field(default_factory=lambda: np.zeros(12, np.uint8))
    data: np.ndarray = field(default_factory=lambda: np.zeros(CAPACITY, np.uint8))


def shared_memory(message: Message, **changes: object) -> SharedMemory:
    """The same picture in shared memory, garbage behind it."""
    packed = SharedMemory(message.height, message.width, message.step, len(message.data))
    packed.encoding[: len(message.encoding)] = np.frombuffer(message.encoding.encode(), np.uint8)
    packed.data[:] = 0xA5
    packed.data[: len(message.data)] = np.frombuffer(message.data, np.uint8)
    return replace(packed, **changes)


def pixels_of(frame: Frame) -> np.ndarray:
    return frame.cut(0, 0, *frame.size)


@pytest.mark.parametrize("padding", [0, 3, 64])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_becomes_what_the_oracle_says(encoding: str, padding: int) -> None:
    message = random_message(encoding, padding=padding, extra=5)
    frame = image_frame(message, max_pixels=MAX_PIXELS)
    assert frame.size == (message.width, message.height)
    assert_equals_oracle(pixels_of(frame), message)
    assert isinstance(frame, SemiPlanarFrame) == (encoding in YUV_420)


@pytest.mark.parametrize("encoding", YUV_420)
def test_a_frame_of_nv12_is_a_view_of_its_message(encoding: str) -> None:
    message = random_message(encoding, padding=3)
    luma = image_frame(message, max_pixels=MAX_PIXELS).grey(0, 0, 6, 4)
    assert np.shares_memory(luma, np.frombuffer(message.data, np.uint8))


sizes = st.integers(-1, 9) | st.sampled_from([2**31, 2**32 - 1])


@given(
    st.sampled_from([*ENCODINGS, "jpeg", "PNG", "unheard_of", ""]),
    sizes,
    sizes,
    st.integers(1, 40) | st.just(2**32 - 1),
    st.integers(0, 400),
    st.sampled_from([0, 0, 0, 1]),
)
def test_whatever_the_fields_say_it_is_taken_or_refused_as_in_image_conversion(
    encoding: str, width: int, height: int, step: int, count: int, is_bigendian: int
) -> None:
    data = array("B", np.random.default_rng(count).integers(0, 256, count, dtype=np.uint8).tobytes())
    message = Message(height, width, encoding, is_bigendian, step, data)
    try:
        expected = image_to_bgr(message, max_pixels=50)
    except ImageRejectedError as error:
        with pytest.raises(ImageRejectedError) as caught:
            pixels_of(image_frame(message, max_pixels=50))
        assert caught.value.reason is error.reason
    else:
        assert np.array_equal(pixels_of(image_frame(message, max_pixels=50)), expected)


@pytest.mark.parametrize("encoding", ["nv12", "nv21", "mono8", "bgr8", "rgb8"])
def test_a_step_of_0_means_rows_without_padding(encoding: str) -> None:
    message = random_message(encoding)
    expected = image_to_bgr(message, max_pixels=MAX_PIXELS)
    assert np.array_equal(pixels_of(image_frame(replace(message, step=0), max_pixels=MAX_PIXELS)), expected)


def test_a_step_of_0_does_not_make_up_for_missing_data() -> None:
    message = replace(random_message("nv12"), step=0)
    del message.data[-1]
    with pytest.raises(ImageRejectedError) as caught:
        image_frame(message, max_pixels=MAX_PIXELS)
    assert caught.value.reason is BadImage.SHORT


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_jpeg_or_png_is_decoded_when_a_pixel_is_asked_for(suffix: str) -> None:
    data = array("B", cv2.imencode(suffix, np.full((8, 12, 3), 90, np.uint8))[1].tobytes())
    frames = [
        compressed_frame(Message(format="jpeg", data=data), max_pixels=MAX_PIXELS),
        image_frame(Message(0, 0, suffix[1:].replace("jpg", "jpeg"), 0, 0, data), max_pixels=MAX_PIXELS),
    ]
    for frame in frames:
        assert frame.size == (12, 8)
        assert np.abs(pixels_of(frame).astype(int) - 90).max() <= 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", BadImage.EMPTY),
        (b"no picture", BadImage.UNDECODABLE),
        (b"\xff\xd8\xff\xe0", BadImage.UNDECODABLE),
    ],
)
def test_what_is_no_jpeg_is_refused_at_once(data: bytes, reason: BadImage) -> None:
    with pytest.raises(ImageRejectedError) as caught:
        compressed_frame(Message(format="jpeg", data=array("B", data)), max_pixels=MAX_PIXELS)
    assert caught.value.reason is reason


def test_a_jpeg_that_is_broken_inside_is_refused_when_a_pixel_is_asked_for() -> None:
    whole = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    frame = compressed_frame(Message(format="jpeg", data=array("B", whole[:200])), max_pixels=MAX_PIXELS)
    with pytest.raises(ImageRejectedError) as caught:
        pixels_of(frame)
    assert caught.value.reason is BadImage.UNDECODABLE


# shared memory


@pytest.mark.parametrize("encoding", ["nv12", "nv21", "mono8", "bgr8", "rgb8"])
@pytest.mark.parametrize("step", ["as it is", "the width", "nothing"])
def test_a_frame_in_shared_memory_is_the_same_whatever_its_publisher_makes_of_the_step(
    encoding: str, step: str
) -> None:
    """mipi_cam writes the width for every encoding, hobot_image_publisher nothing."""
    message = random_message(encoding)
    written = {"as it is": message.step, "the width": message.width, "nothing": 0}[step]
    frame = shared_memory_frame(shared_memory(message, step=written), max_pixels=MAX_PIXELS)
    assert_equals_oracle(pixels_of(frame), message)


def test_padded_rows_in_shared_memory_are_honoured() -> None:
    message = random_message("nv12", padding=10)
    assert_equals_oracle(
        pixels_of(shared_memory_frame(shared_memory(message), max_pixels=MAX_PIXELS)), message
    )


def test_a_jpeg_in_shared_memory_is_decoded() -> None:
    data = array("B", cv2.imencode(".jpg", np.full((8, 12, 3), 90, np.uint8))[1].tobytes())
    frame = shared_memory_frame(shared_memory(Message(8, 12, "jpeg", 0, 0, data)), max_pixels=MAX_PIXELS)
    assert np.abs(pixels_of(frame).astype(int) - 90).max() <= 3


def test_a_frame_in_shared_memory_is_not_copied() -> None:
    packed = shared_memory(random_message("nv12"))
    frame = shared_memory_frame(packed, max_pixels=MAX_PIXELS)
    assert np.shares_memory(frame.grey(0, 0, 6, 4), packed.data)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data_size": 0}, BadImage.EMPTY),
        ({"data_size": 35}, BadImage.SHORT),
        ({"data_size": CAPACITY + 1}, BadImage.SHORT),
        ({"data_size": 2**32 - 1}, BadImage.SHORT),
        ({"width": 0}, BadImage.SIZE),
        ({"width": 7}, BadImage.SIZE),
        ({"height": 2**32 - 1, "width": 2**32 - 1}, BadImage.SIZE),
        ({"step": 2**32 - 1}, BadImage.SHORT),
        ({"encoding": np.zeros(12, np.uint8)}, BadImage.ENCODING),
        ({"encoding": np.full(12, 255, np.uint8)}, BadImage.ENCODING),
    ],
)
def test_a_frame_in_shared_memory_that_cannot_be_right_is_refused(
    changes: dict[str, object], reason: BadImage
) -> None:
    packed = shared_memory(random_message("nv12"), **changes)
    with pytest.raises(ImageRejectedError) as caught:
        shared_memory_frame(packed, max_pixels=MAX_PIXELS)
    assert caught.value.reason is reason
