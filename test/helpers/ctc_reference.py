"""Connectionist temporal classification in plain Python: slow, and plain to see that it is right."""

import itertools
import math
from collections import defaultdict

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def collapse(path, blank):
    """Drop repeats, then blanks."""
    return tuple(index for index, _ in itertools.groupby(path) if index != blank)


def paths(probabilities):
    """Every path there is, with its probability."""
    classes, steps = probabilities.shape
    table = probabilities.tolist()
    for path in itertools.product(range(classes), repeat=steps):
        yield path, math.prod(table[index][step] for step, index in enumerate(path))


def masses_by_enumeration(probabilities, blank):
    """The probability of every text, as class indices: the sum over all paths that spell it."""
    masses = defaultdict(float)
    for path, probability in paths(probabilities):
        masses[collapse(path, blank)] += probability
    return {text: mass for text, mass in masses.items() if mass > 0.0}


def text_probability_by_matrices(probabilities, indices, blank):
    """Sum over all paths that spell a text: one matrix of transitions between states for each time step."""
    states = [blank]
    for index in indices:
        states += [index, blank]
    follows = np.eye(len(states)) + np.eye(len(states), k=1)
    for state in range(3, len(states), 2):
        follows[state - 2, state] = float(states[state] != states[state - 2])
    forward = np.eye(len(states))[0]  # before the first time step: as after a blank
    for emission in probabilities[states].T:
        forward = (forward @ follows) * emission
    return float(forward[-2:].sum())


def prefix_beam_search_by_dictionary(probabilities, blank, may_be_completed, width):
    """Search with one dictionary of prefixes a time step.

    Args:
        probabilities: classes x time steps.
        blank: class of the blank.
        may_be_completed: whether a prefix can still become a wanted text, when
            so many time steps are left.
        width: prefixes kept after each time step.

    Returns:
        The masses of the texts, and whether it was undecided which prefixes to
        keep, since two of them had the same mass.
    """
    table = probabilities.tolist()
    classes, steps = probabilities.shape
    beam = {(): (1.0, 0.0)}  # prefix: mass of the paths that end with a blank, and with its last character
    is_undecided = False
    for step in range(steps):
        with_blank, with_character = defaultdict(float), defaultdict(float)
        for prefix, (ends_blank, ends_character) in beam.items():
            for index in range(classes):
                emission = table[index][step]
                if index == blank:
                    with_blank[prefix] += (ends_blank + ends_character) * emission
                elif prefix and index == prefix[-1]:
                    with_character[prefix] += ends_character * emission
                    with_character[(*prefix, index)] += ends_blank * emission
                else:
                    with_character[(*prefix, index)] += (ends_blank + ends_character) * emission
        masses = {
            prefix: with_blank[prefix] + with_character[prefix]
            for prefix in with_blank.keys() | with_character.keys()
        }
        left = steps - step - 1
        ranked = sorted(
            (prefix for prefix in masses if masses[prefix] > 0.0 and may_be_completed(prefix, left)),
            key=lambda prefix: -masses[prefix],
        )
        if len(ranked) > width:
            last, next_best = masses[ranked[width - 1]], masses[ranked[width]]
            is_undecided = is_undecided or math.isclose(last, next_best, rel_tol=1e-9)
        beam = {prefix: (with_blank[prefix], with_character[prefix]) for prefix in ranked[:width]}
    return {prefix: sum(masses) for prefix, masses in beam.items()}, is_undecided


def best_alignments(probabilities, indices, blank):
    """For each most probable path that spells a text, the highest probability of each character on it."""
    spelling = [(p, path) for path, p in paths(probabilities) if collapse(path, blank) == tuple(indices)]
    best = max((p for p, _ in spelling), default=0.0)
    if best == 0.0:
        return [(0.0,) * len(indices)]
    found = []
    for p, path in spelling:
        if math.isclose(p, best, rel_tol=1e-12):
            runs, step = [], 0
            for index, run in itertools.groupby(path):
                end = step + len(list(run))
                if index != blank:
                    runs.append(max(float(probabilities[index, s]) for s in range(step, end)))
                step = end
            found.append(tuple(runs))
    return found


def logits_of_any_kind(classes, most_steps):
    """Logits, classes x time steps: smooth ones, ones with many ties, and ones that leave no doubt."""
    smooth = st.integers(-6144, 6144).map(lambda count: count / 1024)  # no difference is lost in an exp
    tied = st.integers(-3, 3).map(float)
    huge = float(np.float32(1e30))  # numpy 1 takes 1e30 itself for no float32
    extreme = st.one_of(st.sampled_from([-huge, -1e4, 0.0, 1e4, huge]), smooth)

    def of_steps(steps):
        return st.one_of(
            *(arrays("float32", (classes, steps), elements=values) for values in (smooth, tied, extreme))
        )

    return st.integers(1, most_steps).flatmap(of_steps)
