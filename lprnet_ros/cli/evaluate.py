"""``lpr_evaluate``: measure a model on labelled crops."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.cli.common import (
    UserError,
    add_model_options,
    add_selection_options,
    load_bench,
    open_recognizer,
    parse,
    run,
    selected_crops,
    tell,
    tell_foreign_labels,
)
from lprnet_ros.evaluation.found import read_labelled_frames
from lprnet_ros.evaluation.found_report import found_tables, found_text, mistakes_sheet, search_all
from lprnet_ros.evaluation.metrics import Outcome, Score, score
from lprnet_ros.evaluation.report import html_report
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.crop_shape import CUT_THE_PLATE_OUT, why_no_crop
from lprnet_ros.models.find import find_model
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError
from lprnet_ros.text.console import program
from lprnet_ros.text.escaping import LONGEST_PATH, one_line


@program("lpr_evaluate")
def main(arguments: list[str] | None = None) -> int:
    """Evaluate and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="lpr_evaluate", description="Measure a model on labelled plate crops."
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="folder; CSV with the columns file and label; or bag whose frame_ids are named by plates",
    )
    parser.add_argument("--group-by", metavar="COLUMN", help="also score each value of a column of the CSV")
    add_selection_options(parser)
    parser.add_argument(
        "--decoders",
        action="store_true",
        help="compare the decoders on the same logits instead (from a checkout)",
    )
    parser.add_argument(
        "--sequences",
        type=int,
        metavar="N",
        help="film N plates with a moving camera instead, and compare single crops with their consensus "
        "(from a checkout)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        help="how hard the moving camera is: 0 disturbs nothing, 1 (the default) is a bad camera",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moving camera (default: 0)")
    parser.add_argument("--errors", action="store_true", help="also print every misread crop")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="also write an HTML page: tables and misread crops"
    )
    parser.add_argument(
        "--finder",
        metavar="MODEL",
        help="measure a plate finder instead, on whole pictures: the CSV also has x1, y1 to x4, y4; --report "
        "then writes a PNG of its misses and false finds",
    )
    parser.add_argument("--role", action="append", default=[], help="with --finder: rows with this role only")
    add_model_options(parser)
    options = parse(parser, arguments)
    if options.sequences is not None and options.sequences < 1:
        parser.error("--sequences: expected at least 1")
    if options.strength < 0:
        parser.error("--strength: expected at least 0")
    if options.finder is not None:
        return run("lpr_evaluate", lambda: _evaluate_finder(options))
    return run("lpr_evaluate", lambda: _evaluate(options))


