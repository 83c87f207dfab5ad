"""How far texts are from each other, and one text from many at once.

A network that errs mostly replaces characters, so they are compared place by place.  If one text is longer,
the places count from the beginning and from the end: a character that was left out or put in costs one.
"""

from __future__ import annotations

import operator
from collections import Counter

import numpy as np
import numpy.typing as npt

LONGEST = 16
"""Characters of a text that are compared."""

_BIT_COUNTS = np.array([bin(bits).count("1") for bits in range(1 << LONGEST)], dtype=np.int8)


def misreads(one: str, other: str) -> int:
    """Return how many characters tell two texts apart, 0 to 16."""
    if len(one) == len(other) <= LONGEST:
        return sum(map(operator.ne, one, other))
    one, other = one[:LONGEST], other[:LONGEST]
    same: int = sum(map(operator.eq, one, other))
    if len(one) != len(other):
        same += sum(map(operator.eq, reversed(one), reversed(other)))
    return max(len(one), len(other)) - min(len(one), len(other), same)


class TextLanes:
    """Texts side by side in one long integer, 16 bits for each: one bit for each place.

    Args:
        lanes: how many; each holds the empty text at first.
    """

    def __init__(self, lanes: int) -> None:
        self._texts = [""] * lanes
        self._lengths = np.zeros(lanes, dtype=np.int8)
        self._places = [sum(1 << lane * LONGEST + place for lane in range(lanes)) for place in range(LONGEST)]
        self._of_length = Counter({0: lanes})
        self._heads: dict[str, int] = {}  # by character: the places where it stands, from the beginning ...
        self._tails: dict[str, int] = {}  # ... and from the end

    def put(self, lane: int, text: str) -> None:
        """Replace the text of a lane."""
        old, text = self._texts[lane], text[:LONGEST]
        for bits, before, now in ((self._heads, old, text), (self._tails, old[::-1], text[::-1])):
            for bit, character in enumerate(before, lane * LONGEST):
                bits[character] ^= 1 << bit
                if not bits[character]:
                    del bits[character]
            for bit, character in enumerate(now, lane * LONGEST):
                bits[character] = bits.get(character, 0) | 1 << bit
        if self._lengths[lane] != len(text):
            self._of_length[len(text)] += 1
            self._of_length[len(old)] -= 1
            if not self._of_length[len(old)]:
                del self._of_length[len(old)]
        self._texts[lane] = text
        self._lengths[lane] = len(text)

    def are_all_of(self, length: int) -> bool:
        """Tell whether all texts but the empty ones are so long."""
        return self._of_length.keys() <= {0, length}

    def distances(self, text: str) -> npt.NDArray[np.int8]:
        """Return :func:`misreads` of a text and that of each lane."""
        text = text[:LONGEST]
        same, lengths = self._same(self._heads, text), self._lengths
        if self.are_all_of(len(text)):
            return len(text) - same
        others = lengths != len(text)
        same += others * self._same(self._tails, text[::-1])
        shorter = np.minimum(lengths, len(text))
        return np.asarray(np.maximum(lengths, len(text)) - np.minimum(shorter, same), dtype=np.int8)

    def _same(self, characters: dict[str, int], text: str) -> npt.NDArray[np.int8]:
        found = 0
        for place, character in zip(self._places, text, strict=False):
            found |= characters.get(character, 0) & place
        lanes = np.frombuffer(found.to_bytes(2 * len(self._texts), "little"), dtype="<u2")
        return np.asarray(_BIT_COUNTS[lanes], dtype=np.int8)
