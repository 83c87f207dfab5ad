"""The decoders side by side: each reads the same logits."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lprnet_ros.evaluation.metrics import Outcome, score
from lprnet_ros.reading.decoding import DECODERS, Decoder
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop

_FIELDS = ("plates", "correct", "accuracy", "auroc", "passed_at_99", "calibration_error")
_REPEATS = 10  # the fastest counts: what else the machine does only adds


def compare_decoders(recognizer: PlateRecognizer, crops: Iterable[LabelledCrop]) -> dict[str, dict[str, Any]]:
    """Run the network once on each crop, and every decoder on its logits.

    Args:
        recognizer: an opened model; its own choice of decoder plays no part.
        crops: at least one.

    Returns:
        For each decoder (``syntax`` only where the model's manifest names one) the fields of a ``Score`` that
        matter here, and ``median_ms`` and ``worst_ms`` of decoding one plate, without the network.
    """
    manifest = recognizer.manifest
    read = [
        (crop.label, recognizer.runtime.infer(preprocess(crop.read(), manifest.input))[0]) for crop in crops
    ]
    scores = {}
    for method in DECODERS:
        if method == "syntax" and manifest.syntax is None:
            continue
        decoder = Decoder(manifest.alphabet, manifest.syntax, method, calibration=manifest.calibration)
        outcomes = []
        for label, logits in read:
            times = []
            for _ in range(_REPEATS):
                started = time.perf_counter()
                decoding = decoder.decode(logits)
                times.append(time.perf_counter() - started)
            outcomes.append(Outcome(label, decoding.text, decoding.confidence, min(times) * 1e3))
        total = asdict(score(outcomes))
        scores[method] = {name: total[name] for name in _FIELDS} | {
            "median_ms": total["ms_per_plate"],
            "worst_ms": max(outcome.milliseconds for outcome in outcomes),
        }
    return scores


def show(recognizer: PlateRecognizer, crops: list[LabelledCrop], options: argparse.Namespace) -> int:
    """Read every crop with each decoder, and print a row for each: ``lpr_evaluate --decoders``."""
    scores = compare_decoders(recognizer, crops)
    if options.json:
        print(json.dumps(scores))
        return 0
    columns = ("correct", "accuracy", "auroc", "passed_at_99", "calibration_error", "median_ms", "worst_ms")
    print(f"{'decoder':10}{'plates':>8}" + "".join(f"{name:>19}" for name in columns))
    for name, values in scores.items():
        cells = [f"{values[column]:.4f}" if values[column] is not None else "-" for column in columns[1:]]
        print(f"{name:10}{values['plates']:8}{values['correct']:19}" + "".join(f"{c:>19}" for c in cells))
    return 0