def _evaluate_finder(options: argparse.Namespace) -> int:
    """Search whole pictures and print what was found of their plates."""
    finder = PlateFinder.open(find_model(options.finder), options.runtime)
    frames = read_labelled_frames(options.data, options.role)
    if not frames:
        raise UserError(f"{options.data}: no picture with the role {' or '.join(options.role)}")
    searched = list(search_all(finder, frames))
    finder.close()
    tables = found_tables(searched)
    if options.json:
        counts = {
            title: {
                name: {
                    "found": len(matched.hits),
                    "missed": len(matched.missed),
                    "false": len(matched.false),
                    "corner_error": float(np.median(matched.corner_errors)) if matched.hits else None,
                }
                for name, matched in groups.items()
            }
            for title, groups in tables.items()
        }
        print(json.dumps(counts | {"pictures": len(searched)}, ensure_ascii=False))
    else:
        print(found_text(tables, len(searched)))
    if options.report is not None and (sheet := mistakes_sheet(searched)) is not None:
        try:
            is_written = cv2.imwrite(str(options.report), sheet)
        except cv2.error as error:
            raise UserError(f"{options.report}: expected a name that ends in .png or .jpg") from error
        if not is_written:
            raise UserError(f"the report {options.report} cannot be written")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    crops = selected_crops("lpr_evaluate", options)
    recognizer = open_recognizer(options)
    tell_foreign_labels("lpr_evaluate", options.data, crops, recognizer.manifest)
    if options.decoders or options.sequences is not None:
        option = "--decoders" if options.decoders else "--sequences"
        broken: list[str] = []
        readable = [crop for crop, _ in _pictures(crops, broken)]
        _tell_broken("lpr_evaluate", broken, len(readable))
        return int(load_bench(option[2:], option).show(recognizer, readable, options))
    measured = measure("lpr_evaluate", recognizer, crops)
    crops, outcomes = measured.crops, measured.outcomes
    groups: dict[str, list[Outcome]] = defaultdict(list)
    if options.group_by:
        for crop, outcome in zip(crops, outcomes, strict=True):
            groups[crop.group(options.group_by)].append(outcome)
    total = score(outcomes)
    scores = {name: score(members) for name, members in sorted(groups.items())}
    if options.json:
        parts = {
            "groups": {name: asdict(part) for name, part in scores.items()},
            "left_out": measured.left_out,
        }
        print(json.dumps(asdict(total) | parts, ensure_ascii=False))
    else:
        print(f"{'':24}{'plates':>8}{'correct':>9}{'accuracy':>10}{'characters':>12}{'ms':>8}")
        for name, part in {**scores, "all": total}.items():
            print(_row(name, part))
        auroc = "-" if total.auroc is None else f"{total.auroc:.4f}"
        print(
            f"confidence: AUROC of wrong readings {auroc}, passed at 99 % precision "
            f"{total.passed_at_99:.2%}, expected calibration error {total.calibration_error:.4f}"
        )
    if options.errors:
        for crop, outcome in zip(crops, outcomes, strict=True):
            if not outcome.is_correct:
                path = one_line(str(crop.path), LONGEST_PATH)
                read = f"{outcome.text}\t{outcome.confidence:.4f}\t{outcome.verdict.value}"
                print(f"{path}\t{crop.label}\t{read}", file=sys.stderr)
    if options.report:
        model = recognizer.manifest
        about = {
            "model": f"{model.name} ({model.path}, sha256 {model.sha256})",
            "data": str(options.data),
            "split": options.split,
            "without": " ".join(options.without),
            "left out": f"{measured.left_out} pictures that cannot be read",
        }
        page = html_report(crops, outcomes, scores, options.group_by, about)
        try:
            options.report.write_text(page, encoding="utf-8")
        except OSError as error:
            raise UserError(f"the report cannot be written: {error}") from error
    return 0


@dataclass(frozen=True)
class Measured:
    """Crops with what was read on them, one outcome a crop, and the number of pictures that were left out."""

    crops: list[LabelledCrop]
    outcomes: list[Outcome]
    left_out: int


def measure(program: str, recognizer: PlateRecognizer, crops: Iterable[LabelledCrop]) -> Measured:
    """Read every crop and set it beside its label.

    Pictures that cannot be read are left out, and named on stderr; so are whole photographs, which count.

    Raises:
        LabelledDataError: not one picture can be read.
    """
    kept, outcomes = [], []
    broken: list[str] = []
    photographs = []
    for crop, picture in _pictures(crops, broken):
        if doubt := why_no_crop(picture.shape[1], picture.shape[0]):
            photographs.append(f"{crop.path}: {doubt}; {CUT_THE_PLATE_OUT}")
        reading = recognizer.read(picture)
        kept.append(crop)
        taken = reading.timings.total_ms
        outcomes.append(Outcome(crop.label, reading.text, reading.confidence, taken, reading.verdict))
    _tell_broken(program, broken, len(kept))
    tell(program, photographs)
    return Measured(kept, outcomes, len(broken))


def _pictures(
    crops: Iterable[LabelledCrop], broken: list[str]
) -> Iterator[tuple[LabelledCrop, npt.NDArray[np.uint8]]]:
    """Yield each crop with its picture; of those that cannot be read, add why to a list."""
    for crop in crops:
        try:
            picture = crop.read()
        except LabelledDataError as error:
            broken.append(str(error))
            continue
        yield crop, picture


def _tell_broken(program: str, broken: Sequence[str], kept: int) -> None:
    if not kept:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise LabelledDataError(f"no picture can be read: {broken[0]}{more}")
    tell(program, [f"left out: {problem}" for problem in broken])
    if broken:
        print(f"{program}: {len(broken)} of {len(broken) + kept} pictures left out", file=sys.stderr)


def _row(name: str, part: Score) -> str:
    return (
        f"{name:24}{part.plates:8}{part.correct:9}{part.accuracy:10.2%}"
        f"{part.character_accuracy:12.2%}{part.ms_per_plate:8.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
