"""From image messages to BGR, against a slow and obvious oracle; no ROS message is needed."""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from types import ModuleType

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from image_oracle import (
    CHANNELS,
    ENCODINGS,
    MAX_PIXELS,
    YUV_420,
    YUV_422,
    YUV_TOLERANCE,
    Message,
    assert_equals_oracle,
    random_message,
    rows_of,
)

from lprnet_ros.nodes.image_conversion import BadImage, ImageRejectedError, compressed_to_bgr, image_to_bgr


def reason_of(message: Message, *, max_pixels: int = MAX_PIXELS) -> BadImage:
    with pytest.raises(ImageRejectedError) as caught:
        image_to_bgr(message, max_pixels=max_pixels)
    assert str(caught.value)
    return caught.value.reason


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


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_is_refused_by_the_size_in_its_header_before_memory_is_taken_for_it(suffix: str) -> None:
    """1 MB of PNG can hold 20,000 x 20,000 black pixels: 1.2 GB and seconds if it were decoded first."""
    message = Message(format="jpeg", data=array("B", header_of_picture(suffix, 20_000, 20_000)))
    with pytest.raises(ImageRejectedError) as caught:
        compressed_to_bgr(message, max_pixels=MAX_PIXELS)
    assert caught.value.reason is BadImage.SIZE


# cv_bridge, where it is installed


def install_cv_bridge(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[tuple[object, str]]:
    """Put a cv_bridge into place that raises or returns the answer; return the calls it gets."""
    calls: list[tuple[object, str]] = []

    class CvBridgeError(TypeError):
        pass

    class CvBridge:
        def imgmsg_to_cv2(self, message: object, desired_encoding: str = "passthrough") -> object:
            calls.append((message, desired_encoding))
            if isinstance(answer, str):
                raise CvBridgeError("[bayer_rggb8] is not a color format")
            if isinstance(answer, BaseException):
                raise answer
            return answer

    module = ModuleType("cv_bridge")
    module.CvBridge, module.CvBridgeError = CvBridge, CvBridgeError
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    return calls


def bayer_message() -> Message:
    return Message(4, 6, "bayer_rggb8", 0, 6, array("B", bytes(24)))


def test_cv_bridge_reads_the_encodings_that_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.full((4, 6, 3), 55, np.uint8)
    calls = install_cv_bridge(monkeypatch, picture)
    message = bayer_message()
    assert np.array_equal(image_to_bgr(message, max_pixels=MAX_PIXELS), picture)
    assert calls == [(message, "bgr8")]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cv_bridge_is_not_asked_for_our_own_encodings(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = install_cv_bridge(monkeypatch, TypeError("must not be called"))
    image_to_bgr(random_message(encoding), max_pixels=MAX_PIXELS)
    assert calls == []


@pytest.mark.parametrize(
    "failure",
    [
        "CvBridgeError",
        TypeError("buffer is too small for requested array"),
        ValueError("cannot reshape"),
        AttributeError("'numpy.ndarray' object has no attribute 'newbyteorder'"),
        KeyError("bayer"),
        cv2.error("bad conversion"),
        ImportError("numpy.core.multiarray failed to import"),
        RuntimeError("module compiled against another numpy"),
    ],
    ids=lambda failure: failure if isinstance(failure, str) else type(failure).__name__,
)
def test_whatever_cv_bridge_raises_is_a_refusal(failure: object, monkeypatch: pytest.MonkeyPatch) -> None:
    install_cv_bridge(monkeypatch, failure)
    assert reason_of(bayer_message()) is BadImage.ENCODING


@pytest.mark.parametrize(
    "answer", [None, np.zeros((4, 6), np.uint8), np.zeros((4, 6, 4), np.uint8)], ids=["none", "grey", "bgra"]
)
def test_no_bgr_image_from_cv_bridge_is_a_refusal(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    install_cv_bridge(monkeypatch, answer)
    assert reason_of(bayer_message()) is BadImage.ENCODING


# any message whatsoever

uint32 = st.integers(0, 2**32 - 1) | st.integers(0, 40)
any_encoding = st.sampled_from([*ENCODINGS, "jpeg", "png", "mono16"]) | st.text(max_size=20)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Messages that agree with themselves, with one field or more spoilt, or wholly arbitrary."""
    encoding = draw(any_encoding)
    width, height = draw(st.integers(0, 12)), draw(st.integers(0, 8))
    step = width * CHANNELS.get(encoding, 1) + draw(st.integers(0, 3))
    count = step * rows_of(encoding, height) + draw(st.integers(0, 3))
    message = Message(height, width, encoding, 0, step)
    for name in draw(
        st.sets(st.sampled_from(["height", "width", "step", "data", "is_bigendian"]), max_size=3)
    ):
        if name == "data":
            count = draw(st.integers(0, 400))
        else:
            setattr(message, name, draw(st.integers(0, 255) if name == "is_bigendian" else uint32))
    message.data = array("B", draw(st.binary(min_size=count, max_size=count)))
    return message


@settings(max_examples=300, deadline=None)
@given(messages())
@example(Message(2, 2, "nv12", 0, 2, array("B", bytes(6))))
def test_any_message_is_refused_or_equals_the_oracle(message: Message) -> None:
    try:
        image = image_to_bgr(message, max_pixels=200)
    except ImageRejectedError as error:
        assert error.reason in BadImage
        assert str(error)
        return
    assert message.encoding in ENCODINGS
    assert image.shape[0] * image.shape[1] <= 200
    assert_equals_oracle(image, message)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_message_that_agrees_with_itself_is_accepted(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(ENCODINGS))
    width, height = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    if encoding in YUV_422 + YUV_420:
        width, height = 2 * width, 2 * height
    step = width * CHANNELS[encoding] + data.draw(st.integers(0, 5))
    count = step * rows_of(encoding, height) + data.draw(st.integers(0, 5))
    content = data.draw(st.binary(min_size=count, max_size=count))
    message = Message(height, width, encoding, 0, step, array("B", content))
    assert_equals_oracle(image_to_bgr(message, max_pixels=200), message)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([".jpg", ".png"]), st.data())
def test_any_damage_to_a_picture_is_refused_or_decoded(suffix: str, data: st.DataObject) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    content = bytearray(cv2.imencode(suffix, picture)[1].tobytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        image = compressed_to_bgr(Message(data=array("B", bytes(content))), max_pixels=MAX_PIXELS)
    except ImageRejectedError as error:
        assert error.reason in (BadImage.EMPTY, BadImage.UNDECODABLE, BadImage.SIZE)
    else:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        assert image.shape[0] * image.shape[1] <= MAX_PIXELS
