"""Counts wrong readings that are accepted: on whole crops, cut, painted over and turned ones, and no plates.

python bench/wrong_accepted.py --data ../shared/data/index.csv --data ../shared/data/plates/index.csv \\
    --role choose --glyphs ../shared/data/glyphs --background ../shared/data/background/index.csv

Cuts are measured in widths of the plate itself: it is found in its crop by its label and the glyphs.
The crops are those of one row, without pseudo and special sets.  Accepted texts other than the label
count as wrong, divided by all crops; on patches without a Chinese plate every accepted text is wrong.
"""

from __future__ import annotations

import argparse
import csv
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.evaluation.background import random_windows, text_like_windows
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop, read_image, read_labelled
from lprnet_ros.training.glyphs import load_glyph_styles
from lprnet_ros.training.registration import register_plate
from lprnet_ros.training.spoiled import paint_over

Image = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]
Plate = tuple[Image, Quad, str]

CUTS = (0.05, 0.08, 0.11, 0.14, 0.20)
SINGLE_ROW = frozenset({"blue", "green", "green_large", "yellow", ""})
_LEAST_CORRELATION = 0.6  # of a plate that counts as found; the others are taken to fill their crop


def cut(image: Image, quad: Quad, share: float, side: str) -> Image:
    """Cut a share of the plate's width away at one side, along the picture's columns."""
    left, right = float(quad[[0, 3], 0].mean()), float(quad[[1, 2], 0].mean())
    if side == "right":
        return image[:, : max(2, round(right - share * (right - left)))]
    return image[:, min(image.shape[1] - 2, round(left + share * (right - left))) :]


