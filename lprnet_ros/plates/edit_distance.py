"""How far two texts are apart."""

from __future__ import annotations


def edit_distance(first: str, second: str) -> int:
    """Return the least number of insertions, deletions and substitutions (Levenshtein, 1966)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
