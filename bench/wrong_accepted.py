"""Counts wrong readings that are accepted: on whole crops, cut, painted over and turned ones, and no plates.

python -m bench.wrong_accepted --data ../shared/data/index.csv --data ../shared/data/plates/index.csv \\
    --role choose --glyphs ../shared/data/glyphs --background ../shared/data/background/index.csv \\
    --rendered 500 --errors

Cuts are measured in widths of the plate itself: it is found in its crop by its label and the glyphs.
The crops are those of one row, without pseudo and special sets.  Accepted texts other than the label
count as wrong, divided by all crops; on what bears no civil Chinese plate every accepted text is wrong.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from bench.spoiling import Sample, as_grey, choose, load_plates, patches, rendered, spoilings
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer


@dataclass(frozen=True)
class Count:
    """What was read on one kind of samples.

    Attributes:
        crops: how many.
        right: accepted with the label.
        wrong: accepted with another text: file, label, text and confidence of each.
    """

    crops: int
    right: int
    wrong: list[tuple[str, str, str, float]]

    def shares(self) -> str:
        """Return the shares of right and wrong readings and of refusals."""
        total, wrong = max(1, self.crops), len(self.wrong)
        return f"{self.right / total:7.2%} {wrong / total:7.2%} {1 - (self.right + wrong) / total:7.2%}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        total = max(1, self.crops)
        return {
            "n": self.crops,
            "right": self.right / total,
            "wrong": len(self.wrong) / total,
            "refused": 1 - (self.right + len(self.wrong)) / total,
            "examples": self.wrong,
        }


def count(recognizer: PlateRecognizer, samples: Sequence[Sample], *, grey: bool = False) -> Count:
    """Read pictures and count: accepted and right, accepted and wrong, refused; and name the wrong ones."""
    right, wrong = 0, []
    for sample in samples:
        image = np.ascontiguousarray(as_grey(sample.image) if grey else sample.image)
        (reading,) = recognizer.read_batch([CropImage(image)])
        if isinstance(reading, PlateReading) and reading.accepted:
            if reading.text == sample.label:
                right += 1
            else:
                wrong.append((sample.file, sample.label, reading.text, round(reading.confidence, 3)))
    return Count(len(samples), right, wrong)


def read_corrections(path: Path | None) -> dict[str, str]:
    """Read labels by file name from lines ``file,label``; a heading of these two words is skipped."""
    if path is None:
        return {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {Path(file).name: label for file, label in csv.reader(stream) if file != "file"}


def samples_of(options: argparse.Namespace) -> dict[str, list[Sample]]:
    """Make all samples that the options ask for, by kind."""
    corrections = read_corrections(options.corrections)
    plates = list(load_plates(choose(options.data, options.role), options.glyphs, corrections))
    sets = {
        name: [Sample(way(plate), plate.label, plate.file) for plate in plates]
        for name, way in spoilings(1).items()
        if plates and fnmatch(name, options.only)
    }
    others: dict[str, list[Sample]] = {}
    if options.background is not None:
        others |= patches(options.background, options.background_role, options.patches, 1)
    if options.rendered:
        others |= rendered(options.rendered, 1)
    return sets | {name: samples for name, samples in others.items() if fnmatch(name, options.only)}


def main() -> None:
    """Print one line a kind of spoiling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", default=[], help="CSV of crops with a role")
    parser.add_argument("--role", default="choose", help="rows that count (default: choose)")
    parser.add_argument("--corrections", type=Path, help="CSV of wrong labels: file, right label")
    parser.add_argument("--glyphs", type=Path, help="glyph pictures, to find the plates in their crops")
    parser.add_argument("--background", type=Path, help="CSV of pictures without a Chinese plate")
    parser.add_argument("--background-role", default="train", help="its rows that count (default: train)")
    parser.add_argument("--patches", type=int, default=2000, help="patches of the background")
    parser.add_argument(
        "--rendered", type=int, default=0, help="old army plates and foreign ones to draw; needs the font"
    )
    parser.add_argument("--model", type=Path, help="model file (default: the bundled one)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="kinds of spoiling, such as 'right*'")
    parser.add_argument("--errors", action="store_true", help="name each wrong crop that is accepted")
    parser.add_argument("--json", type=Path, help="write the counts and the wrong readings there")
    options = parser.parse_args()
    recognizer = PlateRecognizer.open(options.model)
    report = {}
    print(f"{'':24} {'n':>5}  {'right':>7} {'wrong':>7} {'refused':>7}    grey: right   wrong refused")
    for name, samples in samples_of(options).items():
        colour, grey = count(recognizer, samples), count(recognizer, samples, grey=True)
        report[name] = {"colour": colour.as_dict(), "grey": grey.as_dict()}
        print(f"{name:24} {colour.crops:5}  {colour.shares()}       {grey.shares()}", flush=True)
        for heading, each in (("", colour), ("grey ", grey)):
            for file, label, text, confidence in each.wrong if options.errors else ():
                print(f"    {heading}{file}: {label or '(none)'} read {text} {confidence:.3f}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
