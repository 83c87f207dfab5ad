"""From a photograph to the right text: finding and reading measured together, and reading alone.

python -m bench.photo_to_text --index ../shared/data/frames/index.csv --role choose --errors

The index is a CSV with a row for each plate, as ``lprnet_ros.evaluation.found`` reads it.  Recall and
precision count readable plates of any kind.  Right counts readable plates in one row of the kinds blue,
green, green_large and yellow whose label was read and accepted, out of all such plates; wrong ones are
accepted with another text, and so are false finds with a text that stands nowhere in the picture.
Groups: ``ccpd`` are the sets whose name begins so, whose corners are exact.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lprnet_ros.evaluation.found import LabelledQuad, Matched, labelled_frames, match_found
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.camera_frame import BgrFrame, Picture
from lprnet_ros.images.geometry import bounding_box
from lprnet_ros.models.find import find_model
from lprnet_ros.pictures.found_reading import PADDINGS, read_found
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import read_image, read_labelled

ORDINARY = ("blue", "green", "green_large", "yellow")

Find = Callable[[Picture], Sequence[FoundPlate]]
Read = Callable[[Picture, Sequence[FoundPlate], Sequence[float]], Sequence[PlateReading]]
Scores = dict[tuple[float, ...], dict[str, "Score"]]


@dataclass
class Score:
    """What became of the plates of one group, with some paddings."""

    matched: Matched = field(default_factory=Matched)
    ordinary: int = 0
    right: int = 0
    wrong: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, name: str, plates: Sequence[LabelledQuad], matched: Matched, read: _Readings) -> None:
        """Count one picture."""
        self.matched += matched
        self.ordinary += sum(map(is_ordinary, plates))
        self.errors += [f"{name}: {plate.columns['label']} was not found" for plate in matched.missed]
        for plate in matched.false:
            box, reading = bounding_box(plate.quad), read[plate]
            self.wrong += reading.accepted and reading.text not in {one.columns["label"] for one in plates}
            self.errors.append(
                f"{name}: false find {plate.score:.2f} at {box.x:.0f},{box.y:.0f}, read {_shown(reading)}"
            )
        for labelled, plate in matched.hits:
            reading, label = read[plate], labelled.columns["label"]
            is_right = reading.accepted and reading.text == label
            if is_ordinary(labelled):
                self.right += is_right
                self.wrong += reading.accepted and not is_right
                if not is_right:
                    self.errors.append(f"{name}: {label} was read {_shown(reading)}")

    def as_dict(self) -> dict[str, Any]:
        """Return shares and counts."""
        corners = self.matched.corner_errors
        return {
            "plates": len(self.matched.hits) + len(self.matched.missed),
            "recall": self.matched.recall,
            "precision": self.matched.precision,
            "false": len(self.matched.false),
            "corner_error": statistics.median(corners) if corners else None,
            "ordinary": self.ordinary,
            "right": self.right / max(1, self.ordinary),
            "wrong": self.wrong,
        }


_Readings = dict[FoundPlate, PlateReading]


def is_ordinary(plate: LabelledQuad) -> bool:
    """Tell whether a plate counts for reading."""
    columns = plate.columns
    return plate.is_readable and columns.get("rows", "1") == "1" and columns.get("kind") in ORDINARY


def read_index(index: Path, role: str) -> dict[Path, list[LabelledQuad]]:
    """Return the plates of each picture of a role (or of ``all``), each with its label as a column."""
    rows = [row for row in read_labelled(index) if role in ("all", row.columns.get("role", "all"))]
    return labelled_frames(
        dataclasses.replace(row, columns={**row.columns, "label": row.label}) for row in rows
    )


def measure(
    pictures: dict[Path, list[LabelledQuad]],
    find: Find | None,
    read: Read,
    paddings: Sequence[tuple[float, ...]],
) -> Scores:
    """Find and read every picture; without ``find`` the labelled quads are read.

    Returns:
        Scores by paddings and group; ``all`` is one of them.
    """
    scores: dict[tuple[float, ...], dict[str, Score]] = {each: defaultdict(Score) for each in paddings}
    for path, plates in pictures.items():
        picture = read_image(path)
        if find is not None:
            found = find(picture)
        else:
            found = [FoundPlate(one.quad, 1.0, int(one.columns.get("rows", "1"))) for one in plates]
        matched = match_found(plates, found)
        is_ccpd = bool(plates) and plates[0].columns.get("set", "").startswith("ccpd")
        for padding in paddings:
            readings = dict(zip(found, read(picture, found, padding), strict=True))
            for group in ("all", "ccpd" if is_ccpd else "others"):
                scores[padding][group].add(path.name, plates, matched, readings)
    return scores


def _shown(reading: PlateReading) -> str:
    return f"{reading.text} {reading.confidence:.3f} {reading.verdict.value}"


def _table(results: dict[str, Scores]) -> str:
    lines = [
        "quads     paddings         group   plates  recall precision false corners ordinary   right wrong"
    ]
    for name, scores in results.items():
        for padding, groups in scores.items():
            for group, score in groups.items():
                one = score.as_dict()
                corners = f"{one['corner_error']:7.3f}" if one["corner_error"] is not None else "      -"
                lines.append(
                    f"{name:9s} {','.join(map(str, padding)):16s} {group:7s} {one['plates']:6d} "
                    f"{one['recall']:7.2%} {one['precision']:9.2%} {one['false']:5d} {corners} "
                    f"{one['ordinary']:8d} {one['right']:7.2%} {one['wrong']:5d}"
                )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; see above."""
    parser = argparse.ArgumentParser(prog="python -m bench.photo_to_text", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="CSV with the plates of pictures")
    parser.add_argument("--role", default="choose", help="train, choose, exam or all (default: choose)")
    parser.add_argument("--finder", default="", help="model that finds (default: the bundled one), or none")
    parser.add_argument("--model", default="", help="model that reads (default: the bundled one)")
    parser.add_argument("--minimum-score", type=float, help="of the finder (default: its manifest's)")
    parser.add_argument(
        "--paddings",
        nargs="+",
        default=[",".join(map(str, PADDINGS))],
        help="room around a plate, and again where unsure, such as 0.06,0.02; several are compared",
    )
    parser.add_argument("--errors", action="store_true", help="name what was missed or misread")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    pictures = read_index(options.index, options.role)
    paddings = [tuple(float(one) for one in each.split(",")) for each in options.paddings]
    recognizer = PlateRecognizer.open(find_model(options.model) if options.model else None)

    def read(picture: Picture, found: Sequence[FoundPlate], room: Sequence[float]) -> Sequence[PlateReading]:
        return read_found(recognizer, BgrFrame(lambda: picture), found, room)

    finders: dict[str, Find | None] = {"labelled": None}
    if options.finder != "none":
        model = find_model(options.finder) if options.finder else None
        finder = PlateFinder.open(model, minimum_score=options.minimum_score)
        finders["found"] = lambda picture: finder.find(BgrFrame(lambda: picture))
    results = {name: measure(pictures, find, read, paddings) for name, find in finders.items()}
    if options.json:
        shown = {
            name: {
                ",".join(map(str, padding)): {group: score.as_dict() for group, score in groups.items()}
                for padding, groups in scores.items()
            }
            for name, scores in results.items()
        }
        print(json.dumps(shown))
        return 0
    print(f"{len(pictures)} pictures of role {options.role}")
    print(_table(results))
    for name, scores in results.items() if options.errors else ():
        print("\n".join(f"{name}: {line}" for line in scores[paddings[0]]["all"].errors))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
