"""Any message whatsoever is refused for a reason that it has, or becomes what the oracle says."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.messages import serialised
from fuzz.oracle import (
    CHANNELS,
    ENCODINGS,
    PACKED,
    YUV_420,
    Message,
    assert_equals_oracle,
    faults_of,
    rows_of,
)
from fuzz.trial import convert

from lprnet_ros.images.conversion import compressed_to_bgr, image_to_bgr
from lprnet_ros.images.crop_image import BadImage, BgrImage, ImageRejectedError

MAX_PIXELS = 200

uint32 = st.integers(0, 2**32 - 1) | st.integers(0, 40) | st.sampled_from([2**31, 2**32 - 1])
any_text = st.text(max_size=20).map(lambda text: text.replace("\0", ""))
any_encoding = (
    st.sampled_from(ENCODINGS) | st.sampled_from(["", "BGR8", "bgr8 ", "mono16", "jpegs", "Ｊpeg"]) | any_text
)
header = st.fixed_dictionaries(
    {
        "seconds": st.integers(-(2**31), 2**31 - 1),
        "nanoseconds": st.integers(0, 2**32 - 1),
        "frame_id": any_text,
    }
)
FIELDS = ("height", "width", "step", "data", "is_bigendian", "encoding")


@st.composite
def agreeing(draw: st.DrawFn) -> Message:
    """Messages that have to be read."""
    encoding = draw(st.sampled_from(ENCODINGS))
    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    if encoding not in PACKED:
        width *= 2
    if encoding in YUV_420:
        height *= 2
    step = width * CHANNELS[encoding] + draw(st.integers(0, 5))
    count = step * rows_of(encoding, height) + draw(st.integers(0, 5))
    data = draw(st.binary(min_size=count, max_size=count))
    return Message(height, width, encoding, 0, step, data, **draw(header))


@st.composite
def spoilt(draw: st.DrawFn) -> Message:
    """Messages of which fields were changed, none to all, by little or to anything."""
    message = draw(agreeing())
    for name in draw(st.sets(st.sampled_from(FIELDS), max_size=len(FIELDS))):
        if name == "data":
            message.data = draw(st.binary(max_size=400) | st.just(message.data[:-1]))
        elif name == "encoding":
            message.encoding = draw(any_encoding)
        elif name == "is_bigendian":
            message.is_bigendian = draw(st.integers(0, 255))
        else:
            near = max(0, getattr(message, name) + draw(st.integers(-2, 2)))
            setattr(message, name, draw(st.just(near) | uint32))
    return message


@pytest.fixture(autouse=True, scope="module")
def without_cv_bridge() -> Iterator[None]:
    """It reads encodings of which the oracle knows nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cv_bridge", None)
        yield


def fate(image_of: Callable[[], BgrImage]) -> BgrImage | BadImage:
    """The image, or why it is refused; nothing else may be raised."""
    try:
        return image_of()
    except ImageRejectedError as error:
        assert 0 < len(str(error)) < 260
        return error.reason


@settings(max_examples=600, deadline=None)
@given(spoilt())
@example(Message(2, 2, "nv12", 0, 2, bytes(6)))
@example(Message(2**16, 2**16, "bgr8", 0, 0, b"x"))
def test_any_image_is_refused_for_what_the_oracle_finds_or_equals_it(message: Message) -> None:
    if message.is_picture:
        return
    faults = faults_of(message, max_pixels=MAX_PIXELS)
    fates = [
        fate(lambda: image_to_bgr(message, max_pixels=MAX_PIXELS)),
        fate(lambda: convert("image", serialised(message, "image"), max_pixels=MAX_PIXELS)),
    ]
    message.data = array("B", message.data)
    fates.append(fate(lambda: image_to_bgr(message, max_pixels=MAX_PIXELS)))
    for image in fates:
        if isinstance(image, BadImage):
            event(image.value)
            assert image.value in faults
        else:
            event("accepted")
            assert faults == set()
            assert_equals_oracle(image, message)


@settings(max_examples=300, deadline=None)
@given(agreeing(), st.booleans())
def test_any_image_without_fault_is_accepted(message: Message, big_endian: bool) -> None:
    assert faults_of(message, max_pixels=MAX_PIXELS) == set()
    content = serialised(message, "image", big_endian=big_endian)
    assert_equals_oracle(convert("image", content, max_pixels=MAX_PIXELS), message)


# pictures


def encoded(suffix: str, *, width: int = 12, height: int = 8) -> bytes:
    picture = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(suffix, picture)[1].tobytes()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["jpeg", "jpg", "png", "JPEG", "PnG"]), spoilt(), any_text)
def test_a_good_picture_is_accepted_whatever_the_other_fields_say(
    encoding: str, message: Message, stated: str
) -> None:
    message.encoding, message.format = encoding, stated
    message.data = encoded(f".{encoding.lower()}")
    expected = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    for kind in ("image", "compressed"):
        image = convert(kind, serialised(message, kind), max_pixels=MAX_PIXELS)
        assert np.array_equal(image, expected)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([".jpg", ".png"]), st.data())
def test_any_damage_to_a_picture_is_refused_or_decoded(suffix: str, data: st.DataObject) -> None:
    content = bytearray(encoded(suffix))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    message = Message(data=array("B", bytes(content)))
    image = fate(lambda: compressed_to_bgr(message, max_pixels=MAX_PIXELS))
    if isinstance(image, BadImage):
        event(image.value)
        assert image in (BadImage.EMPTY, BadImage.UNDECODABLE, BadImage.BROKEN, BadImage.SIZE)
    else:
        event("decoded")
        assert image.shape[0] * image.shape[1] <= MAX_PIXELS
        end = b"\xff\xd9" if suffix == ".jpg" else b""  # a JPEG that lacks it is read
        expected = cv2.imdecode(np.frombuffer(bytes(content) + end, np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(image, expected)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([".jpg", ".png"]), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@example(".png", 2**32 - 1, 2**32 - 1)
@example(".jpg", 65535, 65535)
def test_a_picture_of_any_announced_size_is_refused_or_small(suffix: str, width: int, height: int) -> None:
    content = encoded(suffix)
    if suffix == ".png":
        content = content[:16] + struct.pack(">II", width, height) + content[24:]
    else:
        at = content.index(b"\xff\xc0") + 5
        content = content[:at] + struct.pack(">HH", height % 65536, width % 65536) + content[at + 4 :]
    image = fate(lambda: compressed_to_bgr(Message(data=content), max_pixels=MAX_PIXELS))
    if not isinstance(image, BadImage):
        assert image.shape[0] * image.shape[1] <= MAX_PIXELS
