"""The demonstration: plays plate crops through the real node, then a filmed scene through finder and reader.

``make demo`` runs it: python demo/demo.py --images demo/crops --scene demo_scene.png
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import cv2
import filmed
import nodes
import sheets
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.crop_shape import CUT_THE_PLATE_OUT, why_no_crop
from lprnet_ros.pictures.annotation import captioned
from lprnet_ros.plates.syntax import bundled_syntax
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.sources.labelled import LabelledDataError, label_of_name, list_images, read_image
from lprnet_ros.text.console import program
from lprnet_ros.text.escaping import one_line

_COLUMNS = 4
_CROP_SIZE = (282, 90)  # pixels


@dataclass(frozen=True)
class Shown:
    """One crop, the plate that its file name gives ("": none), and its reading."""

    path: Path
    truth: str
    reading: PlateReading
    latency_ms: float


class DemoListener(Node):
    """Collects the readings of a node and prints each.

    Args:
        paths: the crops that are played.
        folder: where they lie; a reading's ``frame_id`` is the path below it.
        shown: where the readings are kept.
    """

    def __init__(self, paths: list[Path], folder: Path, shown: dict[Path, Shown]) -> None:
        super().__init__("demo_listener")
        self._shown = shown
        self._paths = {path.relative_to(folder).as_posix(): path for path in paths}
        self.create_subscription(String, "lpr_node/reading", self._on_reading, QoSProfile(depth=1000))

    def _on_reading(self, message: String) -> None:
        values = json.loads(message.data)
        path, stamp, reading = self._paths[values["frame_id"]], values["stamp"], sheets.reading_of(values)
        age = self.get_clock().now().nanoseconds * 1e-6 - stamp["sec"] * 1e3 - stamp["nanosec"] * 1e-6
        label = label_of_name(path)
        truth = label if bundled_syntax("ga36").kind(label) is not None else ""
        self._shown[path] = Shown(path, truth, reading, age)
        verdict = "" if not truth else "ok" if reading.text == truth else f"is {truth}"
        if not reading.accepted:
            verdict += f" (not accepted: {reading.verdict.value})"
        name, text = _pad(one_line(path.name), 22), _pad(reading.text, 12)
        print(f"{name}{text}{reading.confidence:10.3f}{age:9.1f}   {verdict}", flush=True)


def _pad(text: str, width: int) -> str:
    """Fill text with blanks to a width in terminal columns; a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - columns)


def draw_sheet(shown: list[Shown]) -> Picture:
    """Draw all crops, whole, with their readings; BGR, uint8."""
    cards = []
    for one in shown:
        note = f"is {one.truth}" if one.truth not in ("", one.reading.text) else ""
        cards.append(captioned(read_image(one.path), one.reading, _CROP_SIZE, note))
    return sheets.sheet(cards, _COLUMNS)


@program("demo")
def main(arguments: list[str] | None = None) -> int:
    """Play a folder through the real node and report.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0 where every crop got a reading and, of those whose
        name gives the plate, at least 95 % were read right.
    """
    parser = argparse.ArgumentParser(prog="demo", description="Play plate crops through lpr_node over DDS.")
    parser.add_argument("--images", type=Path, required=True, help="folder of crops, or one crop")
    parser.add_argument(
        "--output", type=Path, default=Path("demo_readings.png"), help="picture to write, such as sheet.png"
    )
    parser.add_argument("--scene", type=Path, help="then film a scene, and write this picture of its frames")
    parser.add_argument("--rate", type=float, default=10.0, help="crops a second")
    parser.add_argument("--runtime", default="auto", help="of lpr_node (default: auto)")
    options = parser.parse_args(arguments)
    for name in ("output", "scene"):
        path = getattr(options, name)
        if path is not None and not cv2.haveImageWriter(str(path)):
            parser.error(f"--{name} {path}: expected a name that ends in .png or .jpg")
    with tempfile.TemporaryDirectory(prefix="lprnet_demo_") as folder:
        images = options.images
        if images.is_file():  # plate_player plays folders
            (Path(folder) / images.name).symlink_to(images.resolve())
            images = Path(folder)
        try:
            paths = [path for path in list_images(images) if _is_readable(path)] if images.is_dir() else []
        except LabelledDataError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
        if not paths:
            problem = "neither a picture nor a folder with pictures"
            print(f"demo: {one_line(str(options.images))}: {problem}", file=sys.stderr)
            return 1
        status = _demonstrate(paths, images, options)
    if options.scene is None:
        return status
    print()
    try:
        with tempfile.TemporaryDirectory(prefix="lprnet_demo_") as folder:
            is_right = filmed.show(Path(folder), options.scene, options.runtime)
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return status if is_right else 1


def _is_readable(path: Path) -> bool:
    """Tell whether a picture can be read; say on stderr why not, or that it is no crop."""
    name = one_line(str(path))
    try:
        height, width = read_image(path).shape[:2]
    except LabelledDataError as error:
        print(f"demo: left out: {one_line(str(error))}", file=sys.stderr)
        return False
    if doubt := why_no_crop(width, height):
        print(f"demo: {name}: {doubt}; {CUT_THE_PLATE_OUT}", file=sys.stderr)
    return True


def _demonstrate(paths: list[Path], images: Path, options: argparse.Namespace) -> int:
    shown: dict[Path, Shown] = {}
    try:
        _play(paths, images, options, shown)
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
    return _summarise([shown[path] for path in paths if path in shown], len(paths), options.output)


def _play(paths: list[Path], images: Path, options: argparse.Namespace, shown: dict[Path, Shown]) -> None:
    """Run node and player, and keep the readings.

    Raises:
        RuntimeError: a process ended early, or readings stay away.
    """
    with nodes.ros() as (stack, namespace):
        listener = DemoListener(paths, images, shown)
        stack.callback(listener.destroy_node)
        depth = max(10, min(10000, len(paths)))
        parameters = ["qos_profile:=reliable", f"queue_depth:={depth}", f"runtime:={options.runtime}"]
        node = nodes.start(stack, "lpr_node", namespace, *parameters)
        nodes.wait(
            listener, [node], lambda: listener.count_publishers("lpr_node/reading"), 1, nodes.START_SECONDS
        )
        print(f"{_pad('crop', 22)}{_pad('plate', 12)}{'confidence':>10}{'ms':>9}", flush=True)
        player = nodes.start(
            stack, "plate_player", namespace, f"images:={images.resolve()}", f"rate:={options.rate}"
        )
        nodes.wait(listener, [node, player], lambda: len(shown), len(paths), nodes.QUIET_SECONDS)


def _summarise(shown: list[Shown], played: int, output: Path) -> int:
    output.parent.mkdir(parents=True, exist_ok=True)
    if not shown or not cv2.imwrite(str(output), draw_sheet(shown)):
        print(f"demo: {f'cannot write {output}' if shown else 'no reading arrived'}", file=sys.stderr)
        return 1
    named = [one for one in shown if one.truth]
    correct = sum(one.reading.text == one.truth for one in named)
    latency = sorted(one.latency_ms for one in shown)[len(shown) // 2]
    print(f"\n{len(shown)} of {played} crops read, median latency {latency:.1f} ms")
    if named:
        print(f"{correct} of {len(named)} plates right ({correct / len(named):.1%})")
    print(f"picture: {output}")
    return 0 if len(shown) == played and correct >= 0.95 * len(named) else 1


if __name__ == "__main__":
    sys.exit(main())
