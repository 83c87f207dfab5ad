"""Reading without workers: at once, in the thread that hands a crop over."""

from __future__ import annotations

import threading

import pytest
from flow_doubles import PATIENCE_SECONDS, Backend, Collector, job, wait_until

from lprnet_ros.flow.inline import InlineReading
from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.reading.rules import ReadingRules


def test_each_crop_is_read_and_delivered_before_submit_returns():
    collector = Collector()
    flow = InlineReading(Backend().open, ReadingRules(), collector.deliver)
    for number in range(3):
        assert flow.submit(job("a", number)) is None
        assert collector.texts("a")[-1] == f"a {number}"
    assert (flow.waiting(), flow.status()) == (0, PoolStatus())


@pytest.mark.parametrize("fault", ["raise", "too few", "too many", "None"])
def test_a_reader_that_fails_costs_one_crop(fault):
    backend, collector = Backend(), Collector()
    backend.faults["a 1"] = [fault]
    flow = InlineReading(backend.open, ReadingRules(), collector.deliver)
    for number in range(3):
        flow.submit(job("a", number))
    assert collector.texts("a") == ["a 0", "failed", "a 2"]


def test_an_error_of_opening_is_raised():
    backend = Backend()
    backend.opening = [OSError("no such model")]
    with pytest.raises(OSError, match="no such model"):
        InlineReading(backend.open, ReadingRules(), Collector().deliver)


def test_new_rules_are_used_from_the_next_crop_on():
    backend, collector = Backend(), Collector()
    flow = InlineReading(backend.open, ReadingRules(), collector.deliver)
    flow.submit(job("a", 0))
    flow.rules = ReadingRules(decoder="greedy")
    flow.submit(job("a", 1))
    assert [rules.decoder for _, rules in backend.rules_used] == ["syntax", "greedy"]


def test_a_crop_that_comes_after_the_end_is_dropped_and_the_reader_is_closed_once():
    backend, collector = Backend(), Collector()
    flow = InlineReading(backend.open, ReadingRules(), collector.deliver)
    assert flow.discard(1.0) == []
    flow.stop_waiting()
    flow.close()
    flow.close()
    assert flow.submit(job()) is not None
    assert collector.results == []
    assert backend.readers[0].closed == 1


def test_crops_of_two_threads_are_read_one_after_the_other():
    """The doubles fail where two threads use one reader, or deliver at the same time."""
    backend, collector = Backend(seconds=0.001), Collector()
    flow = InlineReading(backend.open, ReadingRules(), collector.deliver)
    threads = [
        threading.Thread(target=lambda camera=camera: [flow.submit(job(camera, n)) for n in range(30)])
        for camera in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    for camera in "ab":
        assert collector.texts(camera) == [f"{camera} {number}" for number in range(30)]
    assert flow.wait_until_taken("a", 0.0)


def test_a_reader_that_hangs_is_left_behind_at_the_end():
    backend, collector = Backend(), Collector()
    backend.always["a 0"] = "hang"
    flow = InlineReading(backend.open, ReadingRules(), collector.deliver)
    thread = threading.Thread(target=flow.submit, args=(job("a", 0),), daemon=True)
    thread.start()
    wait_until(lambda: bool(backend.read), "the crop to be read")
    flow.close(0.01)
    assert backend.readers[0].closed == 0
    backend.release.set()
    thread.join(PATIENCE_SECONDS)
