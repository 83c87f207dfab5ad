"""``python -m bench.every_topic``: many distinct plates through lpr_node, with a listener to every topic.

200 rendered plates follow each other crop by crop, again and again, as at a gate with much traffic; the
consensus and all outputs work.  One line for each rate: plates a second, CPU a plate, p50 and p99.
``--checkout FOLDER`` measures the node of another checkout with the same load, for before and after::

    git worktree add ../before 706c700
    python -m bench.every_topic --checkout ../before
    python -m bench.every_topic

Rendering needs the extra 'training'; ``--pictures FOLDER`` sends other crops.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from bench.ros_rig import NODE, ROOT, RosRig, ask, camera_topics, cpu_seconds, module_of
from bench.sustained import Trial
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.reading.decoding import CERTAIN
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.training.camera import Camera
from lprnet_ros.training.glyphs import default_font, glyphs_from_font
from lprnet_ros.training.renderer import PlateRenderer, random_plate_text

_STRENGTH = 0.3


def draw_plates(folder: Path, count: int) -> None:
    """Draw distinct plates that the bundled network is certain of, so that none is looked at again."""
    generator = np.random.default_rng(0)
    renderer = PlateRenderer([glyphs_from_font(default_font())], [], generator)
    camera, kinds = Camera(generator, _STRENGTH), plate_kinds("ga36")
    recognizer = PlateRecognizer.open()
    drawn: set[str] = set()
    while len(drawn) < count:
        kind = kinds[len(drawn) % len(kinds)]
        plate = renderer.draw(random_plate_text(generator, kind), kind.colour)
        crop = camera.photograph(plate.image, plate.quad)
        reading = recognizer.read(crop)
        if reading.text == plate.text and reading.accepted and reading.confidence > CERTAIN:
            drawn.add(plate.text)
            cv2.imwrite(str(folder / f"{len(drawn):04}.png"), crop)
    recognizer.close()


def trials(rig: RosRig, module: str, rates: list[float], seconds: float, frames: float) -> Iterator[Trial]:
    """Send the plates at each rate to one node with its default parameters, but that no message is lost."""
    topics = camera_topics(1)
    parameters = [f"image_topics:=[{topics[0]}]", "qos_profile:=reliable", "subscription_depth:=2000"]
    with ExitStack() as stack:
        node = stack.enter_context(rig.node(module, NODE, parameters))
        generator = stack.enter_context(rig.generator(NODE, topics))
        for rate in rates:
            before = cpu_seconds(node)
            trial = Trial(**ask(generator, rate=rate, seconds=seconds, frames=frames))
            yield replace(trial, cpu_us=(cpu_seconds(node) - before) / max(1, trial.read) * 1e6)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose node is measured")
    parser.add_argument("--pictures", type=Path, help="folder of crops instead of rendered ones")
    parser.add_argument("--plates", type=int, default=200, help="distinct plates (default: 200)")
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[30.0, 100.0, 1000.0], help="crops a second"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate (default: 20)")
    parser.add_argument("--camera-frames", type=float, default=50.0, help="frames a second")
    parser.add_argument(
        "--shared", action="store_true", help="let the node use the load generator's core too"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.pictures is None:
            draw_plates(Path(folder), options.plates)
        rig = RosRig(
            options.pictures or Path(folder),
            shared=options.shared,
            every_topic=True,
            checkout=options.checkout,
        )
        print("crops/s  sent  read  dropped  plates/s  CPU us a plate  without inference  p50 ms  p99 ms")
        for trial in trials(
            rig, module_of(options.checkout), options.rates, options.seconds, options.camera_frames
        ):
            print(
                f"{trial.rate:7.0f}{trial.sent:6}{trial.read:6}{trial.dropped:9}{trial.plates_a_second:10.1f}"
                f"{trial.cpu_us:16.0f}{trial.cpu_us - trial.inference_cpu_us:19.0f}"
                f"{trial.p50_ms:8.1f}{trial.p99_ms:8.1f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
