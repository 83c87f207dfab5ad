"""``plate_player`` and the demonstration, as processes."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import (
    RELIABLE,
    Client,
    crops,
    known_plate,
    python_process,
)
from sensor_msgs.msg import CompressedImage, Image
from tethered import ROOT, environment_of, tethered

PLAYER = "lprnet_ros.ros.nodes.plate_player"


def write_picture(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four crops, one in a sub-folder, one broken picture, one other file."""
    images = tmp_path / "crops"
    for name, (_, image) in zip(
        ["b.png", "a.png", "sub/c.png", "京A.png"], [known_plate(), *crops()], strict=False
    ):
        write_picture(images / name, image)
    (images / "notes.txt").write_text("no picture")
    (images / "broken.png").write_bytes(b"no picture")
    return images


class Player:
    """A player process and what it publishes."""

    _numbers = itertools.count()

    def __init__(self, client: Client, message_type: type, *parameters: str) -> None:
        self.client = client
        self.messages: list[Image | CompressedImage] = []
        namespace = f"/player_{next(self._numbers)}"
        self.subscription = client.node.create_subscription(
            message_type, f"{namespace}/image", self.messages.append, RELIABLE
        )
        command = [sys.executable, "-m", PLAYER, "--ros-args", "-r", f"__ns:={namespace}"]
        for parameter in parameters:
            command += ["-p", parameter]
        self.process = subprocess.Popen(
            tethered(*command), stderr=subprocess.PIPE, encoding="utf-8", env=environment_of()
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.client.node.destroy_subscription(self.subscription)

    def wait_for_end(self) -> str:
        """Wait until it has ended; return its stderr."""
        self.client.wait_for(lambda: self.process.poll() is not None, "the player to end")
        return self.process.communicate()[1]


@pytest.fixture
def start_player(client: Client) -> Iterator[Callable[..., Player]]:
    players: list[Player] = []

    def start(message_type: type, *parameters: str) -> Player:
        players.append(Player(client, message_type, *parameters))
        return players[-1]

    yield start
    for player in players:
        player.close()


def test_the_player_publishes_each_picture_once_in_order_and_ends(
    start_player: Callable[..., Player], folder: Path
) -> None:
    player = start_player(Image, f"images:={folder}", "rate:=100.0")
    errors = player.wait_for_end()
    assert player.process.returncode == 0
    player.client.wait_for(lambda: len(player.messages) >= 4, "four crops")
    assert [Path(message.header.frame_id).name for message in player.messages] == [
        "a.png",
        "b.png",
        "c.png",
        "京A.png",
    ]
    first = player.messages[0]
    picture = cv2.imread(str(folder / "a.png"))
    assert (first.encoding, first.height, first.width) == ("bgr8", *picture.shape[:2])
    assert np.array_equal(np.frombuffer(first.data, np.uint8).reshape(picture.shape), picture)
    stamps = [(one.header.stamp.sec, one.header.stamp.nanosec) for one in player.messages]
    assert stamps == sorted(stamps)
    assert stamps[0] > (0, 0)
    assert "broken.png" in errors
    assert "Traceback" not in errors


def test_names_of_files_that_are_no_text_are_escaped(
    start_player: Callable[..., Player], tmp_path: Path
) -> None:
    images = tmp_path / "crops"
    write_picture(images / "a\nb.png", known_plate()[1])
    write_picture(images / os.fsdecode(b"c\xff.png"), known_plate()[1])
    (images / "bad\n[ERROR] [1.0] [plate_player]: forged\x1b[31m.png").write_bytes(b"no picture")
    player = start_player(Image, f"images:={images}", "rate:=100.0")
    errors = player.wait_for_end()
    assert player.process.returncode == 0, errors
    player.client.wait_for(lambda: len(player.messages) >= 2, "two crops")
    assert [message.header.frame_id for message in player.messages] == ["a\nb.png", "c\\udcff.png"]
    left_out = [line for line in errors.split("\n") if "left out" in line]
    assert len(left_out) == 1
    assert r"bad\n[ERROR] [1.0] [plate_player]: forged\x1b[31m.png" in left_out[0]


def test_the_player_publishes_compressed_pictures(start_player: Callable[..., Player], folder: Path) -> None:
    player = start_player(CompressedImage, f"images:={folder}", "rate:=100.0", "transport:=compressed")
    player.wait_for_end()
    assert player.process.returncode == 0
    player.client.wait_for(lambda: len(player.messages) >= 4, "four crops")
    first = cv2.imdecode(np.frombuffer(player.messages[0].data, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(first, cv2.imread(str(folder / "a.png")))


def test_a_looping_player_begins_again_until_it_is_stopped(
    start_player: Callable[..., Player], folder: Path
) -> None:
    player = start_player(Image, f"images:={folder}", "rate:=100.0", "loop:=true")
    player.client.wait_for(lambda: len(player.messages) >= 9, "nine crops")
    names = [Path(message.header.frame_id).name for message in player.messages[:9]]
    assert names == ["a.png", "b.png", "c.png", "京A.png"] * 2 + ["a.png"]
    player.process.send_signal(signal.SIGINT)
    errors = player.wait_for_end()
    assert player.process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (["images:={empty}"], "not a folder with pictures"),
        (["images:={empty}/missing"], "not a folder with pictures"),
        (["images:={folder}", "rate:=0.0"], "rate"),
        (["images:={folder}", "rate:=-1.0"], "rate"),
        (["images:={folder}", "rate:=5"], "rate"),
        (["images:={folder}", "transport:=theora"], "transport"),
        ([], "images"),
    ],
    ids=[
        "empty_folder",
        "missing_folder",
        "rate_0",
        "negative_rate",
        "whole_rate",
        "unknown_transport",
        "no_folder_named",
    ],
)
def test_a_player_that_cannot_play_says_why_and_ends_with_status_1(
    client: Client, folder: Path, tmp_path: Path, parameters: list[str], told: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    arguments = ["--ros-args", "-r", "image:=unheard"]
    for parameter in parameters:
        arguments += ["-p", parameter.format(folder=folder, empty=empty)]
    # it waits for a subscriber where it can play, so give it one
    subscription = client.node.create_subscription(Image, "/unheard", lambda message: None, RELIABLE)
    try:
        status, _, errors = python_process(PLAYER, *arguments, cwd=folder)
    finally:
        client.node.destroy_subscription(subscription)
    assert status == 1, errors
    assert told in errors
    assert "Traceback" not in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize("loop", ["true", "false"])
def test_a_player_of_broken_pictures_names_them_once_and_ends(
    client: Client, tmp_path: Path, loop: str
) -> None:
    for name in ("a.png", "b.png", "c.heic"):
        (tmp_path / name).write_bytes(b"no picture")
    arguments = ["--ros-args", "-r", "image:=broken", "-p", f"images:={tmp_path}", "-p", f"loop:={loop}"]
    subscription = client.node.create_subscription(Image, "/broken", lambda message: None, RELIABLE)
    try:
        status, _, errors = python_process(PLAYER, *arguments)
    finally:
        client.node.destroy_subscription(subscription)
    assert status == 1, errors
    assert [errors.count(f"{name}: not an image") for name in ("a.png", "b.png")] == [1, 1]
    assert "c.heic" in errors
    assert f"plate_player: {tmp_path}: no picture in it can be read" in errors
    assert "Traceback" not in errors


def demo(*arguments: str) -> tuple[int, str, str]:
    """Run the demonstration; return its exit status, stdout and stderr."""
    return python_process("demo", *arguments, PYTHONPATH=str(ROOT / "demo"))


def test_the_demo_reads_every_crop_and_writes_a_picture_of_them(
    ros_environment: None, tmp_path: Path
) -> None:
    text, image = known_plate()
    images, picture = tmp_path / "four crops", tmp_path / "new" / "sheet.png"
    write_picture(images / f"{text}.png", image)
    for number, (_, crop) in enumerate(crops()[:3]):
        write_picture(images / f"unnamed{number}.png", crop)
    status, printed, errors = demo("--images", str(images), "--output", str(picture), "--rate", "50")
    assert status == 0, printed + errors
    assert "4 of 4 crops read" in printed
    assert "1 of 1 plates right" in printed
    for name in (f"{text}.png", "unnamed0.png", "unnamed1.png", "unnamed2.png"):
        assert sum(line.startswith(name) for line in printed.splitlines()) == 1
    sheet = cv2.imread(str(picture))
    assert sheet.shape[1] > sheet.shape[0] > 72
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 50
    assert "Traceback" not in errors


def test_the_demo_fails_where_a_plate_is_read_wrong(ros_environment: None, tmp_path: Path) -> None:
    text, image = known_plate()
    wrong = ("沪" if text[0] != "沪" else "京") + text[1:]
    write_picture(tmp_path / "crops" / f"{wrong}.png", image)
    status, printed, _ = demo("--images", str(tmp_path / "crops"), "--output", str(tmp_path / "sheet.png"))
    assert status == 1
    assert f"is {wrong}" in printed
    assert "0 of 1 plates right" in printed


def test_the_demo_tells_crops_of_the_same_name_apart(ros_environment: None, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_picture(tmp_path / "crops" / name / "crop.png", known_plate()[1])
    status, printed, errors = demo(
        "--images", str(tmp_path / "crops"), "--output", str(tmp_path / "sheet.png")
    )
    assert status == 0, printed + errors
    assert "2 of 2 crops read" in printed
    assert "no reading for" not in errors


def test_a_demo_without_pictures_says_so(ros_environment: None, tmp_path: Path) -> None:
    status, _, errors = demo("--images", str(tmp_path))
    assert status == 1
    assert str(tmp_path) in errors
    assert len(errors.strip().splitlines()) == 1
