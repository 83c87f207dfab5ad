"""Results leave in the order of their camera, whatever order they come in."""

from __future__ import annotations

import itertools
import threading

import hypothesis.strategies as st
from flow_doubles import Collector, job
from hypothesis import given

from lprnet_ros.flow.delivery import InOrderDelivery
from lprnet_ros.reading.plate_reading import PlateReading


def ticketed(camera: str, ticket: int):
    crop = job(camera, ticket)
    crop.ticket = ticket
    return crop, PlateReading(crop.source.frame_id, 1.0)


@st.composite
def completions(draw):
    """Some cameras' results, in any order, cut into batches anywhere."""
    counts = draw(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 12), min_size=1))
    every = [ticketed(camera, number) for camera, count in counts.items() for number in range(count)]
    shuffled = draw(st.permutations(every))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=8)))
    edges = [0, *cuts, len(shuffled)]
    return counts, [shuffled[start:end] for start, end in itertools.pairwise(edges)]


@given(completions())
def test_any_order_of_completion_leaves_in_the_order_of_each_camera(case):
    counts, batches = case
    collector = Collector()
    delivery = InOrderDelivery(collector.deliver, collector.report)
    for batch in batches:
        delivery.complete(batch)
    for camera, count in counts.items():
        assert collector.texts(camera) == [f"{camera} {number}" for number in range(count)]
    assert all(result.text == each.source.frame_id for each, result in collector.results)


@given(st.permutations(range(8)))
def test_nothing_is_held_back_longer_than_needed(order):
    collector = Collector()
    delivery = InOrderDelivery(collector.deliver, collector.report)
    done = set()
    for ticket in order:
        delivery.complete([ticketed("a", ticket)])
        done.add(ticket)
        due = next(number for number in range(9) if number not in done)
        assert collector.texts("a") == [f"a {number}" for number in range(due)]


def test_a_camera_that_is_held_up_holds_up_no_other():
    collector = Collector()
    delivery = InOrderDelivery(collector.deliver, collector.report)
    delivery.complete([ticketed("slow", 1), ticketed("fast", 0), ticketed("fast", 1)])
    assert (collector.texts("slow"), collector.texts("fast")) == ([], ["fast 0", "fast 1"])


def test_many_threads_deliver_one_at_a_time_and_in_order():
    collector = Collector()  # which fails where two deliver at once
    delivery = InOrderDelivery(collector.deliver, collector.report)
    count = 400

    def complete(first: int) -> None:
        for ticket in range(first, count, 4):
            delivery.complete([ticketed("a", ticket), ticketed("b", ticket)])

    threads = [threading.Thread(target=complete, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for camera in "ab":
        assert collector.texts(camera) == [f"{camera} {number}" for number in range(count)]


def test_what_is_closed_delivers_nothing_more():
    collector = Collector()
    delivery = InOrderDelivery(collector.deliver, collector.report)
    delivery.complete([ticketed("a", 0)])
    delivery.close()
    delivery.complete([ticketed("a", 1)])
    assert collector.texts("a") == ["a 0"]
