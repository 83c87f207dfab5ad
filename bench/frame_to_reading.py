"""``python bench/frame_to_reading.py``: from a camera's frame to its reading, in one process and in two.

A camera in another process sends 1080p NV12 at 30 Hz with one plate that moves.  ``lpr_node`` takes the
frames itself, or ``plate_cropper`` sends it crops.  Told are CPU time a frame, latency from the frame's
stamp to the arrival of its reading here, how many readings came after more than one later frame, and lost
frames.  The finder and the reader are stand-ins that hold Python's lock for 0.7 and 0.1 ms, as estimated
for the board's BPU; ``--finder`` and ``--reader`` name models instead.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "helpers"))

from cropper_harness import CropperProcess
from frame_board import PYTHON_PATH, write_finder, write_reader
from ros_harness import ROOT, Client, ReaderProcess
from std_msgs.msg import String

from bench.ros_rig import cpu_seconds
from lprnet_ros.ros.reports.statistics import percentiles

RATE = 30.0
EVERY_CROP = ("change_threshold:=0.0",)
PROFILE = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "large_frames.xml")}


@dataclass
class Trial:
    """What came of one trial.

    Attributes:
        cpu_ms: CPU time of the nodes a frame.
        latencies_ms: of each reading.
        frames: that were sent between the first and the last reading.
        read: of these.
    """

    cpu_ms: float
    latencies_ms: list[float]
    frames: int
    read: int

    def __str__(self) -> str:
        """What is told of it."""
        told = ", ".join(f"p{p} {value:.1f}" for p, value in percentiles(self.latencies_ms))
        late = sum(latency > 2e3 / RATE for latency in self.latencies_ms)
        return (
            f"{self.cpu_ms:5.2f} ms of CPU a frame; latency {told}, at most {max(self.latencies_ms):.1f} ms; "
            f"{late} of {self.read} late by more than a frame; {self.frames - self.read} of "
            f"{self.frames} lost"
        )


class Models:
    """The models of a measurement, as parameters."""

    def __init__(self, folder: Path, finder: str, reader: str) -> None:
        self.finder = [f"finder_model:={finder or write_finder(folder)}"]
        self.reader = [f"model:={reader or write_reader(folder)}"]
        self.environment = PROFILE | ({} if finder and reader else {"PYTHONPATH": PYTHON_PATH})


def in_one_process(
    client: Client, folder: Path, models: Models, stack: ExitStack
) -> tuple[ReaderProcess, list[ReaderProcess], str]:
    """Start ``lpr_node`` on frames; return it, all nodes, and the topic of the frames."""
    parameters = ["frame_topics:=['frames']", *models.finder, *models.reader, *EVERY_CROP]
    reader = stack.enter_context(closing(ReaderProcess(client, folder, *parameters, **models.environment)))
    return reader, [reader], f"{reader.namespace}/frames"


def in_two_processes(
    client: Client, folder: Path, models: Models, stack: ExitStack
) -> tuple[ReaderProcess, list[ReaderProcess], str]:
    """Start ``plate_cropper`` and ``lpr_node`` on its crops; the result is that of ``in_one_process``."""
    cropper = stack.enter_context(
        closing(CropperProcess(client, folder, *models.finder, *EVERY_CROP, **models.environment))
    )
    wired = [f"image_topics:=['{cropper.full_name}/crops']", "qos_profile:=reliable", "queue_depth:=64"]
    wired.append(f"empty_frames_topic:={cropper.full_name}/empty_frames")
    reader = stack.enter_context(
        closing(ReaderProcess(client, folder, *wired, *models.reader, **models.environment))
    )
    return reader, [cropper, reader], f"{cropper.namespace}/image"


WAYS = {"one process": in_one_process, "two processes": in_two_processes}


def measure(client: Client, way: str, finder: str, reader: str, seconds: float) -> Trial:
    """Run the nodes and the camera, and say what they did."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        node, nodes, topic = WAYS[way](client, folder, Models(folder, finder, reader), stack)
        latencies: dict[int, float] = {}

        def on_reading(message: String) -> None:
            now = time.time()
            _, _, rest = message.data.partition('"sec": ')
            sec, _, rest = rest.partition(', "nanosec": ')
            nanosec, _, rest = rest.partition('}, "frame_id": "')
            latencies[int(rest.partition('"')[0])] = now - int(sec) - int(nanosec) * 1e-9

        node._subscribe(String, f"{node.full_name}/reading", on_reading)
        command = [sys.executable, str(ROOT / "bench" / "frame_source.py"), topic, "raw", str(RATE), "plate"]
        camera = subprocess.Popen(command, env={**os.environ, **PROFILE})
        try:
            client.wait_for(lambda: len(latencies) >= 2 * RATE, "the first readings", node)
            processes = [psutil.Process(one.process.pid) for one in nodes]
            latencies.clear()
            before = sum(map(cpu_seconds, processes))
            client.spin_until(lambda: False, seconds)
            cpu = sum(map(cpu_seconds, processes)) - before
        finally:
            camera.terminate()
            camera.wait()
    frames = max(latencies) - min(latencies) + 1
    return Trial(cpu * 1e3 / frames, [1e3 * one for one in latencies.values()], frames, len(latencies))


def main() -> None:
    """Measure in turns, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--finder", default="", help="model of a finder instead of the stand-in")
    parser.add_argument("--reader", default="", help="model of a reader instead of the stand-in")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each trial (default 20)")
    parser.add_argument("--rounds", type=int, default=3, help="trials of each way (default 3)")
    parser.add_argument("--way", choices=WAYS, action="append", help="only this way")
    options = parser.parse_args()
    os.environ |= {"ROS_DOMAIN_ID": str(1 + os.getpid() % 100), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    if os.environ.get("ROS_DISTRO") == "humble":  # newer releases warn about this name
        os.environ["ROS_LOCALHOST_ONLY"] = "1"
    client = Client()
    cost: dict[str, list[float]] = {way: [] for way in options.way or WAYS}
    for _ in range(options.rounds):
        for way, costs in cost.items():
            trial = measure(client, way, options.finder, options.reader, options.seconds)
            costs.append(trial.cpu_ms)
            print(f"{way:13}: {trial}", flush=True)
    client.close()
    if len(cost) == len(WAYS):
        one, two = (statistics.median(costs) for costs in cost.values())
        print(f"one process costs {one / two:.0%} of two in the median")


if __name__ == "__main__":
    main()
