"""A finder for the board's libraries that finds blue rectangles, and frames that show some.

The network is in ``finding_libraries``: whatever is blue and large enough is a plate, of two rows where it is
less than 2.5 times as wide as high.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import yaml
from finder_cells import HEIGHT, STRIDE, WIDTH

from lprnet_ros.models.manifest import manifest_path

LIBRARIES = Path(__file__).parent / "finding_libraries"
PYTHON_PATH = f"{LIBRARIES}:{LIBRARIES.parent}"
"""For PYTHONPATH of a process that shall find."""

BLUE = (230, 20, 20)


def write_finder(folder: Path) -> Path:
    """Write ``finder.bin`` and its manifest; return the model."""
    model = folder / "finder.bin"
    model.write_bytes(b"finds what is blue")
    values = {
        "name": "finder of blue rectangles",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "input": {
            "channel_order": "rgb",
            "mean": 127.5,
            "scale": 1 / 127.5,
            "width": WIDTH,
            "height": HEIGHT,
        },
        "output": {"stride": STRIDE, "minimum_score": 0.5},
        "self_test": {"blue_pixel": [-1.0, -1.0, 1.0]},
    }
    manifest_path(model).write_text(yaml.safe_dump(values), encoding="utf-8")
    return model


def scene(
    *quads: list[tuple[float, float]], width: int = 1280, height: int = 720, seed: int = 0
) -> np.ndarray:
    """A frame, BGR, of grey patches with a blue plate in each quad."""
    patches = np.random.default_rng(seed).integers(60, 200, (9, 16, 1), dtype=np.uint8).repeat(3, axis=2)
    frame = cv2.resize(patches, (width, height), interpolation=cv2.INTER_NEAREST)
    for quad in quads:
        corners = np.array(quad, np.float32)
        cv2.fillConvexPoly(frame, np.round(corners * 16).astype(np.int32) - 8, BLUE, cv2.LINE_AA, 4)
    return frame
