"""Temperature scaling: how logits become probabilities that mean what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.alphabet import Alphabet


@dataclass(frozen=True)
class TemperatureScaling:
    """Temperature scaling and a bias for each class, before the softmax; ``lpr_confidence`` fits both.

    Attributes:
        temperature: divides the logits, so that the confidence is the share of
            readings that are right (Guo et al., ICML 2017); more than 0.
        class_bias: added to the logits of a character, for a network that was
            trained where some characters are far too frequent (logit adjustment,
            Menon et al., ICLR 2021); characters that are not named get 0.

    Raises:
        ValueError: a value is no finite number, the temperature is not above 0, or
            a bias is not that of one character.
    """

    temperature: float = 1.0
    class_bias: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every value."""
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature is {self.temperature!r}, expected a number above 0")
        for character, bias in self.class_bias.items():
            if len(character) != 1:
                raise ValueError(f"class_bias names {character!r}, expected one character")
            if not math.isfinite(bias):
                raise ValueError(f"class_bias of {character} is {bias!r}, expected a finite number")

    def bias_vector(self, alphabet: Alphabet) -> npt.NDArray[np.float64] | None:
        """Return the bias of every class, classes x 1; None where all are 0.

        Raises:
            ValueError: a character is not in the alphabet.
        """
        if not self.class_bias:
            return None
        biases = np.zeros((len(alphabet), 1))
        for character, bias in self.class_bias.items():
            biases[alphabet.encode(character)] = bias
        return biases
