"""A model for the board's libraries whose crops say what is read on them, and what goes wrong meanwhile.

The doubles' network copies the first 68 x 18 numbers of its input, so a crop of the network's own size can
spell any text.  The blue of its last pixel, which no logit comes from, names a fault that the libraries in
``libraries`` then have.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np
import yaml

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.plates.alphabet import Alphabet

LIBRARIES = Path(__file__).parent / "fault_libraries"
PYTHON_PATH = f"{LIBRARIES}:{LIBRARIES.parent}"
"""For PYTHONPATH of a process that shall find the faulty libraries."""

SCALE, MEAN = 0.5, 127.5
FAULTS = ("", "raise", "type error", "nan", "shape", "false", "hang", "die", "stale", "constant")
"""What a library can do to a crop; the place in this list is the blue of the crop's last pixel."""


def write_model(folder: Path, **changes: object) -> Path:
    """Write ``lpr.bin`` and its manifest; return the model.

    Args:
        folder: where to.
        changes: fields of the manifest to set; None removes one.
    """
    model = folder / "lpr.bin"
    model.write_bytes(b"compiled for bayes-e")
    values = yaml.safe_load(manifest_path(bundled_model()).read_text(encoding="utf-8"))
    pixel = (np.array([0, 0, 255]) - MEAN) * SCALE  # red, green, blue
    values |= {
        "name": "board double",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "self_test": {"blue_pixel": pixel.tolist()},
        **changes,
    }
    values["input"] |= {"channel_order": "rgb", "mean": MEAN, "scale": SCALE}
    values.pop("calibration", None)
    values = {name: value for name, value in values.items() if value is not None}
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return model


def spelled_crop(text: str, fault: str = "") -> np.ndarray:
    """A crop, BGR, on which the doubles read a text with near certainty, after some fault or none."""
    alphabet = _alphabet()
    steps = [alphabet.blank] * 18
    steps[: 2 * len(text) : 2] = [alphabet.characters.index(character) for character in text]
    logits = np.zeros((68, 18), np.uint8)
    logits[steps, range(18)] = 255
    crop = np.zeros((24, 94, 3), np.uint8)
    crop.reshape(-1, 3)[: logits.size, 2] = logits.ravel()  # red is the network's first channel
    # two crops differ in many numbers, as pictures do, and not in a few only
    crop[:, :, 0] = np.random.default_rng(list(f"{text} {fault}".encode())).integers(0, 2, (24, 94))
    crop[-1, -1, 0] = FAULTS.index(fault)
    return crop


@functools.lru_cache(maxsize=1)
def _alphabet() -> Alphabet:
    return load_manifest(bundled_model()).alphabet


def fault_of(tensor: np.ndarray) -> str:
    """The fault that a network's input asks for."""
    return FAULTS[round(float(tensor.reshape(-1)[-1]) / SCALE + MEAN)]
