"""``lpr_evaluate``: measure a model on labelled crops."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from lprnet_ros.cli.common import (
    UserError,
    add_model_options,
    add_selection_options,
    load_bench,
    open_recognizer,
    run,
    selected_crops,
)
from lprnet_ros.evaluation.metrics import Outcome, Score, score
from lprnet_ros.evaluation.report import html_report
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop


def main(arguments: list[str] | None = None) -> int:
    """Evaluate and print a table, or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="lpr_evaluate", description="Measure a model on labelled plate crops."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder, or CSV with the columns file and label"
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
    add_model_options(parser)
    options = parser.parse_args(arguments)
    if options.sequences is not None and options.sequences < 1:
        parser.error("--sequences: expected at least 1")
    if options.strength < 0:
        parser.error("--strength: expected at least 0")
    return run("lpr_evaluate", lambda: _evaluate(options))


def _evaluate(options: argparse.Namespace) -> int:
    crops = selected_crops(options)
    recognizer = open_recognizer(options)
    if options.decoders or options.sequences is not None:
        option = "--decoders" if options.decoders else "--sequences"
        return int(load_bench(option[2:], option).show(recognizer, crops, options))
    outcomes = measure(recognizer, crops)
    groups: dict[str, list[Outcome]] = defaultdict(list)
    if options.group_by:
        for crop, outcome in zip(crops, outcomes, strict=True):
            groups[crop.group(options.group_by)].append(outcome)
    total = score(outcomes)
    scores = {name: score(members) for name, members in sorted(groups.items())}
    if options.json:
        parts = {"groups": {name: asdict(part) for name, part in scores.items()}}
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
                print(f"{crop.path}\t{crop.label}\t{outcome.text}\t{outcome.confidence:.4f}", file=sys.stderr)
    if options.report:
        model = recognizer.manifest
        about = {
            "model": f"{model.name} ({model.path}, sha256 {model.sha256})",
            "data": str(options.data),
            "split": options.split,
            "without": " ".join(options.without),
        }
        page = html_report(crops, outcomes, scores, options.group_by, about)
        try:
            options.report.write_text(page, encoding="utf-8")
        except OSError as error:
            raise UserError(f"the report cannot be written: {error}") from error
    return 0


def measure(recognizer: PlateRecognizer, crops: Iterable[LabelledCrop]) -> list[Outcome]:
    """Read every crop and set it beside its label."""
    outcomes = []
    for crop in crops:
        reading = recognizer.read(crop.read())
        outcomes.append(Outcome(crop.label, reading.text, reading.confidence, reading.timings.total_ms))
    return outcomes


def _row(name: str, part: Score) -> str:
    return (
        f"{name:24}{part.plates:8}{part.correct:9}{part.accuracy:10.2%}"
        f"{part.character_accuracy:12.2%}{part.ms_per_plate:8.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
