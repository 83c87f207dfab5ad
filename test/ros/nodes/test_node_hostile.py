"""Thousands of hostile messages over DDS: the live node reads on, and accounts for every one of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz.fuzzer import Fuzzer
from fuzz.messages import serialised
from fuzz.oracle import Message
from ros_harness import Client, Conversation, ReaderProcess, known_plate, running_reader
from sensor_msgs.msg import CompressedImage, Image

COMMON = (
    "qos_profile:=reliable",
    "subscription_depth:=500",
    "minimum_confidence:=0.0",
    "second_look:=false",
    "decoder:=greedy",
    "max_image_pixels:=10000",
)
IN_A_ROW = 100
"""Fewer than wait anywhere, so that none is lost before the node gets it."""


class Siege:
    """A reader under a stream of hostile messages, with a crop that it must read after every 100.

    Attributes:
        sent: messages, good crops included.
        before, after: the node's diagnostics.
    """

    def __init__(self, reader: ReaderProcess, kind: str, count: int, *, pictures: float) -> None:
        self.reader = reader
        self.conversation = Conversation(reader, Image if kind == "image" else CompressedImage)
        self.before = reader.next_status(2)
        made = map(Fuzzer(seed=6, pictures=pictures).message, itertools.count())
        # an empty one is left out: Fast DDS waits for it for ever, and holds back all that its sender sends
        hostile = (content for name, content, good in made if name == kind and content and not good)
        self.sent = 0
        for turn in range(count // IN_A_ROW):
            for content in itertools.islice(hostile, IN_A_ROW):
                self.conversation.image.publish(content)
            self.reading = self.conversation.read_known(f"after turn {turn}")
            self.conversation.outputs.clear()
            self.sent += IN_A_ROW + 1
        self.after = reader.next_status(2)

    def more(self, name: str) -> int:
        """What was added to a count."""
        return int(self.after.get(name, 0)) - int(self.before.get(name, 0))

    def bad(self) -> dict[str, int]:
        """Bad images by reason."""
        prefix = "bad image: "
        return {key.removeprefix(prefix): self.more(key) for key in self.after if key.startswith(prefix)}


@pytest.fixture(scope="module")
def raw(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    with running_reader(client, tmp_path_factory.mktemp("raw"), *COMMON, "queue_policy:=all") as reader:
        yield Siege(reader, "image", 20_000, pictures=0.05)


@pytest.fixture(scope="module")
def compressed(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    folder = tmp_path_factory.mktemp("compressed")
    with running_reader(client, folder, *COMMON, "transport:=compressed", "queue_depth:=2") as reader:
        yield Siege(reader, "compressed", 5_000, pictures=1.0)


def assert_all_are_accounted_for(siege: Siege) -> None:
    assert siege.more("received") == siege.sent
    assert siege.sent == siege.more("read") + sum(siege.bad().values()) + siege.more("dropped")
    assert siege.more("runtime failures") == 0
    assert siege.after["waiting"] == "0"
    assert siege.reading["text"] == known_plate()[0]
    assert "Traceback" not in siege.reader.log
    assert siege.reader.process.poll() is None


def test_20_000_hostile_images_are_read_or_refused_each_for_a_reason(raw: Siege) -> None:
    assert_all_are_accounted_for(raw)
    assert raw.more("dropped") == 0
    assert raw.more("read") > 5_000
    assert set(raw.bad()) == {
        "malformed_message",
        "empty_data",
        "bad_size",
        "bad_step",
        "short_data",
        "big_endian",
        "unknown_encoding",
        "undecodable",
        "broken_image",
    }


def test_5_000_hostile_pictures_are_read_dropped_or_refused(compressed: Siege) -> None:
    """Crops come faster than they can be read here, so that some are dropped."""
    assert_all_are_accounted_for(compressed)
    assert compressed.more("read") > 20  # how many, the machine decides
    assert compressed.more("dropped") > 0
    reasons = {"malformed_message", "empty_data", "bad_size", "undecodable", "broken_image"}
    assert set(compressed.bad()) == reasons


def test_the_log_of_hostile_messages_is_short(raw: Siege) -> None:
    lines = raw.reader.lines("rejected (")
    assert lines
    assert max(map(len, lines)) < 400
    assert len(lines) < 200


# a message as large as a picture can be


def memory_megabytes(process_id: int) -> float:
    """What a process holds now."""
    return int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def test_a_message_of_100_mb_is_refused_and_the_next_crop_read(raw: Siege) -> None:
    """DDS holds it twice before the node sees it, which no parameter can prevent; the node copies nothing."""
    before = memory_megabytes(raw.reader.process.pid)
    count = int(raw.reader.next_status()["bad image: bad_size"])
    message = Message(10_000, 10_000, "mono8", 0, 10_000, bytes(100_000_000))
    raw.conversation.image.publish(serialised(message, "image"))
    del message
    raw.reader.wait_for_status(
        lambda status: int(status["bad image: bad_size"]) == count + 1, "100 MB refused"
    )
    assert raw.conversation.read_known("after 100 MB")["text"] == known_plate()[0]
    assert memory_megabytes(raw.reader.process.pid) < before + 150
