"""``lpr_benchmark --soak``: many plates through the live node, and whether its memory stays flat."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from dataclasses import asdict, dataclass

import numpy as np
import psutil

from bench.ros_rig import (
    NODE,
    NODE_MODULE,
    NODE_PARAMETERS,
    RosRig,
    ask,
    camera_topics,
    crop_to_send,
    resident_bytes,
)
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_manifest

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


def soak(options: argparse.Namespace) -> int:
    """Run a soak and print its result as JSON; return 0 where memory stayed flat and nothing was lost."""
    manifest = load_manifest(find_model(options.model))
    rig = RosRig(crop_to_send(manifest), shared=True)
    workers = options.workers[0]
    topics = camera_topics(max(1, workers))
    parameters = [f"image_topics:=[{','.join(topics)}]", f"workers:={workers}", *NODE_PARAMETERS]
    parameters.append(f"model:={manifest.path.resolve()}")
    with rig.node(NODE_MODULE, NODE, parameters) as node, rig.generator(NODE, topics) as generator:
        watch = _MemoryWatch(node)
        seconds = options.soak / options.rate
        answer = ask(generator, rate=options.rate, seconds=seconds, frames=options.camera_frames)
        samples = watch.stop()
    duration = answer["sending_seconds"] + answer["settling_seconds"]
    plates = np.arange(len(samples)) * options.rate * _SAMPLE_SECONDS
    result = summarise(plates, np.array(samples), answer, duration)
    model = {"is_flat": result.is_flat, "model": manifest.name, "workers": workers}
    print(json.dumps(asdict(result) | model))
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

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
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
            self._samples.append(resident_bytes(self._process))
            if len(self._samples) % 60 == 0:
                size = f"{self._samples[-1] / 2**20:.1f} MiB"
                print(f"{len(self._samples)} s: {size}", file=sys.stderr, flush=True)
