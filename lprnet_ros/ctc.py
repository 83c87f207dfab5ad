"""From logits to text: connectionist temporal classification, its best path and its sums.

Source: Graves et al., "Connectionist Temporal Classification", ICML 2006,
sections 3.2 (best path decoding) and 4.1 (the forward algorithm).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.alphabet import Alphabet


@dataclass(frozen=True)
class Decoding:
    """What a decoder made of one plate's logits.

    Attributes:
        text: the characters, possibly none.
        confidence: probability of the whole text, the sum over all paths that
            spell it; 0..1.  The best path alone would not do: a character that
            may begin at either of two time steps halves it.
        character_confidences: for each character of ``text`` the highest
            probability among the time steps that emit it; 0..1.
        alternatives: other texts with their probabilities, best first.
    """

    text: str
    confidence: float
    character_confidences: tuple[float, ...]
    alternatives: tuple[tuple[str, float], ...] = ()


class LogitsError(ValueError):
    """A network's output is not a finite classes x time steps array; the message says why."""


def decode_greedy(logits: npt.NDArray[np.float32], alphabet: Alphabet) -> Decoding:
    """Read the most probable class of every time step, drop repeats and blanks.

    Args:
        logits: classes x time steps, float, before the softmax.
        alphabet: the classes, in the order of the rows.

    Returns:
        Text and confidences.

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
    if logits.ndim != 2 or logits.shape[0] != len(alphabet):
        raise LogitsError(f"logits have shape {logits.shape}, expected {len(alphabet)} classes x time steps")
    if not np.isfinite(logits).all():
        raise LogitsError("logits hold NaN or infinite values")
    scores = logits.astype(np.float64)
    with np.errstate(over="ignore"):  # a difference of -inf is a probability of 0
        if bias is not None:
            scores += bias
        probabilities = np.exp((scores - scores.max(axis=0)) / temperature)
    return np.asarray(probabilities / probabilities.sum(axis=0))


def best_path(probabilities: npt.NDArray[np.float64], alphabet: Alphabet) -> Decoding:
    """Read the most probable class of every time step, drop repeats and blanks.

    Args:
        probabilities: classes x time steps, as ``class_probabilities`` gives them.
        alphabet: the classes, in the order of the rows.
    """
    path = probabilities.argmax(axis=0)
    indices: list[int] = []
    confidences: list[float] = []
    previous = alphabet.blank
    for index, probability in zip(path.tolist(), probabilities.max(axis=0).tolist(), strict=True):
        if index != alphabet.blank:
            if index != previous:
                indices.append(index)
                confidences.append(probability)
            elif probability > confidences[-1]:
                confidences[-1] = probability
        previous = index
    text = "".join(alphabet.characters[index] for index in indices)
    return Decoding(text, text_probability(probabilities, indices, alphabet.blank), tuple(confidences))


def text_probability(probabilities: npt.NDArray[np.float64], indices: Sequence[int], blank: int) -> float:
    """Sum the probabilities of all paths that spell a text: the forward algorithm of CTC.

    Args:
        probabilities: classes x time steps; each time step sums to 1.
        indices: classes of the text's characters, none of them the blank.
        blank: class of the blank.

    Returns:
        The text's probability, 0..1; 0 where it is too long for the time steps.
    """
    states = [blank]
    for index in indices:
        states += (index, blank)
    emissions = probabilities[states].T.copy()  # time steps x states
    transitions = _transitions(len(states))
    repeats = [2 * i + 1 for i in range(1, len(indices)) if indices[i] == indices[i - 1]]
    if repeats:  # equal neighbours need a blank between them
        transitions = transitions.copy()
        for state in repeats:
            transitions[state - 2, state] = 0.0
    forward = emissions[0].copy()
    forward[2:] = 0.0
    for emission in emissions[1:]:
        forward = (forward @ transitions) * emission
    return min(1.0, float(forward[-2:].sum()))


@functools.lru_cache(maxsize=64)
def _transitions(states: int) -> npt.NDArray[np.float64]:
    """Return which state may follow which: itself, the next, and over a blank the next but one."""
    matrix = np.eye(states) + np.eye(states, k=1)
    characters = np.arange(3, states, 2)
    matrix[characters - 2, characters] = 1.0
    return matrix


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