def from_the_side(image: Image) -> Image:
    """Look at a plate that is 100 pixels wide from the front from 72 degrees to its side."""
    front, side = (100, 34), (31, 34)
    seen = cv2.resize(image, front, interpolation=cv2.INTER_AREA)
    corners = np.array([[0, 0], [front[0], 0], [front[0], front[1]], [0, front[1]]], np.float32)
    far = np.array([[0, 0], [side[0], 0.12 * side[1]], [side[0], 0.88 * side[1]], [0, side[1]]], np.float32)
    blurred = cv2.GaussianBlur(seen, (0, 0), sigmaX=1.3, sigmaY=0.3)
    matrix = cv2.getPerspectiveTransform(corners, far)
    return np.asarray(cv2.warpPerspective(blurred, matrix, side, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def darken(image: Image, generator: np.random.Generator) -> Image:
    """Leave a twelfth of the light, and the noise of a sensor."""
    noisy = image / 12.0 + generator.normal(0.0, 1.5, size=image.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def spoilings(seed: int) -> dict[str, Callable[[Plate], tuple[Image, str]]]:
    """Name the ways to spoil a crop; each gives a picture and what may be read on it."""
    generator = np.random.default_rng(seed)
    turns: dict[str, Callable[[Image], object]] = {
        "flipped": lambda image: cv2.flip(image, 0),
        "mirrored": lambda image: cv2.flip(image, 1),
        "turned 90": lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
        "turned 180": lambda image: cv2.rotate(image, cv2.ROTATE_180),
        "turned 270": lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    }
    ways: dict[str, Callable[[Plate], tuple[Image, str]]] = {"whole": lambda plate: (plate[0], plate[2])}
    for side in ("right", "left"):
        for share in CUTS:
            ways[f"{side} {share:.0%}"] = functools.partial(_cut, share=share, side=side)
    for name, turn in turns.items():
        ways[name] = functools.partial(_turned, turn=turn)
    ways["yaw of 72 degrees"] = lambda p: (from_the_side(p[0]), p[2])
    ways["hardly any light"] = lambda p: (darken(p[0], generator), p[2])
    ways["painted"] = lambda p: (paint_over(*p, generator)[0], p[2])
    return ways


def _cut(plate: Plate, share: float, side: str) -> tuple[Image, str]:
    return cut(plate[0], plate[1], share, side), plate[2]


def _turned(plate: Plate, turn: Callable[[Image], object]) -> tuple[Image, str]:
    return np.ascontiguousarray(turn(plate[0]), dtype=np.uint8), plate[2]


def load_plates(crops: Sequence[LabelledCrop], glyphs: Path | None) -> Iterator[Plate]:
    """Read crops and find their plates: with glyphs, else the plate fills the crop but for its margin."""
    styles = load_glyph_styles(glyphs) if glyphs is not None else []
    for crop in crops:
        image = crop.read()
        height, width = image.shape[:2]
        margin = 0.06 / 1.12 if "kind" in crop.columns else 0.0  # as that set was cut out
        low, high = margin, 1 - margin
        corners = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
        quad = corners * np.array([width, height], np.float32)
        found = register_plate(image, crop.label, styles) if styles else None
        if found is not None and found.correlation >= _LEAST_CORRELATION:
            quad = found.quad
        yield image, quad, crop.label


def choose(paths: Sequence[Path], role: str) -> list[LabelledCrop]:
    """Return the single-row crops of a role with exact labels."""
    return [
        crop
        for path in paths
        for crop in read_labelled(path)
        if crop.columns.get("role") == role
        and crop.columns.get("kind", "") in SINGLE_ROW
        and crop.columns.get("set") != "special"
        and not crop.columns.get("set", "").endswith("_pseudo")
    ]


def patches(index: Path, role: str, count: int, seed: int) -> dict[str, list[Image]]:
    """Cut patches out of pictures without a Chinese plate: half like text, half anywhere."""
    generator = np.random.default_rng(seed)
    with index.open(encoding="utf-8", newline="") as stream:
        names = [row["file"] for row in csv.DictReader(stream) if row["role"] == role]
    each = -(-count // (2 * len(names)))
    found: dict[str, list[Image]] = {"text-like patches": [], "random patches": []}
    for name in names:
        picture = read_image(index.parent / name)
        found["text-like patches"] += text_like_windows(picture, each)
        found["random patches"] += random_windows(picture, each, generator)
    return found


def as_grey(image: Image) -> Image:
    """Take the colours out."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def count(recognizer: PlateRecognizer, samples: Sequence[tuple[Image, str]]) -> dict[str, object]:
    """Read pictures and count: accepted and right, accepted and wrong, refused; and name the wrong ones."""
    right, wrong = 0, []
    for image, label in samples:
        (reading,) = recognizer.read_batch([CropImage(np.ascontiguousarray(image))])
        if isinstance(reading, PlateReading) and reading.accepted:
            if reading.text == label:
                right += 1
            else:
                wrong.append(f"{label or '(none)'} {reading.text} {reading.confidence:.3f}")
    total = max(1, len(samples))
    return {
        "n": len(samples),
        "right": right / total,
        "wrong": len(wrong) / total,
        "refused": 1 - (right + len(wrong)) / total,
        "examples": wrong,
    }


def main() -> None:
    """Print one line a kind of spoiling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", default=[], help="CSV of crops with a role")
    parser.add_argument("--role", default="choose", help="rows that count (default: choose)")
    parser.add_argument("--glyphs", type=Path, help="glyph pictures, to find the plates in their crops")
    parser.add_argument("--background", type=Path, help="CSV of pictures without a Chinese plate")
    parser.add_argument("--background-role", default="train", help="its rows that count (default: train)")
    parser.add_argument("--patches", type=int, default=2000, help="patches of the background")
    parser.add_argument("--model", type=Path, help="model file (default: the bundled one)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="kinds of spoiling, such as 'right*'")
    parser.add_argument("--json", type=Path, help="write the counts and the wrong readings there")
    options = parser.parse_args()
    recognizer = PlateRecognizer.open(options.model)
    plates = list(load_plates(choose(options.data, options.role), options.glyphs))
    ways = {name: way for name, way in spoilings(1).items() if plates and fnmatch(name, options.only)}
    sets = {name: [way(plate) for plate in plates] for name, way in ways.items()}
    if options.background is not None:
        found = patches(options.background, options.background_role, options.patches, 1)
        sets |= {name: [(image, "") for image in images] for name, images in found.items()}
    report = {}
    print(f"{'':20} {'n':>5}  {'right':>7} {'wrong':>7} {'refused':>7}    grey: right   wrong refused")
    for name, samples in sets.items():
        colour = count(recognizer, samples)
        grey = count(recognizer, [(as_grey(image), label) for image, label in samples])
        report[name] = {"colour": colour, "grey": grey}
        shares = [f"{each[key]:7.2%}" for each in (colour, grey) for key in ("right", "wrong", "refused")]
        print(f"{name:20} {colour['n']:5}  {' '.join(shares[:3])}       {' '.join(shares[3:])}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
