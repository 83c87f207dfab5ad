"""The demonstration: a player and the real node as two processes, readings shown as they come.

python -m demo --images demo/crops
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from lprnet_ros.images.drawing import draw_text
from lprnet_ros.plates.syntax import plate_kind
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image

_START_SECONDS = 60.0
_QUIET_SECONDS = 30.0
_END_SECONDS = 30.0
_SETPRIV = shutil.which("setpriv")
"""Of util-linux: it lets the kernel end a child of a demo that is killed."""

_COLUMNS = 4
_CROP_SIZE = (282, 72)
_CAPTION_HEIGHT = 40
_GREEN, _RED, _GREY = (90, 200, 90), (80, 80, 240), (170, 170, 170)


@dataclass(frozen=True)
class Shown:
    """One crop and what came back for it.

    Attributes:
        path: the picture.
        truth: the plate that its name gives, or an empty text.
        text: what was read.
        confidence: of the reading, 0..1.
        accepted: whether the node accepted it.
        latency_ms: from publishing the crop to receiving its reading.
    """

    path: Path
    truth: str
    text: str
    confidence: float
    accepted: bool
    latency_ms: float

    @property
    def is_correct(self) -> bool:
        """Whether the reading is what the name says."""
        return self.text == self.truth


class DemoListener(Node):
    """Collects the readings of a node and prints each.

    Args:
        paths: the crops that are played.
        folder: where they lie; a reading's ``frame_id`` is the path below it.
    """

    def __init__(self, paths: list[Path], folder: Path) -> None:
        super().__init__("demo_listener")
        self.shown: dict[Path, Shown] = {}
        self._paths = {path.relative_to(folder).as_posix(): path for path in paths}
        self.create_subscription(String, "lpr_node/reading", self._on_reading, QoSProfile(depth=1000))

    def _on_reading(self, message: String) -> None:
        reading = json.loads(message.data)
        path = self._paths[reading["frame_id"]]
        stamp = reading["stamp"]["sec"] + reading["stamp"]["nanosec"] * 1e-9
        shown = Shown(
            path=path,
            truth=truth_of(path),
            text=reading["text"],
            confidence=reading["confidence"],
            accepted=reading["accepted"],
            latency_ms=(self.get_clock().now().nanoseconds * 1e-9 - stamp) * 1e3,
        )
        self.shown[path] = shown
        verdict = "" if not shown.truth else "ok" if shown.is_correct else f"is {shown.truth}"
        if not shown.accepted:
            verdict += f" (not accepted: {reading['rejection']})"
        columns = f"{pad(path.name, 22)}{pad(shown.text, 12)}{shown.confidence:10.3f}{shown.latency_ms:9.1f}"
        print(f"{columns}   {verdict}", flush=True)


def truth_of(path: Path) -> str:
    """Return the plate that a file's name begins with, or an empty text where it names none."""
    label = path.stem.split("_")[0].split("-")[0]
    return label if plate_kind(label) is not None else ""


def pad(text: str, width: int) -> str:
    """Fill text with blanks to a width in terminal columns; Chinese takes two a character."""
    columns = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - columns)


