"""From logits to text: connectionist temporal classification, its best path and its sums.

Source: Graves et al., "Connectionist Temporal Classification", ICML 2006,
sections 3.2 (best path decoding) and 4.1 (the forward algorithm).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from operator import mul

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.reading.plate_reading import PlateReading


class LogitsError(ValueError):
    """A network's output is not a finite classes x time steps array; the message says why."""


_MODERATE = 500.0
"""Scores up to this, in magnitude, have exponentials that neither overflow nor vanish,
so that the highest need not be taken off first."""


def decode_greedy(logits: npt.NDArray[np.float32], alphabet: Alphabet) -> PlateReading:
    """Read the most probable class of every time step, drop repeats and blanks.

    Args:
        logits: classes x time steps, float, before the softmax.
        alphabet: the classes, in the order of the rows.

    Returns:
        Text and confidences, not yet judged.

    Raises:
        LogitsError: the shape does not fit the alphabet, or a value is not finite.
    """
    return best_path(class_probabilities(logits, alphabet), alphabet)


def class_probabilities(
    logits: npt.NDArray[np.float32],
    alphabet: Alphabet,
    temperature: float = 1.0,
    bias: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Turn logits into probabilities, one distribution a time step.

    Args:
        logits: classes x time steps, float, before the softmax.
        alphabet: the classes, in the order of the rows.
        temperature: divides the logits.
        bias: added to them, classes x 1; None adds nothing.

    Returns:
        Classes x time steps, float64; each time step sums to 1.

    Raises:
        LogitsError: the shape does not fit the alphabet, or a value is not finite.
    """
    if logits.ndim != 2 or len(logits) != len(alphabet) or not logits.size:
        raise LogitsError(f"logits have shape {logits.shape}, expected {len(alphabet)} classes x time steps")
    scores = logits.astype(np.float64)
    if bias is not None:
        scores += bias
    lowest, highest = scores.item(scores.argmin()), scores.item(scores.argmax())  # a NaN is both
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise LogitsError("logits hold NaN or infinite values")
    if max(-lowest, highest) < _MODERATE * temperature:
        scores /= temperature
    else:
        with np.errstate(over="ignore"):  # a difference of -inf is a probability of 0
            scores = (scores - scores.max(axis=0)) / temperature
    probabilities = np.exp(scores, out=scores)
    probabilities /= _ones(len(probabilities)).dot(probabilities)  # costs a third of sum(axis=0)
    return probabilities


@functools.cache
def _ones(classes: int) -> npt.NDArray[np.float64]:
    return np.ones(classes)


def best_path(probabilities: npt.NDArray[np.float64], alphabet: Alphabet) -> PlateReading:
    """Read the most probable class of every time step, drop repeats and blanks.

    Args:
        probabilities: classes x time steps, as ``class_probabilities`` gives them.
        alphabet: the classes, in the order of the rows.
    """
    path = probabilities.argmax(axis=0).tolist()
    emissions = _emissions(probabilities, {alphabet.blank, *path})
    indices: list[int] = []
    confidences: list[float] = []
    previous = alphabet.blank
    for time_step, index in enumerate(path):
        if index != alphabet.blank:
            probability = emissions[index][time_step]
            if index != previous:
                indices.append(index)
                confidences.append(probability)
            else:
                confidences[-1] = max(confidences[-1], probability)
        previous = index
    text = "".join([alphabet.characters[index] for index in indices])
    return PlateReading(text, _forward(emissions, indices, alphabet.blank), tuple(confidences))


def character_places(probabilities: npt.NDArray[np.float64], alphabet: Alphabet) -> list[float]:
    """Tell where the characters of the best path are.

    Args:
        probabilities: classes x time steps, as ``class_probabilities`` gives them.
        alphabet: the classes, in the order of the rows.

    Returns:
        For each character the time step, a fraction, around which it is emitted.
    """
    places = []
    end = 0
    for index, run in groupby(probabilities.argmax(axis=0).tolist()):
        begin, end = end, end + len(list(run))
        if index != alphabet.blank:
            first = max(0, begin - 1)
            weights = probabilities[index, first : end + 1]
            places.append(first + float(weights @ np.arange(len(weights)) / weights.sum()))
    return places


def text_probability(probabilities: npt.NDArray[np.float64], indices: Sequence[int], blank: int) -> float:
    """Sum the probabilities of all paths that spell a text: the forward algorithm of CTC.

    Args:
        probabilities: classes x time steps; each time step sums to 1.
        indices: classes of the text's characters, none of them the blank.
        blank: class of the blank.

    Returns:
        The text's probability, 0..1; 0 where it is too long for the time steps.
    """
    return _forward(_emissions(probabilities, {blank, *indices}), indices, blank)


def _emissions(probabilities: npt.NDArray[np.float64], classes: set[int]) -> dict[int, list[float]]:
    """Return the probabilities of some classes as Python floats, by class and time step."""
    indices = list(classes)
    return dict(zip(indices, probabilities[indices].tolist(), strict=True))


def _forward(emissions: Mapping[int, Sequence[float]], indices: Sequence[int], blank: int) -> float:
    """Sum over the paths character by character; see :func:`text_probability`.

    A text leaves so few time steps free that arrays would cost more than plain
    numbers do.  The character at ``place`` begins no earlier than the time step
    ``place``, and no later than the free time steps allow; for each of these
    ``arrivals`` holds the probability of all paths that may begin it there.
    """
    blanks = emissions[blank]
    free = len(blanks) - len(indices)
    if free < 0:
        return 0.0
    arrivals = list(accumulate(blanks[:free], mul, initial=1.0))
    spelt = arrivals[-1]
    for place, (index, following) in enumerate(pairwise([*indices, blank])):
        is_repeated = following == index  # equal neighbours need a blank between them
        departures = []
        spelt = on_character = 0.0
        # the arrivals are the shortest; to say strict=False would cost a tenth of the loop
        for arrival, emission, staying in zip(arrivals, emissions[index][place:], blanks[place:]):  # noqa: B905
            on_blank = spelt * staying
            on_character = (on_character + arrival) * emission
            spelt = on_blank + on_character
            departures.append(on_blank if is_repeated else spelt)
        arrivals = departures
    return min(1.0, spelt)


def character_confidences(
    probabilities: npt.NDArray[np.float64], indices: Sequence[int], blank: int
) -> tuple[float, ...]:
    """Align a text with the time steps, and tell how sure each character is.

    Args:
        probabilities: classes x time steps; each time step sums to 1.
        indices: classes of the text's characters, none of them the blank.
        blank: class of the blank.

    Returns:
        For each character its highest probability among the time steps that emit
        it on the text's most probable path; 0 where the text is too long.
    """
    states = [blank]
    for index in indices:
        states += (index, blank)
    emissions = probabilities[states].T
    with np.errstate(divide="ignore"):
        logs = np.log(emissions)
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = [indices[i] != indices[i - 1] for i in range(1, len(indices))]
    score = np.full(len(states), -np.inf)
    score[:2] = logs[0, :2]
    steps = []  # for each time step, how many states back its best predecessor lies
    for row in logs[1:]:
        arrivals = np.full((3, len(states)), -np.inf)
        arrivals[0] = score
        arrivals[1, 1:] = score[:-1]
        arrivals[2, 2:] = np.where(may_skip[2:], score[:-2], -np.inf)
        back = arrivals.argmax(axis=0)
        steps.append(back)
        score = arrivals[back, np.arange(len(states))] + row
    state = len(states) - 1 if len(states) == 1 or score[-1] >= score[-2] else len(states) - 2
    if not np.isfinite(score[state]):
        return (0.0,) * len(indices)
    confidences = [0.0] * len(indices)
    for time_step in range(len(logs) - 1, -1, -1):
        if state % 2 == 1:
            position = state // 2
            confidences[position] = max(confidences[position], float(emissions[time_step, state]))
        if time_step > 0:
            state -= int(steps[time_step - 1][state])
    return tuple(confidences)
