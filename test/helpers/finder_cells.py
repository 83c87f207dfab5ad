"""A finder's output, written by hand: what a perfect network would give for known plates."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Quad
from lprnet_ros.models.manifest import FinderManifest, FindingSelfTest
from lprnet_ros.models.tensor_spec import TensorSpec

STRIDE, WIDTH, HEIGHT = 8, 640, 384


def finder_manifest(path: Path, width: int = WIDTH, height: int = HEIGHT, **fields) -> FinderManifest:
    """A manifest of a finder, without a file."""
    values = {
        "name": "fake",
        "sha256": "0" * 64,
        "input": TensorSpec.picture("rgb", 127.5, 1 / 127.5, width, height),
        "output": TensorSpec((1, 11, height // STRIDE, width // STRIDE)),
        "stride": STRIDE,
        "minimum_score": 0.5,
        "self_test": FindingSelfTest(blue_pixel=(-1.0, -1.0, 1.0)),
    }
    return FinderManifest(path=path, **(values | fields))


def centre_of(quad: Quad) -> tuple[float, float]:
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def encode(plates: list[FoundPlate], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The output for plates in pixels of the input, each told by its centre's cell and those around."""
    cells = np.zeros((1, 11, height // STRIDE, width // STRIDE), np.float32)
    cells[:, 0] = -12.0
    told = np.full(cells.shape[2:], np.inf)  # how far the plate is of which a cell tells
    rows, columns = np.mgrid[0 : cells.shape[2], 0 : cells.shape[3]]
    middles = (np.stack([columns, rows]) + 0.5) * STRIDE
    for plate in plates:
        x, y = centre_of(plate.quad)
        first, second, third, fourth = plate.quad
        across = (math.dist(first, second) + math.dist(fourth, third)) / 2
        distance = np.hypot(middles[0] - x, middles[1] - y) / across
        mine = (distance < 0.6 + STRIDE / across) & (distance < told)
        mine[int(y // STRIDE), int(x // STRIDE)] = True
        told[mine] = distance[mine]
        cells[0, 1, mine] = math.log2(across / STRIDE)
        for number, corner in enumerate(plate.quad):
            for axis in (0, 1):
                cells[0, 2 + 2 * number + axis, mine] = (corner[axis] - middles[axis][mine]) / across
        cells[0, 10, mine] = 3.0 if plate.rows == 2 else -3.0
        cells[0, 0, int(y // STRIDE), int(x // STRIDE)] = math.log(plate.score / (1 - plate.score))
    return cells


class FakeRuntime:
    """A runtime that remembers its inputs and answers with cells."""

    name = "fake"

    def __init__(self, answer) -> None:
        self.answer = answer
        self.tensors: list[np.ndarray] = []
        self.is_closed = False

    def infer(self, tensor):
        self.tensors.append(tensor)
        return self.answer(tensor) if callable(self.answer) else self.answer

    def close(self):
        self.is_closed = True
