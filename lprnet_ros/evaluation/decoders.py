"""The decoders side by side: each reads the same logits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lprnet_ros.evaluation.metrics import Outcome, score
from lprnet_ros.reading.decoding import DECODERS, Decoder
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop

_REPEATS = 10  # the fastest counts: what else the machine does only adds


@dataclass(frozen=True)
class DecoderScore:
    """What one decoder makes of a set of crops.

    Attributes:
        plates: how many crops.
        correct: whole plates read right.
        accuracy: ``correct / plates``.
        auroc: see ``Score``.
        passed_at_99: see ``Score``.
        calibration_error: see ``Score``.
        median_ms: median time of decoding one plate, without the network.
        worst_ms: the longest.
    """

    plates: int
    correct: int
    accuracy: float
    auroc: float | None
    passed_at_99: float
    calibration_error: float
    median_ms: float
    worst_ms: float


def compare_decoders(recognizer: PlateRecognizer, crops: Iterable[LabelledCrop]) -> dict[str, DecoderScore]:
    """Run the network once on each crop, and every decoder on its logits.

    Args:
        recognizer: an opened model; its own choice of decoder plays no part.
        crops: at least one.

    Returns:
        A score for each decoder; ``syntax`` only where the model's manifest names one.
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
        total = score(outcomes)
        scores[method] = DecoderScore(
            total.plates,
            total.correct,
            total.accuracy,
            total.auroc,
            total.passed_at_99,
            total.calibration_error,
            total.ms_per_plate,
            float(np.max([outcome.milliseconds for outcome in outcomes])),
        )
    return scores
