"""The parser of serialised messages, held against rclpy's own on good, broken and random bytes."""

from __future__ import annotations

import struct
import tracemalloc
from array import array

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.messages import KINDS, serialised
from fuzz.oracle import Message
from fuzz.trial import check_fields, deserialised, is_refused_on_purpose
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from lprnet_ros.images.crop_image import BadImage, ImageRejectedError
from lprnet_ros.images.serialised_image import (
    SerialisedImage,
    parse_compressed,
    parse_image,
    parse_shared_memory,
)
from lprnet_ros.ros.messages.cdr import serialise_string

pytestmark = pytest.mark.usefixtures("serialisation")

PARSE = {"image": parse_image, "compressed": parse_compressed}
GOOD = Message(2, 3, "bgr8", 1, 9, bytes(range(18)), "jpeg", -5, 999_999_999, "摄像机/left")

int32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), -1, 0, 2**31 - 1])
uint32 = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1])
text = st.text(max_size=40) | st.sampled_from(
    ["", "bgr8", "京A12345", "\U0001f697", "a\0b", "\0", "x" * 4095, "京" * 1365]
)
fields = st.builds(
    Message,
    uint32,
    uint32,
    text,
    st.integers(0, 255),
    uint32,
    st.binary(max_size=70) | st.sampled_from([b"", bytes(100_000)]),
    text,
    int32,
    uint32,
    text,
)
kinds = st.sampled_from(KINDS)


def ros_message(kind: str, message: Message) -> Image | CompressedImage:
    """The same message as ROS knows it."""
    if kind == "image":
        ros = Image(height=message.height, width=message.width, encoding=message.encoding)
        ros.is_bigendian, ros.step = message.is_bigendian, message.step
    else:
        ros = CompressedImage(format=message.format)
    ros.data = array("B", bytes(message.data))
    ros.header.frame_id = message.frame_id
    ros.header.stamp.sec, ros.header.stamp.nanosec = message.seconds, message.nanoseconds
    return ros


def parsed_or_refused(kind: str, content: bytes) -> SerialisedImage | None:
    """Parse; nothing but a message, or this one refusal, may come of it."""
    try:
        return PARSE[kind](content)
    except ImageRejectedError as error:
        assert error.reason is BadImage.MALFORMED
        assert f"{len(content)} bytes" in str(error)
        return None


def assert_agrees_with_rclpy(kind: str, content: bytes) -> SerialisedImage | None:
    parsed, expected = parsed_or_refused(kind, content), deserialised(kind, content)
    if parsed is None:
        assert expected is None or is_refused_on_purpose(kind, content)
    else:
        assert expected is not None
        check_fields(kind, parsed, expected)
    return parsed


# messages as they are sent


@settings(max_examples=300, deadline=None)
@given(kinds, fields)
@example("image", GOOD)
@example("compressed", GOOD)
def test_the_fields_of_any_message_are_those_that_rclpy_reads(kind: str, message: Message) -> None:
    content = serialize_message(ros_message(kind, message))
    parsed = PARSE[kind](content)
    check_fields(kind, parsed, deserialised(kind, content))


@settings(max_examples=200, deadline=None)
@given(kinds, fields, st.booleans())
@example("image", GOOD, True)
@example("compressed", GOOD, True)
def test_both_byte_orders_are_read(kind: str, message: Message, big_endian: bool) -> None:
    content = serialised(message, kind, big_endian=big_endian)
    parsed = assert_agrees_with_rclpy(kind, content)
    assert (parsed.seconds, parsed.nanoseconds) == (message.seconds, message.nanoseconds)
    assert (parsed.height, parsed.width, parsed.step) == (
        (message.height, message.width, message.step) if kind == "image" else (0, 0, 0)
    )
    text = message.encoding if kind == "image" else message.format
    assert parsed.encoding == text.partition("\0")[0]
    assert parsed.frame_id == message.frame_id.partition("\0")[0]
    assert parsed.data.tobytes() == message.data


@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("kind", KINDS)
def test_data_is_a_view_of_the_message(kind: str, big_endian: bool) -> None:
    content = serialised(GOOD, kind, big_endian=big_endian)
    data = PARSE[kind](content).data
    assert data.dtype == np.uint8
    assert np.shares_memory(data, np.frombuffer(content, np.uint8))
    assert not data.flags.writeable


