"""From a photograph to the right text: finding and reading measured together, and reading alone.

python -m bench.photo_to_text --index ../shared/data/frames/index.csv --role choose --errors

The index is a CSV with a row for each plate: ``file`` (relative to it; ``--files`` names another folder),
the corners ``x1,y1`` to ``x4,y4``, ``label``, ``kind``, ``rows``, ``readable``, ``set`` and ``role``.  Recall
counts readable plates of any kind whose quad shares half of the union with a found one; a found one that
fits no row, readable or not, is a false find.  Right counts readable plates in one row of the kinds blue,
green, green_large and yellow whose label was read and accepted, out of all such plates; wrong ones are
accepted with another text.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame, Picture
from lprnet_ros.images.geometry import Quad, bounding_box, intersection_over_union
from lprnet_ros.models.find import find_model
from lprnet_ros.pictures.found_reading import PADDINGS, read_found
from lprnet_ros.plates.label import normalised_label
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image

ORDINARY = ("blue", "green", "green_large", "yellow")
_LEAST_IOU = 0.5
_LEAST_WIDTH = 3.0  # pixels

Find = Callable[[Picture], Sequence[FoundPlate]]
Read = Callable[[Picture, Sequence[FoundPlate], Sequence[float]], Sequence[PlateReading]]


@dataclass(frozen=True)
class Plate:
    """A labelled plate of a picture."""

    quad: Quad
    label: str
    kind: str
    rows: int
    readable: bool
    group: str

    @property
    def is_ordinary(self) -> bool:
        """Whether it counts for reading."""
        return self.readable and self.rows == 1 and self.kind in ORDINARY


@dataclass
class Score:
    """What became of the plates of one group, with one padding."""

    plates: int = 0
    found: int = 0
    false: int = 0
    corners: list[float] = field(default_factory=list)
    ordinary: int = 0
    right: int = 0
    wrong: int = 0
    errors: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return shares and counts."""
        finds = self.found + self.false
        return {
            "plates": self.plates,
            "recall": self.found / max(1, self.plates),
            "precision": self.found / finds if finds else 1.0,
            "false": self.false,
            "corner_error": float(np.median(self.corners)) if self.corners else None,
            "ordinary": self.ordinary,
            "right": self.right / max(1, self.ordinary),
            "wrong": self.wrong,
        }


def read_index(index: Path, role: str, files: Path | None = None) -> dict[Path, list[Plate]]:
    """Return the plates of each picture of a role (``all``: of every picture)."""
    pictures: dict[Path, list[Plate]] = defaultdict(list)
    with index.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if role not in ("all", row["role"]):
                continue
            plates = pictures[(files or index.parent) / row["file"]]
            if row["x1"]:
                corners = [(float(row[f"x{i}"]), float(row[f"y{i}"])) for i in range(1, 5)]
                quad = (corners[0], corners[1], corners[2], corners[3])
                group = "ccpd" if row["set"].startswith("ccpd") else "others"
                label, is_readable = normalised_label(row["label"]), row["readable"] == "1"
                plates.append(Plate(quad, label, row["kind"], int(row["rows"] or 1), is_readable, group))
    return pictures


def match(plates: Sequence[Plate], found: Sequence[FoundPlate]) -> list[int | None]:
    """Return for each found plate the number of the labelled one that it is; the best score chooses first."""
    taken: set[int] = set()
    matches: list[int | None] = [None] * len(found)
    for number in sorted(range(len(found)), key=lambda i: -found[i].score):
        fits = [
            (intersection_over_union(found[number].quad, plate.quad), index)
            for index, plate in enumerate(plates)
            if index not in taken
        ]
        best, index = max(fits, default=(0.0, -1))
        if best >= _LEAST_IOU:
            taken.add(index)
            matches[number] = index
    return matches


def measure(
    pictures: dict[Path, list[Plate]], find: Find | None, read: Read, paddings: Sequence[tuple[float, ...]]
) -> dict[tuple[float, ...], dict[str, Score]]:
    """Find and read every picture; without ``find`` the labelled quads are read.

    Returns:
        Scores by padding and group; ``all`` is one of them.
    """
    scores = {padding: defaultdict[str, Score](Score) for padding in paddings}
    for path, plates in pictures.items():
        picture = read_image(path)
        found = find(picture) if find else [FoundPlate(plate.quad, 1.0, plate.rows) for plate in plates]
        matches = match(plates, found) if find else list(range(len(plates)))
        group = plates[0].group if plates else "others"
        for padding in paddings:
            readings = read(picture, found, padding)
            for name in ("all", group):
                _count(scores[padding][name], path.name, plates, found, matches, readings)
    return {padding: dict(groups) for padding, groups in scores.items()}


