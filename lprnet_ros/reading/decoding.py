"""From a network's logits to the text of a plate: greedy, beam, or beam within the plate syntax."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.plates.syntax import Automaton, PlateSyntax
from lprnet_ros.reading.beam import prefix_beam_search
from lprnet_ros.reading.ctc import (
    best_path,
    character_confidences,
    character_places,
    class_probabilities,
    text_probability,
)
from lprnet_ros.reading.plate_reading import PlateReading

DECODERS = ("syntax", "beam", "greedy")

CERTAIN = 0.95
"""A text this probable is the best one there is, since all texts together have
probability 1; it is not searched any further, and its alternatives share the rest."""

BEAM_WIDTH = 16
ALTERNATIVES = 3

_FOREIGN = 1000.0
"""How many times as probable as the best plate a text must be to be reported
though it is no plate: so much surer is the network that there is none."""


_UNSEEN = 1e-6
"""A class that no time step holds for more probable than this is not searched: a text
with it could have at most 18 times this probability."""


_BETWEEN = 1e-5
"""A time step that is blank but for this is searched as blank: a text with a character
there could have at most this probability."""


class Decoder:
    """Turns logits into readings.

    Args:
        alphabet: the classes of the network.
        syntax: which texts are plates; only the method ``syntax`` needs it.
        method: ``greedy`` (the best path), ``beam`` (the most probable text) or
            ``syntax`` (the most probable plate).
        calibration: of the probabilities; ``greedy`` takes the temperature alone,
            and so reads what the bare network reads.
        width: of the beam.

    Raises:
        ValueError: an unknown method, ``syntax`` without one, or a calibration
            that does not fit the alphabet.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        syntax: PlateSyntax | None = None,
        method: str = "syntax",
        *,
        calibration: TemperatureScaling | None = None,
        width: int = BEAM_WIDTH,
    ) -> None:
        if method not in DECODERS:
            raise ValueError(f"decoder is {method!r}, expected one of {', '.join(DECODERS)}")
        if method == "syntax" and syntax is None:
            raise ValueError("the decoder 'syntax' needs a plate syntax, and the model's manifest names none")
        self.method = method
        self._alphabet = alphabet
        self._syntax = syntax if method == "syntax" else None
        self._automaton = Automaton.of_any_text(alphabet) if self._syntax is None else self._syntax.automaton
        calibration = calibration if calibration is not None else TemperatureScaling()
        self._temperature = calibration.temperature
        self._bias = calibration.bias_vector(alphabet) if method != "greedy" else None
        self._width = width

    def decode(self, logits: npt.NDArray[np.float32]) -> PlateReading:
        """Read one plate.

        Args:
            logits: classes x time steps, float, before the softmax.

        Returns:
            The text with its confidence; where the method searched, up to three
            alternatives.  With ``syntax`` the text is a plate, except where the
            network is far surer of a text that is none, or of no text at all.

        Raises:
            LogitsError: the shape does not fit the alphabet, or a value is not finite.
        """
        probabilities = class_probabilities(logits, self._alphabet, self._temperature, self._bias)
        greedy = best_path(probabilities, self._alphabet)
        enough = CERTAIN if self._is_wanted(greedy.text) else _FOREIGN / (1.0 + _FOREIGN)
        if self.method == "greedy" or greedy.confidence >= enough:
            return greedy
        return self._search(probabilities, greedy)

    def places(self, logits: npt.NDArray[np.float32]) -> list[float]:
        """Return the time step, a fraction, around which each character of the best path is emitted."""
        return character_places(class_probabilities(logits, self._alphabet), self._alphabet)

    def _is_wanted(self, text: str) -> bool:
        return self._syntax is None or self._syntax.kind(text) is not None

    def _search(self, probabilities: npt.NDArray[np.float64], greedy: PlateReading) -> PlateReading:
        """Find the best texts; the beam proposes, the exact sums decide."""
        blank = self._alphabet.blank
        proposed = {self._text(indices): indices for indices in self._propose(probabilities)}
        scored = [
            (text, text_probability(probabilities, indices, blank)) for text, indices in proposed.items()
        ]
        if self._is_wanted(greedy.text) and greedy.text not in proposed:
            scored.append((greedy.text, greedy.confidence))
        scored.sort(key=lambda pair: -pair[1])
        best = scored[0][1] if scored else 0.0
        if greedy.confidence > _FOREIGN * best and not self._is_wanted(greedy.text):
            others = tuple(scored[:ALTERNATIVES])
            return dataclasses.replace(greedy, alternatives=others)
        if not scored:
            return greedy
        text, confidence = scored[0]
        alternatives = tuple(scored[1 : ALTERNATIVES + 1])
        if text == greedy.text:
            return dataclasses.replace(greedy, confidence=confidence, alternatives=alternatives)
        characters = character_confidences(probabilities, proposed[text], blank)
        return PlateReading(text, confidence, characters, alternatives)

    def _propose(self, probabilities: npt.NDArray[np.float64]) -> list[list[int]]:
        """Return the best texts that the beam finds, as class indices, out of all that are likely at all."""
        blank = self._alphabet.blank
        probabilities = probabilities.copy()
        between = probabilities[blank] > 1.0 - _BETWEEN
        probabilities[:, between] = 0.0
        probabilities[blank, between] = 1.0
        seen = probabilities.max(axis=1) > _UNSEEN
        seen[blank] = True
        classes = np.flatnonzero(seen)
        automaton = dataclasses.replace(self._automaton, next_state=self._automaton.next_state[:, classes])
        place = int(np.searchsorted(classes, blank))
        found = prefix_beam_search(probabilities[classes], place, automaton, self._width)
        return [classes[list(indices)].tolist() for indices, _ in found[: ALTERNATIVES + 1]]

    def _text(self, indices: Sequence[int]) -> str:
        return "".join(self._alphabet.characters[index] for index in indices)