# broken ones


@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_beginning_of_a_message_is_refused(kind: str, big_endian: bool) -> None:
    content = serialised(GOOD, kind, big_endian=big_endian)
    for end in range(len(content)):
        assert parsed_or_refused(kind, content[:end]) is None
        assert deserialised(kind, content[:end]) is None


@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
@pytest.mark.parametrize("kind", KINDS)
def test_with_any_one_byte_changed_it_agrees_with_rclpy(kind: str, big_endian: bool) -> None:
    """Every value of every byte before the data."""
    content = serialised(GOOD, kind, big_endian=big_endian)
    fates = set()
    for position in range(len(content) - len(GOOD.data)):
        for value in range(256):
            changed = content[:position] + bytes((value,)) + content[position + 1 :]
            fates.add(assert_agrees_with_rclpy(kind, changed) is None)
    assert fates == {False, True}


@settings(max_examples=300, deadline=None)
@given(kinds, st.sampled_from([b"", b"\0\1\0\0", b"\0\0\0\0"]), st.binary(max_size=120))
def test_random_bytes_agree_with_rclpy(kind: str, start: bytes, rest: bytes) -> None:
    assert_agrees_with_rclpy(kind, start + rest)


@settings(max_examples=300, deadline=None)
@given(kinds, st.lists(uint32 | st.integers(0, 40), min_size=4, max_size=16), st.binary(max_size=60))
def test_random_numbers_agree_with_rclpy(kind: str, numbers: list[int], rest: bytes) -> None:
    """Lengths that lead somewhere, which random bytes hardly ever hold."""
    assert_agrees_with_rclpy(kind, b"\0\1\0\0" + struct.pack(f"<{len(numbers)}I", *numbers) + rest)


# what is easily read in two ways


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (b"\4\0\0\0abc\0", "abc"),
        (b"\4\0\0\0abcd", "abcd"),  # without the closing NUL
        (b"\4\0\0\0a\0c\0", "a"),
        (b"\0\0\0\0", ""),
        (b"\1\0\0\0\0", ""),
        (b"\5\0\0\0\xff\xfe\xc3(\0", "\ufffd\ufffd\ufffd("),
        (b"\4\0\0\0\xed\xa0\x80\0", "\ufffd\ufffd\ufffd"),  # a lone surrogate
    ],
)
def test_strings_are_read_as_rclpy_reads_them(stored: bytes, text: str) -> None:
    padding = bytes(-len(stored) % 4)
    content = b"\0\1\0\0" + bytes(8) + stored + padding + stored + padding + b"\2\0\0\0xy"
    parsed = assert_agrees_with_rclpy("compressed", content)
    assert (parsed.frame_id, parsed.encoding, parsed.data.tobytes()) == (text, text, b"xy")


@pytest.mark.parametrize("length", [3, 4, 2**31, 2**32 - 4, 2**32 - 1])
def test_more_data_than_there_is_makes_no_message(length: int) -> None:
    content = serialised(Message(data=b"xy"), "compressed")
    longer = content[:-6] + struct.pack("<I", length) + b"xy"
    assert assert_agrees_with_rclpy("compressed", longer) is None


def test_bytes_after_the_data_are_left_alone() -> None:
    """DDS fills a message up to a multiple of four."""
    content = serialised(GOOD, "image") + b"\0\0\0"
    assert assert_agrees_with_rclpy("image", content).data.tobytes() == GOOD.data


@pytest.mark.parametrize("mark", range(2, 12))
def test_no_other_encapsulation_is_read(mark: int) -> None:
    """Parameter lists and XCDR2: Fast CDR reads some of them as if they were plain CDR."""
    content = serialised(GOOD, "image")
    assert parsed_or_refused("image", bytes((0, mark)) + content[2:]) is None
    assert parsed_or_refused("image", bytes((1, 1)) + content[2:]) is None


