"""Messages that are no usable image leave the live node alive, reading, and counting by reason."""

from __future__ import annotations

import itertools
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from rclpy.qos import ReliabilityPolicy
from rclpy.serialization import serialize_message
from ros_harness import (
    Client,
    Conversation,
    ReaderProcess,
    compressed_image,
    known_plate,
    raw_image,
    running_reader,
)
from sensor_msgs.msg import CompressedImage, Image

SETTINGS = ("qos_profile:=reliable", "queue_depth:=200", "minimum_confidence:=0.0")
LEAST_GAP_SECONDS = 2.5
"""Between two lines of a reason, by their times: 5 s, less what a loaded machine takes to write one."""

TIMES = 3
"""How often each bad message is sent, so that a line of log each would be noticed."""


def good() -> Image:
    return raw_image(known_plate()[1], "bad")


def changed(**fields: object) -> Image:
    """A good message with other values in some fields."""
    message = good()
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def with_bytes(before: bytes, after: bytes) -> bytes:
    """A good message's CDR with some bytes replaced by as many others."""
    serialised = serialize_message(good())
    assert serialised.count(before) == 1
    assert len(before) == len(after)
    return serialised.replace(before, after)


RAW: dict[str, tuple[str, Callable[[], Image | bytes]]] = {
    "empty_data": ("empty_data", lambda: changed(data=b"")),
    "short_data": ("short_data", lambda: changed(data=good().data[:-1])),
    "one_byte_of_data": ("short_data", lambda: changed(data=b"\0")),
    "height_0": ("bad_size", lambda: changed(height=0)),
    "width_0": ("bad_size", lambda: changed(width=0)),
    "width_2_to_the_31": ("bad_size", lambda: changed(width=2**31)),
    "all_sizes_at_their_limit": (
        "bad_size",
        lambda: changed(width=2**32 - 1, height=2**32 - 1, step=2**32 - 1),
    ),
    "step_0": ("bad_step", lambda: changed(step=0)),
    "step_too_small": ("bad_step", lambda: changed(step=good().step - 1)),
    "step_of_4_gib": ("short_data", lambda: changed(step=2**32 - 1)),
    "unknown_encoding": ("unknown_encoding", lambda: changed(encoding="unheard_of")),
    "no_encoding": ("unknown_encoding", lambda: changed(encoding="")),
    "encoding_not_utf8": ("unknown_encoding", lambda: with_bytes(b"bgr8\0", b"\xff\xfe\xc3\x28\0")),
    "undecodable_jpeg": ("undecodable", lambda: changed(encoding="jpeg", data=b"\xff\xd8\xff\xe0 no jpeg")),
    "big_endian": ("big_endian", lambda: changed(is_bigendian=1)),
    "odd_nv12": ("bad_size", lambda: changed(encoding="nv12", width=93)),
}
# what cannot even be a message; the middleware drops it, or the node gets something to refuse
CDR: dict[str, Callable[[], bytes]] = {
    "truncated_in_the_data": lambda: serialize_message(good())[:-100],
    "truncated_in_the_header": lambda: serialize_message(good())[:14],
    "truncated_after_the_encapsulation": lambda: serialize_message(good())[:4],
    "data_of_4_gib_announced": lambda: with_bytes(
        len(good().data).to_bytes(4, "little") + bytes(good().data[:8]),
        b"\xff\xff\xff\xff" + bytes(good().data[:8]),
    ),
}


def damaged(message: CompressedImage) -> CompressedImage:
    """Put bytes into its scan, of which libjpeg warns; it shows the picture all the same."""
    content = message.data.tobytes()
    message.data = array("B", content[:-2] + b"\x12" * 40 + content[-2:])
    return message


COMPRESSED: dict[str, tuple[str, Callable[[], CompressedImage]]] = {
    "empty_data": ("empty_data", lambda: CompressedImage(format="jpeg")),
    "no_picture": ("undecodable", lambda: CompressedImage(format="jpeg", data=b"no picture at all")),
    "damaged_jpeg": ("broken_image", lambda: damaged(compressed_image(known_plate()[1], suffix=".jpg"))),
    "half_a_jpeg": (
        "undecodable",
        lambda: CompressedImage(
            format="jpeg", data=compressed_image(known_plate()[1], suffix=".jpg").data[:200]
        ),
    ),
}


class Aftermath:
    """What a reader did while bad messages and good ones took turns.

    Attributes:
        read_after: the bad messages after which the next good crop was read.
        status: the diagnostics at the end.
    """

    def __init__(self, conversation: Conversation, bad: dict[str, Callable[[], object]]) -> None:
        self.conversation = conversation
        self.read_after: set[str] = set()
        for name, make in bad.items():
            for _ in range(TIMES):
                conversation.image.publish(make())
            if conversation.read_known(f"after {name}")["text"] == known_plate()[0]:
                self.read_after.add(name)
        self.status = conversation.reader.next_status(2)

    @property
    def reader(self) -> ReaderProcess:
        return self.conversation.reader

    def bad_images(self) -> dict[str, int]:
        prefix = "bad image: "
        return {
            key.removeprefix(prefix): int(value)
            for key, value in self.status.items()
            if key.startswith(prefix)
        }


