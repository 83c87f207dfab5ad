"""The whole chain on labelled scenes, as a user starts it: ``ros2 launch`` with ``camera:=image``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("launch_ros", reason="launch_ros is not installed: a ROS installation has it")

import rclpy
from installed import skip_unless_installed
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage

from lprnet_ros.images.geometry import bounding_box
from lprnet_ros.sources.scenes import LabelledPlate, read_plates

LEAST_SHARE_READ = 0.85
MOST_PIXELS_OFF = 2.0
PATIENCE_SECONDS = 300.0
EMPTY = ("without_1.png", "without_2.png")
Stamp = tuple[int, int]
Box = tuple[float, float, float, float]


@dataclass
class Played:
    """What came of the scenes.

    Attributes:
        folder: what was played.
        frames: the name of each frame that was heard, by its stamp.
        targets: every message, in the order of arrival.
        status: of the launch after Ctrl-C.
        log: what the launch printed.
    """

    folder: Path
    frames: dict[Stamp, str] = field(default_factory=dict)
    targets: list[object] = field(default_factory=list)
    status: int | None = None
    log: str = ""

    def on_frame(self, message: CompressedImage) -> None:
        self.frames[stamp_of(message)] = message.header.frame_id

    def has_answered(self, names: set[str]) -> bool:
        """Tell whether there are targets of a heard frame of every picture."""
        return names <= {self.frames.get(stamp_of(message)) for message in self.targets}


def stamp_of(message: object) -> Stamp:
    return message.header.stamp.sec, message.header.stamp.nanosec


@pytest.fixture(scope="module")
def targets_type() -> type:
    """The messages of the page.  What is absent skips the tests here: at the top it would skip the folder."""
    messages = pytest.importorskip("ai_msgs.msg", reason="ai_msgs is not installed: TROS has it")
    if shutil.which("ros2") is None:
        pytest.skip("the command ros2 is not installed: a ROS installation has it")
    skip_unless_installed()
    return messages.PerceptionTargets


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The labelled scenes, and two pictures without a plate among them."""
    root = Path(__file__).resolve().parents[2]
    shared = [folder / "shared" / "data" / "scenes" for folder in (root.parent, *root.parents)]
    original = next((folder for folder in shared if folder.is_dir()), None)
    if original is None:
        pytest.skip("../shared/data/scenes is absent: no labelled scenes to play")
    folder = tmp_path_factory.mktemp("scenes")
    for path in original.iterdir():
        (folder / path.name).symlink_to(path)
    for name in EMPTY:
        (folder / name).write_bytes(cv2.imencode(".png", np.full((480, 640, 3), 90, np.uint8))[1].tobytes())
    return folder


@pytest.fixture(scope="module")
def labels(scenes: Path) -> dict[str, list[LabelledPlate]]:
    return {path.name: plates for path, plates in read_plates(scenes / "labels.csv").items()}