@pytest.mark.parametrize("name", ["frame_id", "encoding"])
def test_a_string_of_more_than_4096_bytes_is_refused_though_rclpy_reads_it(name: str) -> None:
    message = Message(data=b"xy")
    setattr(message, name, "x" * 4095)
    assert getattr(PARSE["image"](serialised(message, "image")), name) == "x" * 4095
    setattr(message, name, "x" * 4096)
    content = serialised(message, "image")
    assert parsed_or_refused("image", content) is None
    assert getattr(deserialised("image", content), name) == "x" * 4096


# cost


LARGE = {
    "data": serialised(Message(1, 10**7, "mono8", 0, 10**7, bytes(10**7)), "image"),
    "zeros": b"\0\1\0\0" + bytes(10**7),
    "ones": b"\0\1\0\0" + b"\xff" * 10**7,
    "long_strings": b"\0\1\0\0" + struct.pack("<IIII", 0, 0, 4096, 0x61616161) * 625_000,
    "string_of_everything": b"\0\1\0\0" + bytes(8) + struct.pack("<I", 10**7 - 12) + b"a" * (10**7 - 12),
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("kind", KINDS)
def test_ten_megabytes_are_not_copied(kind: str, name: str) -> None:
    """``bench/message_cost.py`` measures how long it takes."""
    tracemalloc.start()
    parsed = parsed_or_refused(kind, LARGE[name])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
    if name == "data" and kind == "image":
        assert np.shares_memory(parsed.data, np.frombuffer(LARGE[name], np.uint8))


# the other way


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
@example("京A12345")
@example("")
@example("x" * 100_000)
def test_a_text_is_serialised_as_rclpy_does_it(text: str) -> None:
    text = text.replace("\0", "")
    content = serialise_string(text)
    assert content == serialize_message(String(data=text))
    assert deserialize_message(content, String).data == text


def test_a_lone_surrogate_is_no_reason_to_lose_a_text() -> None:
    assert deserialize_message(serialise_string("a\ud800b"), String).data == "a?b"


def shared_memory(order: str = "<") -> tuple[bytes, np.ndarray]:
    """A ``HbmMsg1080P`` as CDR, and its data."""
    data = np.random.default_rng(5).integers(0, 256, 6_220_800, dtype=np.uint8)
    head = struct.pack(f"{order}iiIIIII12s", 7, -5, 999_999_999, 1080, 1920, 3_110_400, 1984, b"nv12")
    return (b"\x00\x01" if order == "<" else b"\x00\x00") + b"\0\0" + head + data.tobytes(), data


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_message_of_shared_memory_is_taken_apart_without_a_copy(order: str) -> None:
    message, data = shared_memory(order)
    parsed = parse_shared_memory(message)
    assert (parsed.seconds, parsed.nanoseconds, parsed.frame_id) == (-5, 999_999_999, "")
    assert (parsed.height, parsed.width, parsed.data_size, parsed.step) == (1080, 1920, 3_110_400, 1984)
    assert parsed.encoding == b"nv12" + bytes(8)
    assert np.array_equal(parsed.data, data)
    assert not parsed.data.flags.owndata


@pytest.mark.parametrize("length", [0, 3, 4, 43, 44, 6_220_843])
def test_a_truncated_message_of_shared_memory_is_malformed(length: int) -> None:
    message, _ = shared_memory()
    with pytest.raises(ImageRejectedError, match=f"{length} bytes that are no hbm_img_msgs/HbmMsg1080P"):
        parse_shared_memory(message[:length])


def test_a_message_of_shared_memory_is_read_as_ros_writes_it() -> None:
    messages = pytest.importorskip("hbm_img_msgs.msg", reason="hbm_img_msgs (TROS) is not installed")
    _, data = shared_memory()
    ros = messages.HbmMsg1080P(index=7, height=1080, width=1920, data_size=3_110_400, step=1984)
    ros.time_stamp.sec, ros.time_stamp.nanosec = -5, 999_999_999
    ros.encoding[:4] = np.frombuffer(b"nv12", np.uint8)
    ros.data[:] = data
    parsed, expected = parse_shared_memory(serialize_message(ros)), parse_shared_memory(shared_memory()[0])
    assert np.array_equal(parsed.data, expected.data)
    parsed.data = expected.data
    assert vars(parsed) == vars(expected)
