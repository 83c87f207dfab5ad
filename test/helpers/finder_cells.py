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
    """The output for plates in pixels of the input, each in the cell of its centre."""
    cells = np.zeros((1, 11, height // STRIDE, width // STRIDE), np.float32)
    cells[:, 0] = -12.0
    for plate in plates:
        x, y = centre_of(plate.quad)
        column, row = int(x // STRIDE), int(y // STRIDE)
        first, second, third, fourth = plate.quad
        across = (math.dist(first, second) + math.dist(fourth, third)) / 2
        cell = cells[0, :, row, column]
        cell[0] = math.log(plate.score / (1 - plate.score))
        cell[1] = math.log2(across / STRIDE)
        middle = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
        cell[2:10] = [(v - m) / across for corner in plate.quad for v, m in zip(corner, middle, strict=True)]
        cell[10] = 3.0 if plate.rows == 2 else -3.0
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
