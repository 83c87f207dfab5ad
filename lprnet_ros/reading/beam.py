"""CTC prefix beam search over the texts of an automaton, a whole beam at a time.

Source: Graves, "Supervised Sequence Labelling with Recurrent Neural Networks",
2012, section 7.5.3, as simplified by Hannun et al. (arXiv:1408.2873), without a
language model; a prefix that the automaton refuses, or that the time steps left
cannot complete, takes no place in the beam.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lprnet_ros.plates.syntax import Automaton

Probabilities = npt.NDArray[np.float64]


def prefix_beam_search(
    probabilities: Probabilities, blank: int, automaton: Automaton, width: int
) -> list[tuple[tuple[int, ...], float]]:
    """Find the most probable texts that an automaton accepts.

    Args:
        probabilities: classes x time steps; each time step sums to 1.
        blank: class of the blank.
        automaton: which texts are wanted.
        width: prefixes kept after each time step, at least 1.

    Returns:
        Accepted texts as class indices, each with the probability of those of
        its paths whose prefixes all stayed in the beam, best first; at most
        ``width``.  With a beam that holds every prefix this is the exact sum.
    """
    steps = probabilities.shape[1]
    emissions = np.ascontiguousarray(probabilities.T)
    permitted = _permitted(automaton, steps)
    trie = _Trie()
    nodes = [0]
    parents = np.array([-1])  # place in the beam of the prefix without its last character
    lasts = np.array([blank])
    states = np.array([0])
    ends_blank = np.array([1.0])
    ends_character = np.array([0.0])
    places = np.arange(width)
    for step, emission in enumerate(emissions):
        count = len(nodes)
        total = ends_blank + ends_character
        if emission[blank] and np.count_nonzero(emission) == 1:  # nothing but the blank can follow
            total = total * emission[blank]
            ends_blank, ends_character = total, np.zeros(count)
            continue
        repeated = emission[lasts]
        extended = total[:, None] * emission
        extended[places[:count], lasts] = ends_blank * repeated  # a repeated character needs a blank between
        extended *= permitted[steps - step - 1, states]
        stays_blank = total * emission[blank]
        stays_character = ends_character * repeated
        children = (parents >= 0).nonzero()[0]
        if children.size:  # prefixes that another one in the beam grows into
            grown = parents[children], lasts[children]
            stays_character[children] += extended[grown]
            extended[grown] = 0.0
        stays = (stays_blank + stays_character) * (automaton.least_left[states] <= steps - step - 1)
        candidates = np.concatenate((stays, extended.ravel()))
        kept = candidates.nonzero()[0]
        if len(kept) > width:
            kept = kept[candidates[kept].argpartition(-width)[-width:]]
            kept.sort()
        elif not len(kept):
            return []
        split = int(kept.searchsorted(count))
        old = kept[:split]
        origin, added = np.divmod(kept[split:] - count, len(emission))
        nodes = [nodes[i] for i in old.tolist()] + [
            trie.child(nodes[i], index) for i, index in zip(origin.tolist(), added.tolist(), strict=True)
        ]
        place_of = {node: place for place, node in enumerate(nodes)}
        parents = np.array([place_of.get(trie.parents[node], -1) for node in nodes])
        grown_states = automaton.next_state[states[origin], added]
        states = np.concatenate((states[old], grown_states))
        lasts = np.concatenate((lasts[old], added))
        ends_blank = np.concatenate((stays_blank[old], np.zeros(len(added))))
        ends_character = np.concatenate((stays_character[old], extended[origin, added]))
    total = ends_blank + ends_character
    total *= automaton.least_left[states] == 0
    found = [(trie.text(node), mass) for node, mass in zip(nodes, total.tolist(), strict=True) if mass > 0.0]
    return sorted(found, key=lambda pair: -pair[1])


def _permitted(automaton: Automaton, steps: int) -> npt.NDArray[np.float64]:
    """Tell by the time steps left whether a class may follow: steps x states x classes, 0 or 1."""
    following = automaton.next_state
    least_left = np.where(following >= 0, automaton.least_left[following], steps)
    return (least_left <= np.arange(steps)[:, None, None]).astype(np.float64)


class _Trie:
    """Gives each prefix one number, also when it leaves the beam and comes back."""

    def __init__(self) -> None:
        self.parents = [-1]
        self._characters = [-1]
        self._children: dict[tuple[int, int], int] = {}

    def child(self, node: int, character: int) -> int:
        """Return the number of a prefix with one more character."""
        known = self._children.get((node, character))
        if known is not None:
            return known
        self._children[node, character] = number = len(self.parents)
        self.parents.append(node)
        self._characters.append(character)
        return number

    def text(self, node: int) -> tuple[int, ...]:
        """Return the characters of a prefix."""
        characters = []
        while node > 0:
            characters.append(self._characters[node])
            node = self.parents[node]
        return tuple(reversed(characters))