def _count(
    score: Score,
    name: str,
    plates: Sequence[Plate],
    found: Sequence[FoundPlate],
    matches: Sequence[int | None],
    readings: Sequence[PlateReading],
) -> None:
    read = {index: readings[number] for number, index in enumerate(matches) if index is not None}
    quads = {index: found[number].quad for number, index in enumerate(matches) if index is not None}
    score.false += matches.count(None)
    score.errors += [
        f"{name}: false find {one.score:.2f} at {bounding_box(one.quad).x:.0f},{bounding_box(one.quad).y:.0f}"
        for one, index in zip(found, matches, strict=True)
        if index is None
    ]
    for index, plate in enumerate(plates):
        if not plate.readable:
            continue
        score.plates += 1
        score.found += index in read
        if index in read:
            width = max(_LEAST_WIDTH, bounding_box(plate.quad).width)
            score.corners.append(
                float(np.hypot(*(np.array(quads[index]) - np.array(plate.quad)).T).mean()) / width
            )
        else:
            score.errors.append(f"{name}: {plate.label} ({plate.kind}) not found")
        if not plate.is_ordinary:
            continue
        reading = read.get(index)
        score.ordinary += 1
        score.right += reading is not None and reading.accepted and reading.text == plate.label
        score.wrong += reading is not None and reading.accepted and reading.text != plate.label
        if reading is not None and not (reading.accepted and reading.text == plate.label):
            score.errors.append(
                f"{name}: {plate.label} read {reading.text} {reading.confidence:.3f} {reading.verdict.value}"
            )


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; see above."""
    parser = argparse.ArgumentParser(prog="python -m bench.photo_to_text", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="CSV with the plates of pictures")
    parser.add_argument("--files", type=Path, help="folder of the pictures (default: the CSV's)")
    parser.add_argument("--role", default="choose", help="train, choose, exam or all (default: choose)")
    parser.add_argument(
        "--finder", default="", help="model that finds (default: the bundled one); none: no finding"
    )
    parser.add_argument("--model", default="", help="model that reads (default: the bundled one)")
    parser.add_argument("--minimum-score", type=float, help="of the finder (default: its manifest's)")
    parser.add_argument(
        "--paddings",
        nargs="+",
        default=[",".join(map(str, PADDINGS))],
        help="room around a plate, and where the reading is unsure: 0.06,0.02",
    )
    parser.add_argument("--errors", action="store_true", help="name what was missed or misread")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    pictures = read_index(options.index, options.role, options.files)
    paddings = [tuple(float(one) for one in each.split(",")) for each in options.paddings]
    recognizer = PlateRecognizer.open(find_model(options.model) if options.model else None)

    def read(
        picture: Picture, found: Sequence[FoundPlate], padding: Sequence[float]
    ) -> Sequence[PlateReading]:
        return read_found(recognizer, BgrFrame(lambda: picture), found, padding)

    finders: dict[str, Find | None] = {"labelled": None}
    if options.finder != "none":
        model = find_model(options.finder) if options.finder else None
        finder = PlateFinder.open(model, minimum_score=options.minimum_score)
        finders["found"] = lambda picture: finder.find(BgrFrame(lambda: picture))
    results = {name: measure(pictures, find, read, paddings) for name, find in finders.items()}
    if options.json:
        print(
            json.dumps(
                {
                    name: {
                        str(p): {g: score.as_dict() for g, score in groups.items()}
                        for p, groups in scores.items()
                    }
                    for name, scores in results.items()
                }
            )
        )
        return 0
    print(f"{len(pictures)} pictures of role {options.role}")
    print("quads     paddings       group   plates  recall precision false corners  ordinary   right wrong")
    for name, scores in results.items():
        for padding, groups in scores.items():
            for group, score in groups.items():
                one = score.as_dict()
                corners = f"{one['corner_error']:7.3f}" if one["corner_error"] is not None else "      -"
                print(
                    f"{name:9s} {','.join(map(str, padding)):14s} {group:7s} {one['plates']:6d} "
                    f"{one['recall']:7.2%} {one['precision']:9.2%} {one['false']:5d} {corners} "
                    f"{one['ordinary']:9d} {one['right']:7.2%} {one['wrong']:5d}"
                )
    if options.errors:
        for name, scores in results.items():
            for line in scores[paddings[0]]["all"].errors:
                print(f"{name}: {line}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
