"""The labelled pictures that a finder is trained on, in memory, each also shrunk to a half and a quarter."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.finder.taught_cells import TaughtPlate

Image = npt.NDArray[np.uint8]

_LOOSE_WEIGHT = 0.3
"""Of corners that a detector measured: a few pixels loose (shared/data/README.md)."""
EXACT = "exact"
"""How ``label_source`` begins where corners are exactly known."""


@dataclass(frozen=True)
class TrainingPicture:
    """A picture and its plates.

    Attributes:
        levels: BGR, uint8: the picture, and shrunk to a half and to a quarter.
        plates: those that are labelled.
        name: of its file.
    """

    levels: Sequence[Image]
    plates: Sequence[TaughtPlate]
    name: str = ""


def load_pictures(index: Path, role: str) -> list[TrainingPicture]:
    """Load the pictures of a CSV that have a role; of one without quads none shows a plate.

    Args:
        index: CSV with ``file`` and ``role``; with plates also ``x1`` to ``y4``, ``rows``, ``readable``
            and ``label_source``.
        role: ``train``, ``choose`` or ``exam``.
    """
    plates: dict[str, list[TaughtPlate]] = defaultdict(list)
    with index.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["role"] == role:
                plates[row["file"]] += [_plate(row)] if row.get("x1") else []
    return [
        TrainingPicture(_levels(read_image(index.parent / name)), tuple(found), name)
        for name, found in sorted(plates.items())
    ]


def _plate(row: dict[str, str]) -> TaughtPlate:
    corners = [[float(row[f"{axis}{number}"]) for axis in "xy"] for number in range(1, 5)]
    return TaughtPlate(
        np.array(corners, np.float32),
        int(row["rows"]),
        1.0 if row["label_source"].startswith(EXACT) else _LOOSE_WEIGHT,
        row["readable"] == "1",
    )


def _levels(image: Image) -> list[Image]:
    levels = [image]
    for _ in range(2):
        size = max(1, levels[-1].shape[1] // 2), max(1, levels[-1].shape[0] // 2)
        levels.append(np.asarray(cv2.resize(levels[-1], size, interpolation=cv2.INTER_AREA), np.uint8))
    return levels
