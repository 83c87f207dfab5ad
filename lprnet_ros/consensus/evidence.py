"""What the looks at one vehicle tell about each text, summed up over time.

The log-probabilities are added over the looks, with one row for each text.  The numbers of texts and looks
are limited, so one more look costs the same however many there were before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lprnet_ros.consensus.sightings import (
    LOG_CUT,
    LOG_SHARES,
    MOST_CROPS,
    TWO_VEHICLES,
    WEIGHTS,
    Look,
    is_end,
)
from lprnet_ros.consensus.text_lanes import misreads

MOST_TEXTS = 12
"""Maximum number of texts that one vehicle may have.  The one that was not named for the longest time makes
room for a new one; looks that read it then count as looks that read the likeliest text."""

_SHARES: list[float] = LOG_SHARES.tolist()

_WORTH_A_ROW = -2.3
"""Log-probability from which an alternative gets a row, if another look names it too: it is 10 %."""


class Evidence:
    """The sums of one vehicle's looks.

    Args:
        look: the first one.

    Attributes:
        looks: in the order of their times, at most :data:`~lprnet_ros.consensus.sightings.MOST_CROPS`.
        texts: the candidates, by row.
        best, best_sum: the row of the likeliest, and the sum of its log-probabilities.
        surest: sum of the greatest log-probability of each look: no text reaches more.
        unnamed: sum of the looks' unnamed log-probability.
    """

    def __init__(self, look: Look) -> None:
        self.looks: list[Look] = []
        self.texts: list[str] = []
        self.surest, self.unnamed = look.surest, look.unnamed
        self._rows: dict[str, int] = {}
        self._named_last: list[int] = []  # by row: when a look named its text, in looks that were added
        self._added = 0
        # by row: rows of longer texts that were read and begin or end with it
        self._wholes: list[list[int]] = []
        self._are_read: list[bool] = []
        self._lengths: set[int] = set()  # of all texts that ever had a row
        self._named = dict.fromkeys(look.named, 1)  # how many looks name a text
        self._shares = np.zeros(
            (MOST_TEXTS, MOST_TEXTS)
        )  # of the unnamed probability, row by row: logarithms
        self._sums = np.zeros((MOST_CROPS + 2, MOST_TEXTS))  # row k: over the first k looks
        self._read = np.zeros(MOST_CROPS + 1, dtype=np.int8)  # by look: the row of what it read
        self._unnamed = np.zeros(MOST_CROPS + 1)
        for text in (look.text, *look.named):
            if text == look.text or look.named[text] >= _WORTH_A_ROW:
                self._fill(self._row_for(text), is_read=text == look.text)
        self.looks.append(look)
        self._unnamed[0] = look.unnamed
        values = [look.named[text] for text in self.texts]
        self._sums[1, : len(values)] = values
        self.best_sum = max(values)
        self.best = values.index(self.best_sum)

    def add(self, look: Look, place: int) -> None:
        """Put a look at its place in the order of time."""
        self._added += 1
        self._name(look)
        count = len(self.looks)
        row, used = self._rows[look.text], len(self.texts)
        values = self._shares[row, :used] + look.unnamed
        for text, value in look.named.items():
            if (named := self._rows.get(text)) is not None:
                values[named] = value
        for whole in self._wholes[row]:
            values[whole] = max(values[whole], look.named[look.text] + LOG_CUT)
        sums = self._sums[: count + 2, :used]
        if place < count:
            sums[place + 1 :] = sums[place:-1] + values
            self._read[place + 1 : count + 1] = self._read[place:count]
            self._unnamed[place + 1 : count + 1] = self._unnamed[place:count]
        else:
            sums[count + 1] = sums[count] + values
        self._read[place], self._unnamed[place] = row, look.unnamed
        self.looks.insert(place, look)
        for text in look.named:
            self._named[text] = self._named.get(text, 0) + 1
        self.surest += look.surest
        self.unnamed += look.unnamed
        self._rank(sums[count + 1])

    def forget(self, excess: int) -> None:
        """Forget so many of the oldest looks."""
        count, used = len(self.looks), len(self.texts)
        for look in self.looks[:excess]:
            self.surest -= look.surest
            self.unnamed -= look.unnamed
            for text in look.named:
                self._named[text] -= 1
                if not self._named[text]:
                    del self._named[text]
        del self.looks[:excess]
        sums = self._sums[: count + 1, :used]
        sums[: count - excess + 1] = sums[excess:] - sums[excess]
        self._read[: count - excess] = self._read[excess:count].copy()
        self._unnamed[: count - excess] = self._unnamed[excess:count].copy()
        self._rank(sums[count - excess])

    @property
    def sums(self) -> npt.NDArray[np.float64]:
        """Sums of the log-probabilities over the first 0, 1, ... looks: texts x (looks + 1)."""
        return self._sums[: len(self.looks) + 1, : len(self.texts)].T

    def total(self, text: str) -> float:
        """Return the sum of a text's log-probabilities, whether it is a candidate or not."""
        row = self._rows.get(text)
        if row is not None:
            return float(self._sums[len(self.looks), row])
        shares = np.array([_SHARES[misreads(text, known)] for known in self.texts])
        return float(self._values(text, shares, is_read=True).sum())

    def split(self) -> int:
        """Return before which look the next vehicle came, or 0 if none did."""
        if self.surest - self.best_sum <= TWO_VEHICLES:  # by so much the best text fails at most
            return 0
        sums, count = self.sums, len(self.looks)
        before = sums[:, 1:-1]
        after = sums[:, -1:] - before
        losses = (np.maximum.reduce(before) - before) * WEIGHTS[1:count]
        losses += (np.maximum.reduce(after) - after) * WEIGHTS[count - 1 : 0 : -1]
        gains = np.minimum.reduce(losses)
        place = int(gains.argmax())
        return place + 1 if gains[place] > TWO_VEHICLES else 0

    def _rank(self, sums: npt.NDArray[np.float64]) -> None:
        """Find the likeliest text; of equal ones the first."""
        values = sums.tolist()
        self.best_sum = max(values)
        self.best = values.index(self.best_sum)

    def _name(self, look: Look) -> None:
        """Give rows to what a look reads and to its best alternative; they count as named now."""
        rows = self._rows
        if look.text not in rows or not self._are_read[rows[look.text]]:
            self._fill(self._row_for(look.text), is_read=True)
        for text in look.named.keys() & rows.keys():
            self._named_last[rows[text]] = self._added
        for text, value in look.named.items():
            if text not in rows and value >= _WORTH_A_ROW and text in self._named:
                self._fill(self._row_for(text), is_read=False)
                break

    def _row_for(self, text: str) -> int:
        """Return the row of a text; if there are too many, another one has to leave."""
        if text in self._rows:
            return self._rows[text]
        row = len(self.texts)
        if row < MOST_TEXTS:
            self.texts.append(text)
            self._named_last.append(self._added)
            self._wholes.append([])
            self._are_read.append(False)
        else:
            self._named_last[self.best] = self._added
            row = self._named_last.index(min(self._named_last))
            self._read[self._read == row] = self.best
            del self._rows[self.texts[row]]
            for wholes in self._wholes:
                if row in wholes:
                    wholes.remove(row)
            self.texts[row], self._wholes[row] = text, []
        self._rows[text], self._named_last[row] = row, self._added
        self._lengths.add(len(text))
        shares = [_SHARES[misreads(text, known) if known is not text else 0] for known in self.texts]
        self._shares[row, : len(shares)] = self._shares[: len(shares), row] = shares
        return row

    def _fill(self, row: int, *, is_read: bool) -> None:
        """Sum up what the looks up to now say of a row's text."""
        text, length = self.texts[row], len(self.texts[row])
        self._are_read[row] = is_read
        for other, known in enumerate(self.texts if len(self._lengths) > 1 else ()):
            if len(known) == length:
                continue
            if is_read and is_end(known, text):
                self._wholes[other].append(row)
            if self._are_read[other] and is_end(text, known) and other not in self._wholes[row]:
                self._wholes[row].append(other)
        if len(self.looks) == 1 and len(self._lengths) == 1:  # the same as below, in half the time
            only = self.looks[0]
            value = only.named.get(text)
            self._sums[1, row] = only.unnamed + self._shares[row, self._read[0]] if value is None else value
        elif self.looks:
            values = self._values(text, self._shares[row], is_read=is_read)
            np.add.accumulate(values, out=self._sums[1 : len(self.looks) + 1, row])

    def _values(
        self, text: str, shares: npt.NDArray[np.float64], *, is_read: bool
    ) -> npt.NDArray[np.float64]:
        """Return the log-probability of a text in each look."""
        count = len(self.looks)
        values: npt.NDArray[np.float64] = shares.take(self._read[:count])
        values += self._unnamed[:count]
        ends = []
        if is_read and len(self._lengths) > 1:
            ends = [known for known in self.texts if len(known) < len(text) and is_end(known, text)]
        if not ends and text not in self._named:
            return values
        for i, look in enumerate(self.looks):
            if text in look.named:
                values[i] = look.named[text]
            if look.text in ends:
                values[i] = max(values[i], look.named[look.text] + LOG_CUT)
        return values
