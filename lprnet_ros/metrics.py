"""How good readings are: accuracy, and whether the confidence can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Outcome:
    """One reading beside the truth.

    Attributes:
        label: what stands on the plate; empty where there is none.
        text: what was read.
        confidence: of the reading, 0..1.
        milliseconds: that the reading took, file access not counted.
    """

    label: str
    text: str
    confidence: float
    milliseconds: float

    @property
    def is_correct(self) -> bool:
        """Whether the whole plate was read right."""
        return self.text == self.label


@dataclass(frozen=True)
class Score:
    """What a number of outcomes amount to.

    Attributes:
        plates: how many there are.
        correct: whole plates read right.
        accuracy: ``correct / plates``.
        character_accuracy: 1 - edit distance / characters of the labels, at least 0.
        ms_per_plate: median time of a reading.
        auroc: chance that a right reading has a higher confidence than a wrong
            one; None where all are right or all wrong.
        passed_at_99: greatest share of all readings that can be let through by a
            threshold on the confidence with at least 99 % of them right.
        calibration_error: expected calibration error over 15 bins of equal width
            (Guo et al., ICML 2017).
    """

    plates: int
    correct: int
    accuracy: float
    character_accuracy: float
    ms_per_plate: float
    auroc: float | None
    passed_at_99: float
    calibration_error: float


def score(outcomes: Sequence[Outcome]) -> Score:
    """Sum outcomes up.

    Raises:
        ValueError: there are none.
    """
    if not outcomes:
        raise ValueError("no readings to score")
    right = np.array([outcome.is_correct for outcome in outcomes])
    confidences = np.array([outcome.confidence for outcome in outcomes])
    mistakes = sum(edit_distance(outcome.label, outcome.text) for outcome in outcomes)
    characters = max(1, sum(len(outcome.label) for outcome in outcomes))
    return Score(
        plates=len(outcomes),
        correct=int(right.sum()),
        accuracy=float(right.mean()),
        character_accuracy=max(0.0, 1.0 - mistakes / characters),
        ms_per_plate=float(np.median([outcome.milliseconds for outcome in outcomes])),
        auroc=_auroc(right, confidences),
        passed_at_99=_passed_at(right, confidences, precision=0.99),
        calibration_error=_calibration_error(right, confidences),
    )


def edit_distance(first: str, second: str) -> int:
    """Return the least number of insertions, deletions and substitutions (Levenshtein, 1966)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def _auroc(right: np.ndarray, confidences: np.ndarray) -> float | None:
    """Mann-Whitney U of right against wrong readings; ties count half."""
    good, bad = confidences[right], np.sort(confidences[~right])
    if good.size == 0 or bad.size == 0:
        return None
    below = np.searchsorted(bad, good, side="left")
    up_to = np.searchsorted(bad, good, side="right")
    return float((below + up_to).sum() / 2 / (good.size * bad.size))


def _passed_at(right: np.ndarray, confidences: np.ndarray, precision: float) -> float:
    order = np.argsort(-confidences, kind="stable")
    sorted_confidences = confidences[order]
    reached = np.cumsum(right[order]) / np.arange(1, right.size + 1)
    # a threshold lets all readings of equal confidence through
    is_last_of_its_value = np.append(sorted_confidences[:-1] != sorted_confidences[1:], True)
    fits = np.flatnonzero((reached >= precision) & is_last_of_its_value)
    return float((fits[-1] + 1) / right.size) if fits.size else 0.0


def _calibration_error(right: np.ndarray, confidences: np.ndarray) -> float:
    bins = np.minimum((confidences * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    error = 0.0
    for index in range(_CALIBRATION_BINS):
        members = bins == index
        if members.any():
            error += members.mean() * abs(right[members].mean() - confidences[members].mean())
    return float(error)