@pytest.fixture(scope="module")
def raw(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("raw")
    with running_reader(client, folder, *SETTINGS) as reader:
        yield Aftermath(Conversation(reader), {name: make for name, (_, make) in RAW.items()})


@pytest.fixture(scope="module")
def cdr(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    with running_reader(client, tmp_path_factory.mktemp("cdr"), *SETTINGS) as reader:
        yield Aftermath(Conversation(reader), CDR)


@pytest.fixture(scope="module")
def compressed(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("compressed")
    with running_reader(client, folder, *SETTINGS, "transport:=compressed") as reader:
        yield Aftermath(
            Conversation(reader, CompressedImage), {name: make for name, (_, make) in COMPRESSED.items()}
        )


@pytest.mark.parametrize("name", RAW)
def test_the_next_good_crop_is_read_after_a_bad_image(raw: Aftermath, name: str) -> None:
    assert name in raw.read_after


@pytest.mark.parametrize("name", CDR)
def test_the_next_good_crop_is_read_after_bytes_that_are_no_message(cdr: Aftermath, name: str) -> None:
    assert name in cdr.read_after


@pytest.mark.parametrize("name", COMPRESSED)
def test_the_next_good_crop_is_read_after_a_bad_compressed_image(compressed: Aftermath, name: str) -> None:
    assert name in compressed.read_after


def test_diagnostics_count_bad_images_by_reason(raw: Aftermath) -> None:
    expected = Counter(reason for reason, _ in RAW.values() for _ in range(TIMES))
    assert raw.bad_images() == dict(expected)
    assert int(raw.status["received"]) == int(raw.status["read"]) + sum(expected.values())
    assert raw.status["runtime failures"] == "0"


def test_diagnostics_count_bad_compressed_images_by_reason(compressed: Aftermath) -> None:
    expected = Counter(reason for reason, _ in COMPRESSED.values() for _ in range(TIMES))
    assert compressed.bad_images() == dict(expected)


def test_what_the_decoder_prints_is_in_the_nodes_own_line_alone(compressed: Aftermath) -> None:
    lines = compressed.reader.lines("Corrupt JPEG data")
    assert lines
    assert all("rejected (broken_image)" in line for line in lines)


def test_diagnostics_warn_in_the_second_in_which_images_were_unusable(raw: Aftermath) -> None:
    raw.conversation.image.publish(changed(height=0))
    warning = raw.reader.wait_for_status(lambda status: status["level"] == "warn", "a warning")
    assert "unusable images" in warning["message"]
    raw.reader.wait_for_status(lambda status: status["level"] == "ok", "all well again")


def test_bad_images_make_no_reading(raw: Aftermath, cdr: Aftermath, compressed: Aftermath) -> None:
    for aftermath in (raw, cdr, compressed):
        assert not aftermath.conversation.outputs.of("bad")


def test_a_reason_is_logged_once_in_5_seconds_with_topic_and_fault(raw: Aftermath) -> None:
    for reason in {reason for reason, _ in RAW.values()}:
        lines = raw.reader.lines(f"rejected ({reason})")
        assert lines, f"{reason} was never logged"
        assert all(f"image on {raw.reader.namespace}/image" in line for line in lines)
        times = [float(re.search(r"\[(\d+\.\d+)\]", line).group(1)) for line in lines]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert all(gap > LEAST_GAP_SECONDS for gap in gaps), lines


def test_bad_images_leave_no_traceback_in_the_log(
    raw: Aftermath, cdr: Aftermath, compressed: Aftermath
) -> None:
    for aftermath in (raw, cdr, compressed):
        assert "Traceback" not in aftermath.reader.log
        assert aftermath.reader.process.poll() is None


# publishers whose messages cannot arrive


@pytest.fixture
def three_topics(start_reader: Callable[..., ReaderProcess]) -> Conversation:
    return Conversation(start_reader(*SETTINGS, "image_topics:=[image, shy, packed]"))


def test_publishers_that_cannot_be_heard_are_named_once_with_what_to_set(three_topics: Conversation) -> None:
    reader = three_topics.reader
    reader.publisher(Image, "shy", reliability=ReliabilityPolicy.BEST_EFFORT)
    reader.publisher(CompressedImage, "packed")
    shy = reader.wait_for_log("best effort")
    packed = reader.wait_for_log("sensor_msgs/msg/CompressedImage")
    for line, topic in ((shy, "shy"), (packed, "packed")):
        assert "WARN" in line
        assert "/tester" in line
        assert f"{reader.namespace}/{topic}" in line
    assert "qos_profile" in shy
    assert "'sensor_data'" in shy
    assert "transport" in packed
    assert "'compressed'" in packed
    reader.next_status(3)  # it looks once a second, with the diagnostics
    assert len(reader.lines("best effort")) == 1
    assert len(reader.lines("CompressedImage")) == 1
    assert len(reader.lines("incompatible QoS")) == 0
    three_topics.read_known("still read")


def test_a_publisher_of_something_else_is_not_answered_with_a_transport(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    """The node reads raw images already: advice to set transport to raw would help nobody."""
    from std_msgs.msg import String  # noqa: PLC0415

    reader = start_reader(*SETTINGS)
    reader.publisher(String, "image")
    line = reader.wait_for_log("std_msgs/msg/String")
    assert "'raw'" not in line


def test_best_effort_publishers_are_read_with_the_default_quality_of_service(
    start_reader: Callable[..., ReaderProcess],
) -> None:
    reader = start_reader("minimum_confidence:=0.0")
    conversation = Conversation(reader)
    shy = reader.publisher(Image, "image", reliability=ReliabilityPolicy.BEST_EFFORT)
    conversation.match(shy)
    reader.next_status(2)
    assert not reader.lines("best effort")
