"""How good readings are: accuracy, and whether the confidence can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lprnet_ros.plates.edit_distance import edit_distance
from lprnet_ros.reading.plate_reading import Verdict

CALIBRATION_BINS = 15
_NORMAL_95 = 1.959963984540054
"""Quantile of the standard normal distribution at 0.975: two tails leave 95 %."""


@dataclass(frozen=True)
class Outcome:
    """One reading beside the truth.

    Attributes:
        label: what stands on the plate; empty where there is none.
        text: what was read.
        confidence: of the reading, 0..1.
        milliseconds: that the reading took, file access not counted.
        verdict: whether the reading was accepted, or why not.
    """

    label: str
    text: str
    confidence: float
    milliseconds: float
    verdict: Verdict = Verdict.UNJUDGED

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


@dataclass(frozen=True)
class CalibrationBin:
    """The readings, one or more, whose confidence falls in one of the 15 bins; their mean confidence."""

    index: int
    plates: int
    correct: int
    confidence: float


class Passed(NamedTuple):
    """The share of readings with at least this confidence, and the share of right ones among them."""

    threshold: float
    share: float
    precision: float


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
        passed_at_99=max((p.share for p in precision_curve(outcomes) if p.precision >= 0.99), default=0.0),
        calibration_error=_calibration_error(outcomes),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, JASA 22, 1927, without continuity correction).

    Unlike the textbook interval it stays within 0..1 and keeps its width where
    all or none succeeded, which is what small groups of plates do.

    Raises:
        ValueError: a count is out of its range.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} of {trials} is no share")
    share, square = successes / trials, _NORMAL_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    half *= _NORMAL_95 / (1 + square / trials)
    # at the ends the exact value is 0 or 1; rounding must not miss it
    lower = 0.0 if successes == 0 else middle - half
    upper = 1.0 if successes == trials else middle + half
    return lower, upper


def align(label: str, text: str) -> list[tuple[str, str]]:
    """Set what was read under what stands on the plate, by least edit distance.

    Returns:
        Pairs of a character of the label and the one read in its place, in
        order; the second is empty where the character was missed, the first
        where one was read that is not there. As many pairs differ as the edit
        distance says. Where several alignments are that short, the one that
        reads another character instead is taken before missed and added ones.
    """
    # costs[i][j] aligns what follows the first i characters of the label and the first j of the text
    costs = [[0] * (len(text) + 1) for _ in range(len(label) + 1)]
    for i in range(len(label), -1, -1):
        for j in range(len(text), -1, -1):
            if i == len(label) or j == len(text):
                costs[i][j] = len(label) - i + len(text) - j
            else:
                instead = costs[i + 1][j + 1] + (label[i] != text[j])
                costs[i][j] = min(instead, costs[i + 1][j] + 1, costs[i][j + 1] + 1)
    pairs, i, j = [], 0, 0
    while i < len(label) or j < len(text):
        both_left = i < len(label) and j < len(text)
        if both_left and costs[i][j] == costs[i + 1][j + 1] + (label[i] != text[j]):
            pairs.append((label[i], text[j]))
            i, j = i + 1, j + 1
        elif i < len(label) and costs[i][j] == costs[i + 1][j] + 1:
            pairs.append((label[i], ""))
            i += 1
        else:
            pairs.append(("", text[j]))
            j += 1
    return pairs


def calibration_bins(outcomes: Sequence[Outcome]) -> list[CalibrationBin]:
    """Sort readings by confidence into 15 bins of equal width.

    Returns:
        The bins that hold any, in order of confidence.
    """
    bins: list[list[Outcome]] = [[] for _ in range(CALIBRATION_BINS)]
    for outcome in outcomes:
        bins[min(int(outcome.confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)].append(outcome)
    return [
        CalibrationBin(
            index=index,
            plates=len(members),
            correct=sum(outcome.is_correct for outcome in members),
            confidence=sum(outcome.confidence for outcome in members) / len(members),
        )
        for index, members in enumerate(bins)
        if members
    ]


def precision_curve(outcomes: Sequence[Outcome]) -> list[Passed]:
    """Try every threshold on the confidence.

    Returns:
        What each lets through, one entry a distinct confidence, the highest first.
    """
    curve, right = [], 0
    ordered = sorted(outcomes, key=lambda outcome: -outcome.confidence)
    for count, outcome in enumerate(ordered, start=1):
        right += outcome.is_correct
        # a threshold lets all readings of equal confidence through
        if count == len(ordered) or ordered[count].confidence != outcome.confidence:
            curve.append(Passed(outcome.confidence, count / len(ordered), right / count))
    return curve


def _auroc(right: np.ndarray, confidences: np.ndarray) -> float | None:
    """Mann-Whitney U of right against wrong readings; ties count half."""
    good, bad = confidences[right], np.sort(confidences[~right])
    if good.size == 0 or bad.size == 0:
        return None
    below = np.searchsorted(bad, good, side="left")
    up_to = np.searchsorted(bad, good, side="right")
    return float((below + up_to).sum() / 2 / (good.size * bad.size))


def _calibration_error(outcomes: Sequence[Outcome]) -> float:
    return sum(
        part.plates / len(outcomes) * abs(part.correct / part.plates - part.confidence)
        for part in calibration_bins(outcomes)
    )