@pytest.fixture(scope="module", params=["targets", "detection_2d_array"])
def played(
    request: pytest.FixtureRequest,
    targets_type: type,
    scenes: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """Start the launch, listen until every picture has been answered, and end it."""
    if request.param == "detection_2d_array":
        pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed")
    log = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("ROS_LOCALHOST_ONLY", "1")  # Humble does not know the other one
        patch.setenv("ROS_LOG_DIR", str(log))
        patch.delenv("CAM_TYPE", raising=False)
        result = Played(scenes)
        command = ["ros2", "launch", "lprnet_ros", "lpr.launch.py", "camera:=image", f"source:={scenes}"]
        command += [f"detections:={request.param}", "namespace:=gate"]
        with (log / "launch.log").open("wb") as stream:
            launch = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            is_answered = listen(result, launch, targets_type)
        finally:
            launch.send_signal(signal.SIGINT)
            try:
                result.status = launch.wait(timeout=300)
            finally:
                if launch.poll() is None:
                    os.killpg(launch.pid, signal.SIGKILL)
        result.log = (log / "launch.log").read_text(encoding="utf-8", errors="replace")
        assert is_answered, f"{len(result.targets)} messages of {len(result.frames)} frames\n{result.log}"
        yield result


def listen(result: Played, launch: subprocess.Popen[bytes], targets_type: type) -> bool:
    """Listen until every picture has been answered; return whether that came to pass."""
    context = rclpy.Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    qos = QoSProfile(depth=200)
    node.create_subscription(CompressedImage, "/gate/frame_player/image", result.on_frame, qos)
    node.create_subscription(targets_type, "/gate/lpr_node/targets", result.targets.append, qos)
    names = {path.name for path in result.folder.iterdir() if path.suffix != ".csv"}
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while not result.has_answered(names) and time.monotonic() < end and launch.poll() is None:
            executor.spin_once(timeout_sec=0.1)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
    return result.has_answered(names)


def label_box(folder: Path, name: str, plate: LabelledPlate) -> Box:
    height, width = cv2.imdecode(np.fromfile(folder / name, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    box = bounding_box(plate.quad).clipped(width, height)
    return box.x, box.y, box.right, box.bottom


@pytest.fixture(scope="module")
def boxes(scenes: Path, labels: dict[str, list[LabelledPlate]]) -> dict[str, list[tuple[str, Box]]]:
    """Text and box of every labelled plate, by picture."""
    return {
        name: [(plate.text, label_box(scenes, name, plate)) for plate in plates]
        for name, plates in labels.items()
    }


def pixels_off(rect: object, box: Box) -> float:
    """By how much an edge of a roi lies off a box at most."""
    edges = (rect.x_offset, rect.y_offset, rect.x_offset + rect.width, rect.y_offset + rect.height)
    return max(abs(one - other) for one, other in zip(edges, box, strict=True))


def test_at_least_85_percent_of_the_plates_are_read(
    played: Played, boxes: dict[str, list[tuple[str, Box]]]
) -> None:
    found = [
        (message.header.frame_id, target.rois[0]) for message in played.targets for target in message.targets
    ]
    read = [
        any(
            frame_id == name and roi.type == text and pixels_off(roi.rect, box) <= MOST_PIXELS_OFF
            for frame_id, roi in found
        )
        for name, plates in boxes.items()
        for text, box in plates
    ]
    print(f"{sum(read)} of {len(read)} plates read")
    assert len(read) >= 70
    assert sum(read) >= LEAST_SHARE_READ * len(read)


def test_every_target_lies_within_2_pixels_of_a_label_of_its_picture(
    played: Played, boxes: dict[str, list[tuple[str, Box]]]
) -> None:
    for message in played.targets:
        for target in message.targets:
            name = message.header.frame_id
            (roi,) = target.rois
            assert target.track_id == 0
            assert min(pixels_off(roi.rect, box) for _, box in boxes[name]) <= MOST_PIXELS_OFF, name


def test_every_frame_gets_one_message_with_its_stamp_in_order(played: Played) -> None:
    answered = [stamp_of(message) for message in played.targets]
    assert answered == sorted(set(answered))
    heard = sorted(stamp for stamp in played.frames if answered[0] <= stamp <= answered[-1])
    assert [stamp for stamp in answered if stamp >= heard[0]] == heard
    for message in played.targets:
        assert message.header.frame_id == played.frames.get(stamp_of(message), message.header.frame_id)


def test_frames_without_a_plate_get_an_empty_message(
    played: Played, labels: dict[str, list[LabelledPlate]]
) -> None:
    counts = {name: [] for name in (*EMPTY, *labels)}
    for message in played.targets:
        counts[message.header.frame_id].append(len(message.targets))
    for name in EMPTY:
        assert counts[name]
        assert set(counts[name]) == {0}
    for name, plates in labels.items():
        assert max(counts[name]) <= len(plates)


def test_it_ends_with_status_0_and_leaves_nothing_behind(played: Played) -> None:
    assert played.status == 0, played.log
    assert "Traceback" not in played.log
    assert played.log.count("process has finished cleanly") == 3
    assert played.log.count("process started with pid") == 3
