"""What a crop costs, counted in calls: how long they take depends on what else runs on the machine."""

import itertools
import sys

import numpy as np
import pytest
from sighted import reading

from lprnet_ros.consensus.vehicles import Consensus, Sighting

MOST_CALLS = 350
"""Of functions, of Python and C, for one crop; they used to be thousands."""


def calls_of(function, *arguments):
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


def plates(count, generator):
    known = set()
    while len(known) < count:
        known.add("京沪津渝冀"[generator.integers(5)] + "".join(map(str, generator.integers(10, size=6))))
    return sorted(known)


def turns(names, generator):
    """Each plate in turn, with an alternative."""
    for name in itertools.cycle(names):
        sure = float(generator.uniform(0.6, 1.0))
        yield reading(name, sure, [(name[:-1] + str(generator.integers(10)), (1 - sure) / 2)])


def stands(names, generator):
    """One vehicle that waits, misread now and then."""
    for number in itertools.count():
        name = names[number % len(names)] if number % 5 == 0 else names[0]
        yield reading(name, 0.9 if number % 5 else 0.4)


def garbage(names, generator):
    """A sign that is read anew in each crop, and never surely."""
    for name in itertools.cycle(names):
        yield reading(name, 0.2, [(name[1:] + end, 0.15) for end in "ABC"])


@pytest.mark.parametrize("rate", [30, 100])
@pytest.mark.parametrize("count", [31, 200, 1500])
@pytest.mark.parametrize("readings", [turns, stands, garbage])
@pytest.mark.parametrize("track", [None, "1", "new"])
def test_a_crop_costs_the_same_whatever_came_before(rate, count, readings, track):
    generator = np.random.default_rng(0)
    stream = readings(plates(count, generator), generator)
    consensus, calls = Consensus(), []
    for number in range(900):
        own = str(number) if track == "new" else track
        sighting = Sighting(number / rate, "gate", next(stream), own, stamp=number)
        calls.append(calls_of(consensus.add, sighting))
    assert np.median(calls[300:]) <= MOST_CALLS
    assert np.mean(calls[300:]) <= MOST_CALLS
    assert np.mean(calls[600:]) <= 2 * np.mean(calls[300:600])
