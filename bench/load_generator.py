"""Puts a measured load on a live ``lpr_node``: one process that publishes crops and receives readings.

``lpr_benchmark --ros`` starts it and requests trials, one JSON object a line on stdin; each result is
one JSON object a line on stdout.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, String

from bench.sustained import Trial
from lprnet_ros.ros.process.executors import Spinner
from lprnet_ros.sources.labelled import list_images, read_image

_DEPTH = 2000
_OPTIONAL = (("targets", "ai_msgs", "PerceptionTargets"), ("detections", "vision_msgs", "Detection2DArray"))
_START_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 3.0
_CALM_SECONDS = 1.2
"""Diagnostics come once a second: after this pause they cover the whole trial."""


class LoadGenerator(Node):
    """Publishes pictures on several topics, and measures when their readings come back.

    Each camera sends its crops frame by frame, as a cropper does.

    Args:
        pictures: the crops that are sent, one after the other, again and again.
        target: fully qualified name of the node under load.
        topics: one a camera.
        every_topic: whether to listen to all that the node publishes, not to its readings alone.
    """

    def __init__(
        self, pictures: Sequence[Path], target: str, topics: list[str], *, every_topic: bool = False
    ) -> None:
        super().__init__("load_generator")
        self._messages = itertools.cycle([_message_of(picture) for picture in pictures])
        self._target = target
        reliable = QoSProfile(depth=_DEPTH, reliability=ReliabilityPolicy.RELIABLE)
        self._publishers_of_crops = [self.create_publisher(Image, topic, reliable) for topic in topics]
        # best effort: acknowledging every reading would cost the node as much as making it
        listening = QoSProfile(depth=_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(String, f"{target}/reading", self._on_reading, listening)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        if every_topic:
            self._listen_to_all(listening)
        self._latencies: list[float] = []
        self._counts = {"dropped": 0.0, "inference CPU (s)": 0.0}
        self._spinner = Spinner(self)

    def wait_until_heard(self) -> None:
        """Wait until every topic has its subscriber, and a crop comes back from each.

        Raises:
            TimeoutError: that did not happen in a minute.
        """
        end = time.monotonic() + _START_SECONDS
        for publisher in self._publishers_of_crops:
            before = len(self._latencies)
            while len(self._latencies) == before:
                if time.monotonic() > end:
                    raise TimeoutError(f"{self._target} reads nothing on {publisher.topic_name}")
                if publisher.get_subscription_count() > 0:
                    self._publish(publisher)
                self._spin(0.2)
        self._spin(_CALM_SECONDS)

    def run_trial(self, rate: float, seconds: float, frames: float) -> Trial:
        """Send crops at a rate, and wait for their readings.

        Args:
            rate: crops a second, over all cameras.
            seconds: how long.
            frames: frames a second of each camera; its crops of one frame are sent at once.
        """
        self._latencies.clear()
        before = dict(self._counts)
        cameras, total = len(self._publishers_of_crops), round(rate * seconds)
        sent, tick, started = 0, 0, time.perf_counter()
        while sent < total:
            camera = tick % cameras  # the cameras' frames come one after the other
            due = started + tick / (frames * cameras)
            while (wait := due - time.perf_counter()) > 0.0:
                self._spinner.spin_once(min(wait, 0.002))
            tick += 1
            until = min(total, round(rate * tick / (frames * cameras)))
            for _ in range(until - sent):
                self._publish(self._publishers_of_crops[camera])
            sent = until
        sending = time.perf_counter() - started
        finished = last = time.perf_counter()
        while len(self._latencies) < total and time.perf_counter() < last + _LONGEST_WAIT_SECONDS:
            count = len(self._latencies)
            self._spinner.spin_once(0.005)
            if len(self._latencies) > count:
                last = time.perf_counter()
        settling = last - finished
        self._spin(_CALM_SECONDS)
        ordered = sorted(self._latencies) or [0.0]
        inference = self._counts["inference CPU (s)"] - before["inference CPU (s)"]
        return Trial(
            rate=rate,
            sent=total,
            read=len(self._latencies),
            dropped=int(self._counts["dropped"] - before["dropped"]),
            sending_seconds=sending,
            settling_seconds=settling,
            p50_ms=ordered[len(ordered) // 2] * 1e3,
            p99_ms=ordered[len(ordered) * 99 // 100] * 1e3,
            inference_cpu_us=inference / max(1, len(self._latencies)) * 1e6,
        )

    def stop(self) -> None:
        """Let go of the executor."""
        self._spinner.shutdown()

    def _publish(self, publisher: Publisher) -> None:
        message, nanoseconds = next(self._messages), time.time_ns()
        stamp = message.header.stamp
        stamp.sec, stamp.nanosec = nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000
        publisher.publish(message)

    def _listen_to_all(self, qos: QoSProfile) -> None:
        """Receive what nothing is done with; the topics of packages that are not installed do not exist."""
        kinds: dict[str, type] = dict.fromkeys(("plate", "vehicle_plate"), String)
        kinds |= {"confidence": Float32, "image_annotated": Image}
        for topic, package, name in _OPTIONAL:
            with suppress(ImportError):
                kinds[topic] = getattr(importlib.import_module(f"{package}.msg"), name)
        for topic, kind in kinds.items():
            self.create_subscription(kind, f"{self._target}/{topic}", _ignore, qos)

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.0:
            self._spinner.spin_once(left)

    def _on_reading(self, message: String) -> None:
        now = time.time_ns()
        stamp = json.loads(message.data)["stamp"]
        self._latencies.append((now - stamp["sec"] * 1_000_000_000 - stamp["nanosec"]) * 1e-9)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == f"{self._target}: readings":
                self._counts |= {
                    pair.key: float(pair.value) for pair in status.values if pair.key in self._counts
                }


def _ignore(_: object) -> None:
    pass


def _message_of(picture: Path) -> Image:
    crop = read_image(picture)
    height, width = crop.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.data.frombytes(crop.tobytes())
    return message


def main(arguments: list[str] | None = None) -> int:
    """Answer the questions on stdin until it ends.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="load_generator")
    parser.add_argument("--picture", type=Path, required=True, help="or a folder of them")
    parser.add_argument("--every-topic", action="store_true")
    parser.add_argument("--target", required=True)
    parser.add_argument("--topics", nargs="+", required=True)
    options = parser.parse_args(arguments)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    pictures = list_images(options.picture) if options.picture.is_dir() else [options.picture]
    generator = LoadGenerator(pictures, options.target, options.topics, every_topic=options.every_topic)
    try:
        generator.wait_until_heard()
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            question = json.loads(line)
            print(json.dumps(asdict(generator.run_trial(**question))), flush=True)
    except TimeoutError as error:
        print(f"load_generator: {error}", file=sys.stderr)
        return 1
    finally:
        generator.stop()
        generator.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
