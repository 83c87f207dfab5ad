"""From logits to text: connectionist temporal classification, read greedily.

Source: Graves et al., "Connectionist Temporal Classification", ICML 2006,
section 3.2 (best path decoding).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lprnet_ros.alphabet import Alphabet


@dataclass(frozen=True)
class Decoding:
    """What a decoder made of one plate's logits.

    Attributes:
        text: the characters, possibly none.
        confidence: probability of the best path, the product over all time
            steps of the most probable class; 0..1.  A mean of character
            confidences stays near 0.95 on wrong readings, this does not.
        character_confidences: for each character of ``text`` the highest
            probability among the time steps that emit it; 0..1.
    """

    text: str
    confidence: float
    character_confidences: tuple[float, ...]


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
    if logits.ndim != 2 or logits.shape[0] != len(alphabet):
        raise LogitsError(f"logits have shape {logits.shape}, expected {len(alphabet)} classes x time steps")
    if not np.isfinite(logits).all():
        raise LogitsError("logits hold NaN or infinite values")
    path = logits.argmax(axis=0)
    best = logits.max(axis=0)
    # the softmax of the best class alone: 1 / sum(exp(logit - best))
    with np.errstate(over="ignore"):  # a difference of -inf is a probability of 0
        probabilities = 1.0 / np.exp(logits - best).sum(axis=0)
    characters: list[str] = []
    confidences: list[float] = []
    previous = alphabet.blank
    for index, probability in zip(path.tolist(), probabilities.tolist(), strict=True):
        if index != alphabet.blank:
            if index != previous:
                characters.append(alphabet.characters[index])
                confidences.append(probability)
            elif probability > confidences[-1]:
                confidences[-1] = probability
        previous = index
    return Decoding("".join(characters), float(probabilities.prod()), tuple(confidences))
