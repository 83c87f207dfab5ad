"""``lpr_benchmark --soak``: many plates through the live node, and whether its memory stays flat."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from dataclasses import asdict, dataclass

import numpy as np

from bench.process_tree import resident_bytes
from bench.ros_rig import NODE, RosRig, ask
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError

_WARM_UP = 0.1
"""Share of the plates after which memory has to be flat."""

_MOST_BYTES_A_PLATE = 2.0
"""A node that keeps one small object a plate grows by fifty."""

_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class SoakResult:
    """What a soak showed.

    Attributes:
        sent, read, dropped: crops sent, readings that came back, crops that the node dropped.
        seconds: how long it took.
        warm_bytes, last_bytes: resident memory of the node and its workers after the warm-up and at the end.
        bytes_a_plate: slope of the memory over the plates after the warm-up, least squares.
    """

    sent: int
    read: int
    dropped: int
    seconds: float
    warm_bytes: int
    last_bytes: int
    bytes_a_plate: float

    @property
    def is_flat(self) -> bool:
        """Whether nothing was lost, and memory did not grow with the plates."""
        return self.read == self.sent and self.bytes_a_plate < _MOST_BYTES_A_PLATE


def add_soak_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--soak`` and what goes with it to a parser."""
    group = parser.add_argument_group("many plates through the live node")
    group.add_argument("--soak", type=int, metavar="PLATES", help="send so many, and watch the node's memory")
    group.add_argument("--rate", type=float, default=1000.0, help="crops a second for --soak")


def soak(options: argparse.Namespace) -> int:
    """Run a soak and print its result as JSON; return 0 where memory stayed flat and nothing was lost."""
    manifest = load_manifest(find_model(options.model))
    picture = manifest.self_test.image
    if picture is None:
        raise ManifestError(f"{manifest.path.name} has no picture in its self-test to send")
    rig = RosRig(picture, shared=True)
    workers = options.workers[0]
    topics = [f"/lpr_benchmark/camera_{number}" for number in range(1, max(1, workers) + 1)]
    parameters = [f"image_topics:=[{','.join(topics)}]", f"workers:={workers}", "qos_profile:=reliable"]
    parameters += ["subscription_depth:=2000", "queue_depth:=2000", f"model:={manifest.path}"]
    with rig.node("lpr_node", NODE, parameters) as node, rig.generator(NODE, topics) as generator:
        watch = _MemoryWatch(node.pid)
        seconds = options.soak / options.rate
        answer = ask(generator, rate=options.rate, seconds=seconds, frames=options.camera_frames)
        samples = watch.stop()
    duration = answer["sending_seconds"] + answer["settling_seconds"]
    plates = np.arange(len(samples)) * options.rate * _SAMPLE_SECONDS
    result = summarise(plates, np.array(samples), answer, duration)
    print(
        json.dumps(asdict(result) | {"is_flat": result.is_flat, "model": manifest.name, "workers": workers})
    )
    return 0 if result.is_flat else 1


def summarise(
    plates: np.ndarray, resident: np.ndarray, answer: dict[str, float], seconds: float
) -> SoakResult:
    """Fit a line to the memory after the warm-up.

    Args:
        plates: how many had been sent at each sample.
        resident: bytes at each sample.
        answer: of the load generator.
        seconds: how long sending and reading took.
    """
    warm = plates >= _WARM_UP * answer["sent"]
    slope = float(np.polyfit(plates[warm], resident[warm], 1)[0]) if warm.sum() > 1 else float("nan")
    return SoakResult(
        sent=int(answer["sent"]),
        read=int(answer["read"]),
        dropped=int(answer["dropped"]),
        seconds=seconds,
        warm_bytes=int(resident[warm][0]),
        last_bytes=int(resident[-1]),
        bytes_a_plate=slope,
    )


class _MemoryWatch:
    """Samples the resident memory of a process and its children, once a second."""

    def __init__(self, process_id: int) -> None:
        self._process_id = process_id
        self._samples: list[int] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> list[int]:
        """Return the samples, bytes."""
        self._stopped.set()
        self._thread.join()
        return self._samples

    def _watch(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self._samples.append(resident_bytes(self._process_id))
            if len(self._samples) % 60 == 0:
                print(
                    f"{len(self._samples)} s: {self._samples[-1] / 2**20:.1f} MiB",
                    file=sys.stderr,
                    flush=True,
                )