def draw_sheet(shown: list[Shown]) -> np.ndarray:
    """Draw all crops with their readings, in rows.

    Returns:
        BGR, uint8.
    """
    width, height = _CROP_SIZE
    cell_width, cell_height = width + 16, height + _CAPTION_HEIGHT + 16
    rows = -(-len(shown) // _COLUMNS)
    sheet = np.full((rows * cell_height, _COLUMNS * cell_width, 3), 32, np.uint8)
    for index, one in enumerate(shown):
        y, x = (index // _COLUMNS) * cell_height + 8, (index % _COLUMNS) * cell_width + 8
        sheet[y : y + height, x : x + width] = cv2.resize(
            read_image(one.path), _CROP_SIZE, interpolation=cv2.INTER_CUBIC
        )
        colour = _GREY if not one.truth else _GREEN if one.is_correct else _RED
        draw_text(sheet, one.text or "-", (x, y + height + 6), height=28, colour=colour)
        cv2.putText(
            sheet,
            f"{one.confidence:.3f}",
            (x + width - 74, y + height + 28),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.65,
            _GREY,
            1,
            cv2.LINE_AA,
        )
    return sheet


def main(arguments: list[str] | None = None) -> int:
    """Play a folder through the real node and report.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0 where every crop got a reading and, of those whose
        name gives the plate, at least 95 % were read right.
    """
    parser = argparse.ArgumentParser(prog="demo", description="Play plate crops through lpr_node over DDS.")
    parser.add_argument("--images", type=Path, required=True, help="folder of crops, or one image")
    parser.add_argument("--output", type=Path, default=Path("demo_readings.png"), help="picture to write")
    parser.add_argument("--rate", type=float, default=10.0, help="crops a second")
    options = parser.parse_args(arguments)
    try:
        return _demonstrate(options.images, options.output, options.rate)
    except LabelledDataError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _demonstrate(images: Path, output: Path, rate: float) -> int:
    paths = list_images(images) if images.is_dir() else []
    if not paths:
        raise LabelledDataError(f"{images}: not a folder with pictures")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    namespace = f"/demo_{os.getpid()}"
    rclpy.init(args=["--ros-args", "-r", f"__ns:={namespace}", "--log-level", "warn"])
    listener = DemoListener(paths, images)
    processes: list[subprocess.Popen[bytes]] = []
    depth = max(10, min(10000, len(paths)))
    print(f"{pad('crop', 22)}{pad('plate', 12)}{'confidence':>10}{'ms':>9}", flush=True)
    try:
        processes.append(_start("lpr_node", namespace, "qos_profile:=reliable", f"queue_depth:={depth}"))
        if _wait_for_node(listener, processes[0]):
            processes.append(
                _start("plate_player", namespace, f"images:={images.resolve()}", f"rate:={rate}")
            )
            _listen(listener, processes, len(paths))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _wait_for_end(process)
        listener.destroy_node()
        rclpy.try_shutdown()
    return _summarise([listener.shown[p] for p in paths if p in listener.shown], len(paths), output)


def _start(program: str, namespace: str, *parameters: str) -> subprocess.Popen[bytes]:
    command = [_SETPRIV, "--pdeathsig", "KILL", "--"] if _SETPRIV else []
    command += [
        sys.executable,
        "-m",
        f"lprnet_ros.ros.nodes.{program}",
        "--ros-args",
        "-r",
        f"__ns:={namespace}",
    ]
    command += ["--log-level", "warn"]
    for parameter in parameters:
        command += ["-p", parameter]
    return subprocess.Popen(command)


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_node(listener: DemoListener, node: subprocess.Popen[bytes]) -> bool:
    """Wait until the node's readings can be received."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and node.poll() is None:
        rclpy.spin_once(listener, timeout_sec=0.1)
        if listener.count_publishers("lpr_node/reading") > 0:
            return True
    print(
        "demo: lpr_node did not come up; if it logged no error, shared memory of killed processes may be "
        "in the way: end all ROS nodes and run 'fastdds shm clean'",
        file=sys.stderr,
    )
    return False


def _listen(listener: DemoListener, processes: list[subprocess.Popen[bytes]], expected: int) -> None:
    """Wait for all readings, as long as both processes live and something comes."""
    node, player = processes
    last_count, last_change = 0, time.monotonic()
    while len(listener.shown) < expected:
        rclpy.spin_once(listener, timeout_sec=0.1)
        if len(listener.shown) != last_count:
            last_count, last_change = len(listener.shown), time.monotonic()
        if node.poll() is not None or (player.poll() not in (None, 0)):
            print("demo: a process ended early, its message is above", file=sys.stderr)
            return
        if time.monotonic() - last_change > _QUIET_SECONDS:
            print(f"demo: no reading for {_QUIET_SECONDS:.0f} s", file=sys.stderr)
            return


def _summarise(shown: list[Shown], played: int, output: Path) -> int:
    if not shown:
        print("demo: no reading arrived", file=sys.stderr)
        return 1
    output.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(output), draw_sheet(shown)):
        print(f"demo: cannot write {output}", file=sys.stderr)
        return 1
    named = [one for one in shown if one.truth]
    correct = sum(one.is_correct for one in named)
    latencies = sorted(one.latency_ms for one in shown)
    print(f"\n{len(shown)} of {played} crops read, median latency {latencies[len(latencies) // 2]:.1f} ms")
    if named:
        print(f"{correct} of {len(named)} plates right ({correct / len(named):.1%})")
    print(f"picture: {output}")
    is_good = len(shown) == played and correct >= 0.95 * len(named)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
