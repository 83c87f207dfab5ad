"""Models and frames for the stand-in of the board's library in ``frame_libraries``.

The finder's picture is the frame scaled to its input, with plain grey around what it finds.  A pixel of its
first row names a fault that the library then has.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import cv2
import numpy as np
import yaml

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer

LIBRARIES = Path(__file__).parent / "frame_libraries"
PYTHON_PATH = f"{LIBRARIES}:{LIBRARIES.parent}"
"""For PYTHONPATH of a process that shall find the stand-in."""

SIZE, STRIDE = (640, 384), 8
GREY = 160
FAULT_PIXEL = 0, 0  # row and column
FAULTS = {10: "raise", 20: "nan", 30: "hang", 40: "die"}


def write_finder(folder: Path, **changes: object) -> Path:
    """Write ``finder.bin``, its manifest and its self-test's picture; return the model."""
    model = folder / "finder.bin"
    model.write_bytes(b"finder compiled for bayes-e")
    picture = frame_of({(100, 200): np.zeros((30, 96, 3), np.uint8)}, *SIZE)
    (folder / "finder.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    values = {
        "name": "finder double",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "input": {
            "dtype": "nv12",
            "channel_order": "rgb",
            "mean": 0.0,
            "scale": 1.0,
            "width": SIZE[0],
            "height": SIZE[1],
        },
        "output": {"stride": STRIDE, "minimum_score": 0.5},
        "self_test": {
            "blue_pixel": [0.0, 0.0, 255.0],
            "image": "finder.png",
            "quads": [[100, 200, 196, 200, 196, 230, 100, 230]],
        },
        **changes,
    }
    manifest_path(model).write_text(yaml.safe_dump(values), encoding="utf-8")
    return model


def write_reader(folder: Path) -> Path:
    """Write ``reader.bin`` with the manifest of the bundled model; return the model."""
    model = folder / "reader.bin"
    model.write_bytes(b"reader compiled for bayes-e")
    values = yaml.safe_load(manifest_path(bundled_model()).read_text(encoding="utf-8"))
    values |= {"name": "reader double", "sha256": hashlib.sha256(model.read_bytes()).hexdigest()}
    values["self_test"] = {"blue_pixel": values["self_test"]["blue_pixel"]}
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


@functools.lru_cache(maxsize=1)
def known_logits() -> np.ndarray:
    """The bundled network's answer to the picture of its self-test."""
    recognizer = PlateRecognizer.open(bundled_model(), "onnx")
    image = recognizer.manifest.self_test.image
    assert image is not None
    logits = recognizer.runtime.infer(preprocess(cv2.imread(str(image)), recognizer.manifest.input))
    recognizer.close()
    return np.asarray(logits, np.float32)


def frame_of(
    plates: dict[tuple[int, int], np.ndarray], width: int = 1280, height: int = 768, *, fault: str = ""
) -> np.ndarray:
    """A grey frame, BGR, with pictures pasted at (x, y), side by side.

    Args:
        plates: the pictures by their upper left corner.
        width, height: of the frame.
        fault: what the library shall do with it.
    """
    frame = np.full((height, width, 3), GREY, np.uint8)
    for (x, y), picture in plates.items():
        frame[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    if fault:
        (level,) = [level for level, name in FAULTS.items() if name == fault]
        size = max(width / SIZE[0], height / SIZE[1])
        frame[: int(np.ceil(size)) + 1, : int(np.ceil(size)) + 1] = level
    return frame
