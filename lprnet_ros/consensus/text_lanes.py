"""How far texts are from each other, and one text from many at once.

A network that errs mostly replaces characters, so they are compared place by place.  If one text is longer,
the places count from the beginning and from the end: a character that was left out or put in costs one.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter

import numpy as np
import numpy.typing as npt

LONGEST = 16
"""Characters of a text that are compared."""

_NOTHING = 0xFFFFFFFF
"""Stands where a text has no character."""


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
    """Texts side by side, to be compared all at once.

    Args:
        lanes: how many; each holds the empty text at first.
    """

    def __init__(self, lanes: int) -> None:
        self._lengths = np.zeros(lanes, dtype=np.int8)
        self._of_length = Counter({0: lanes})
        self._only_length = 0  # of all that are not empty; -1 where there are several
        self._heads = np.full(
            (LONGEST, lanes), _NOTHING, dtype=np.uint32
        )  # characters, counted from the beginning ...
        self._tails = self._heads.copy()  # ... and from the end

    def put(self, lane: int, text: str) -> None:
        """Replace the text of a lane."""
        codes, old = _codes(text), int(self._lengths[lane])
        length = len(codes)
        if length != old:
            self._of_length[length] += 1
            self._of_length[old] -= 1
            lengths = {known for known, count in self._of_length.items() if known and count} or {0}
            self._only_length = lengths.pop() if len(lengths) == 1 else -1
            self._heads[length:, lane] = self._tails[length:, lane] = _NOTHING
            self._lengths[lane] = length
        self._heads[:length, lane] = codes
        self._tails[:length, lane] = codes[::-1]

    def are_all_of(self, length: int) -> bool:
        """Tell whether all texts but the empty ones are so long."""
        return self._only_length in (0, length)

    def distances(self, text: str) -> npt.NDArray[np.int8]:
        """Return :func:`misreads` of a text and that of each lane."""
        codes = _codes(text)
        length, lengths = len(codes), self._lengths
        same = _count(self._heads[:length] == codes[:, None])
        if self._only_length in (0, length):
            return np.subtract(length, same, out=same)
        same += (lengths != length) * _count(self._tails[:length] == codes[::-1, None])
        return np.asarray(np.maximum(lengths, length) - np.minimum(np.minimum(lengths, length), same))


@functools.lru_cache(maxsize=1024)
def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text[:LONGEST].encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _count(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    counts: npt.NDArray[np.int8] = np.add.reduce(found.view(np.int8), axis=0, dtype=np.int8)
    return counts
