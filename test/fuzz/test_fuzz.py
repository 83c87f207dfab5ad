"""The fuzz command: what it counts, and that it finds what is broken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from fuzz import fuzzer as fuzzer_module
from fuzz.fuzzer import Fuzzer
from fuzz.messages import KINDS, serialised
from fuzz.oracle import ENCODINGS, Message, assert_equal_images, assert_equals_oracle
from fuzz.trial import convert, deserialised
from lprnet_ros.images.crop_image import BadImage, ImageRejectedError

pytestmark = pytest.mark.usefixtures("serialisation")


def fuzz(*arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run the command; return its exit status, stdout and stderr."""
    command = [sys.executable, str(Path(__file__).parent), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_finds_nothing_and_says_what_became_of_every_message(tmp_path: Path) -> None:
    status, out, err = fuzz("--messages", "20000", "--pictures", "0.2", cwd=tmp_path)
    assert status == 0, out + err
    summary = json.loads(out)
    assert summary["failure"] is None
    assert summary["messages"] == 20_000
    assert summary["accepted"] + sum(summary["rejected"].values()) == 20_000
    assert all(count > 20 for count in summary["rejected"].values()), "a reason that is never reached"
    assert 1500 < summary["good"] < 2500
    assert summary["accepted"] > summary["good"]
    assert summary["compared"] > 100
    assert 0 < summary["slowest_ms"] < fuzzer_module.LONGEST_MS
    assert summary["lines_printed_by_libraries"] > 20
    assert "JPEG" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_message_that_fails_and_ends_with_1(tmp_path: Path) -> None:
    """Some of its good messages have more than 600 pixels, so this limit makes it fail."""
    arguments = ("--messages", "200", "--max-pixels", "600", "--failures", str(tmp_path))
    status, out, _ = fuzz(*arguments)
    assert status == 1
    failure = json.loads(out)["failure"]
    assert "nothing is wrong with it, but it was refused as bad_size" in failure["error"]
    content = Path(failure["file"]).read_bytes()
    message = deserialised("image", content)
    assert message.width * message.height > 600
    number = Path(failure["file"]).name.split("-")[2].split(".")[0]
    status, again, _ = fuzz(*arguments, "--first", number, "--messages", "1")
    assert json.loads(again)["failure"] == failure


def failing(monkeypatch: pytest.MonkeyPatch, broken: object) -> str:
    """Run messages through a broken conversion until that is noticed."""
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    monkeypatch.setattr(fuzzer_module, "convert", broken)
    fuzzer = Fuzzer(compared=0.2, pictures=0.2)
    with pytest.raises(Exception) as caught:
        for number in range(5000):
            fuzzer.run(number)
    return f"{type(caught.value).__name__}: {caught.value}"


def refusing(*reasons: BadImage) -> object:
    """A conversion that lets pass what should be refused for these reasons."""

    def broken(kind: str, content: bytes, *, max_pixels: int) -> np.ndarray:
        try:
            return convert(kind, content, max_pixels=max_pixels)
        except ImageRejectedError as error:
            if error.reason in reasons:
                return np.zeros((4, 4, 3), np.uint8)
            raise

    return broken


@pytest.mark.parametrize("reason", list(BadImage))
def test_a_fault_that_is_let_pass_is_found(reason: BadImage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, refusing(reason)).startswith("AssertionError")


def test_wrong_pixels_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, content: bytes, *, max_pixels: int) -> np.ndarray:
        return convert(kind, content, max_pixels=max_pixels)[:, :, ::-1]

    assert "pixels differ" in failing(monkeypatch, broken)


def test_an_undeclared_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, content: bytes, *, max_pixels: int) -> np.ndarray:
        return convert(kind, content[:-1].decode() and content, max_pixels=max_pixels)

    assert failing(monkeypatch, broken).startswith("UnicodeDecodeError")


def test_an_image_of_too_many_pixels_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, content: bytes, *, max_pixels: int) -> np.ndarray:
        return np.zeros((1000, 1000, 3), np.uint8)

    assert "accepted an image" in failing(monkeypatch, broken)


def test_a_slow_message_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer_module, "LONGEST_MS", 0.0)
    assert "ms of CPU" in failing(monkeypatch, convert)


# its parts


def test_a_message_depends_on_seed_and_number_alone() -> None:
    one, other = Fuzzer(seed=3), Fuzzer(seed=3)
    assert other.message(5) == one.message(5)
    one.run(7)
    assert [one.message(number) for number in (9, 8)] == [other.message(9), other.message(8)]
    assert one.message(8) != Fuzzer(seed=4).message(8)


def test_good_messages_are_of_every_encoding_and_kind() -> None:
    fuzzer = Fuzzer(pictures=0.2)
    made = [fuzzer.message(number) for number in range(3000)]
    good = [(kind, deserialised(kind, content)) for kind, content, is_good in made if is_good]
    assert {kind for kind, _ in good} == set(KINDS)
    assert {message.encoding for kind, message in good if kind == "image"} >= {*ENCODINGS, "jpeg", "png"}


def test_most_messages_are_hostile_each_in_its_way() -> None:
    fuzzer = Fuzzer()
    made = Counter(fuzzer.message(number)[1] for number in range(500))
    assert made.most_common(1)[0][1] < 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_writer_agrees_with_rclpy(kind: str) -> None:
    message = Message(2, 3, "bgr8", 1, 9, b"abc", "", -1, 2**32 - 1, "摄像机")
    expected = Message(data=b"abc", seconds=-1, nanoseconds=2**32 - 1, frame_id="摄像机")
    assert deserialised(kind, serialised(message, kind)) == (message if kind == "image" else expected)
    assert deserialised(kind, serialised(message, kind, big_endian=True)) is not None


def test_the_oracle_does_not_take_anything_for_the_truth() -> None:
    message = Message(1, 2, "bgr8", 0, 6, bytes(6))
    assert_equals_oracle(np.zeros((1, 2, 3), np.uint8), message)
    for wrong in (np.zeros((2, 1, 3), np.uint8), np.ones((1, 2, 3), np.uint8), np.zeros((1, 2, 3), float)):
        with pytest.raises(AssertionError):
            assert_equals_oracle(wrong, message)
    with pytest.raises(AssertionError, match="differ by 3, allowed are 2"):
        assert_equal_images(np.full((1, 1, 3), 3, np.uint8), np.zeros((1, 1, 3)), 2)
