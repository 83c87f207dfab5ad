"""``frame_player`` as a process: pictures and videos as a camera, labels as a detector."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from cropper_harness import PlayerProcess, stamp_of
from ros_harness import RELIABLE, Client, python_process
from sensor_msgs.msg import CompressedImage, Image

from lprnet_ros.cropping.detection import Detection
from lprnet_ros.images.conversion import image_to_bgr
from lprnet_ros.ros.messages.detector_messages import detections_of_array, detections_of_targets

QUAD = "60,40 10,38 11,20 61,22"


def write_picture(path: Path, grey: int, size: tuple[int, int] = (60, 80)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((*size, 3), grey, np.uint8))[1].tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scenes = tmp_path / "scenes"
    write_picture(scenes / "b.png", 20)
    write_picture(scenes / "a.png", 10)
    write_picture(scenes / "night" / "京.png", 30, (61, 81))
    (scenes / "broken.png").write_bytes(b"no picture")
    (scenes / "labels.csv").write_text(f'file,label,quad\na.png,京A12345,"{QUAD}"\n', encoding="utf-8")
    return scenes


class Watched:
    """A player and what it publishes."""

    _numbers = itertools.count()

    def __init__(
        self, client: Client, log: Path, image_type: type, detection_type: type | None, *parameters: str
    ) -> None:
        self.client = client
        self.frames: list = []
        self.detections: list = []
        namespace = f"/watched_{next(self._numbers)}"
        topics = {name: f"{namespace}/{name}" for name in ("image", "detections")}
        create = client.node.create_subscription
        self._subscriptions = [create(image_type, topics["image"], self.frames.append, RELIABLE)]
        if detection_type is not None:
            self._subscriptions.append(
                create(detection_type, topics["detections"], self.detections.append, RELIABLE)
            )
        self.player = PlayerProcess(log, topics, "rate:=100.0", *parameters)

    def wait_for_end(self) -> None:
        self.client.wait_for(lambda: self.player.process.poll() is not None, "the player to end")
        assert self.player.process.returncode == 0, self.player.log
        assert "Traceback" not in self.player.log

    def wait_for_frames(self, count: int) -> list:
        self.client.wait_for(lambda: len(self.frames) >= count, f"{count} frames; {self.player.log}")
        return self.frames

    def close(self) -> None:
        self.player.close()
        for subscription in self._subscriptions:
            self.client.node.destroy_subscription(subscription)


@pytest.fixture
def watch(client: Client, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    watched: list[Watched] = []

    def start(image_type: type, *parameters: str, detection_type: type | None = None) -> Watched:
        watched.append(Watched(client, tmp_path, image_type, detection_type, *parameters))
        return watched[-1]

    yield start
    for one in watched:
        one.close()


def test_the_pictures_of_a_folder_are_published_once_in_order(
    watch: Callable[..., Watched], folder: Path
) -> None:
    watched = watch(Image, f"source:={folder}")
    watched.wait_for_end()
    frames = watched.wait_for_frames(3)
    assert [frame.header.frame_id for frame in frames] == ["a.png", "b.png", "night/京.png"]
    assert [int(image_to_bgr(frame, max_pixels=10_000)[0, 0, 0]) for frame in frames] == [10, 20, 30]
    stamps = [stamp_of(frame.header) for frame in frames]
    assert stamps == sorted(set(stamps))
    assert "broken.png" in watched.player.log


def test_frames_may_be_nv12_with_a_frame_id_of_their_own(watch: Callable[..., Watched], folder: Path) -> None:
    watched = watch(Image, f"source:={folder}", "encoding:=nv12", "frame_id:=camera_1")
    frames = watched.wait_for_frames(3)
    assert {frame.encoding for frame in frames} == {"nv12"}
    assert {frame.header.frame_id for frame in frames} == {"camera_1"}
    assert [(frame.width, frame.height) for frame in frames] == [(80, 60), (80, 60), (80, 60)]
    greys = [int(image_to_bgr(frame, max_pixels=10_000).mean()) for frame in frames]
    assert np.abs(np.array(greys) - (10, 20, 30)).max() <= 2


def test_frames_may_be_jpeg(watch: Callable[..., Watched], folder: Path) -> None:
    watched = watch(CompressedImage, f"source:={folder / 'b.png'}", "encoding:=jpeg")
    watched.wait_for_end()
    (frame,) = watched.wait_for_frames(1)
    assert frame.format == "jpeg"
    assert frame.header.frame_id == "b.png"
    picture = cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(picture.astype(int) - 20).max() <= 2


def test_a_video_is_played_frame_by_frame(watch: Callable[..., Watched], tmp_path: Path) -> None:
    path = tmp_path / "street.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video to play")
    for grey in (0, 100, 200):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    watched = watch(Image, f"source:={path}")
    watched.wait_for_end()
    frames = watched.wait_for_frames(3)
    greys = [int(image_to_bgr(frame, max_pixels=10_000).mean()) for frame in frames]
    assert np.abs(np.array(greys) - (0, 100, 200)).max() <= 3


def test_a_looping_player_begins_again_until_it_is_stopped(
    watch: Callable[..., Watched], folder: Path
) -> None:
    watched = watch(Image, f"source:={folder}", "loop:=true")
    frames = watched.wait_for_frames(7)
    names = [frame.header.frame_id for frame in frames[:7]]
    assert names == ["a.png", "b.png", "night/京.png"] * 2 + ["a.png"]
    watched.player.process.send_signal(signal.SIGINT)
    watched.wait_for_end()


@pytest.mark.parametrize("loop", ["true", "false"])
def test_a_player_of_broken_pictures_names_them_once_and_ends(
    watch: Callable[..., Watched], tmp_path: Path, loop: str
) -> None:
    names = [f"{number}.png" for number in range(3)]
    for name in names:
        (tmp_path / name).write_bytes(b"no picture")
    watched = watch(Image, f"source:={tmp_path}", f"loop:={loop}")
    watched.client.wait_for(lambda: watched.player.process.poll() is not None, "the player to end")
    log = watched.player.log
    assert watched.player.process.returncode == 1, log
    assert [log.count(f"{name}: not an image") for name in names] == [1, 1, 1]
    assert f"{tmp_path}: nothing in it can be read" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("kind", ["targets", "detection_2d_array"])
def test_labels_are_published_as_detections_with_the_stamp_of_their_frame(
    watch: Callable[..., Watched], folder: Path, kind: str
) -> None:
    package, name, read = {
        "targets": ("ai_msgs", "PerceptionTargets", detections_of_targets),
        "detection_2d_array": ("vision_msgs", "Detection2DArray", detections_of_array),
    }[kind]
    messages = pytest.importorskip(f"{package}.msg", reason=f"{package} is not installed")
    watched = watch(
        Image,
        f"source:={folder}",
        f"labels:={folder / 'labels.csv'}",
        f"detections:={kind}",
        detection_type=getattr(messages, name),
    )
    watched.wait_for_end()
    frames = watched.wait_for_frames(3)
    watched.client.wait_for(lambda: len(watched.detections) >= 3, "detections of every frame")
    assert [one.header for one in watched.detections] == [frame.header for frame in frames]
    found: list[list[Detection]] = [list(read(message)) for message in watched.detections]
    assert [len(one) for one in found] == [1, 0, 0]
    plate = found[0][0]
    assert (plate.label, plate.score) == ("license_plate", 1.0)
    assert (plate.box.x, plate.box.y, plate.box.right, plate.box.bottom) == (10.0, 20.0, 61.0, 40.0)
    if kind == "targets":
        assert plate.quad == ((11.0, 20.0), (61.0, 22.0), (60.0, 40.0), (10.0, 38.0))


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ([], "set the parameter source"),
        (["source:={folder}/missing"], "no such folder or file"),
        (["source:={folder}/labels.csv"], "neither a picture nor a video"),
        (["source:={folder}", "rate:=-1.0"], "rate"),
        (["source:={folder}", "encoding:=yuv"], "encoding is 'yuv'"),
        (["source:={folder}", "labels:={folder}/none.csv"], "none.csv"),
        (["source:={folder}/b.png", "labels:={folder}/labels.csv"], "labels nothing of"),
        (["source:={folder}", "detections:=boxes"], "detections is 'boxes'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_player_that_cannot_play_says_why_and_ends_with_status_1(
    ros_environment: None, folder: Path, parameters: list[str], told: str
) -> None:
    arguments = [word for parameter in parameters for word in ("-p", parameter.format(folder=folder))]
    status, _, errors = python_process("lprnet_ros.ros.nodes.frame_player", "--ros-args", *arguments)
    assert status == 1, errors
    assert told in errors
    assert "Traceback" not in errors
    assert len([line for line in errors.splitlines() if line.startswith("frame_player")]) == 1
