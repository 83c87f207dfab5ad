"""A pool whose readers hang in this process, where no thread can be ended."""

from __future__ import annotations

import threading

from flow_doubles import job, wait_until

from lprnet_ros.flow import pool as pool_module
from lprnet_ros.flow import worker as worker_module

SECONDS = 0.05
"""That a crop may take here; the pool itself adds half a second."""


def lpr_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lpr worker"]


def test_a_crop_over_which_a_worker_hangs_is_read_again_and_everything_else_goes_on(
    make_pool, backend, collector
):
    backend.faults["a 0"] = ["hang"]
    pool = make_pool(workers=2, depth=100, timeout_seconds=SECONDS)
    for number in range(5):
        pool.submit(job("a", number))
        pool.submit(job("b", number))
    wait_until(lambda: len(collector.texts("b")) == 5, "the other camera goes on")
    collector.wait_for(10)
    for camera in "ab":
        assert collector.texts(camera) == [f"{camera} {number}" for number in range(5)]
    assert backend.readers[0].abandoned + backend.readers[1].abandoned == 1
    wait_until(lambda: pool.status().ready == 2, "two workers again")
    assert pool.status().replaced == 1
    assert any("no answer in 0.05 s a crop" in report for report in collector.reports)


def test_what_a_hung_reader_says_in_the_end_counts_no_more_and_its_model_is_released(
    make_pool, backend, collector
):
    backend.faults["a 0"] = ["hang"]
    pool = make_pool(workers=1, timeout_seconds=SECONDS)
    pool.submit(job("a", 0))
    collector.wait_for(1)
    backend.release.set()
    hung = backend.readers[0]
    wait_until(lambda: hung.closed == 1, "the reader that came back is closed")
    pool.submit(job("a", 1))
    collector.wait_for(2)
    assert collector.texts("a") == ["a 0", "a 1"]
    wait_until(lambda: len(lpr_threads()) == 1, "the thread that hung ends")


def test_a_crop_over_which_two_workers_hang_has_failed(make_pool, backend, collector):
    backend.always["a 1"] = "hang"
    pool = make_pool(workers=1, depth=100, timeout_seconds=SECONDS)
    for number in range(4):
        pool.submit(job("a", number))
        if number == 0:
            collector.wait_for(1)  # not in one batch with the next
    collector.wait_for(4)
    assert collector.texts("a") == ["a 0", "failed", "a 2", "a 3"]
    assert collector.failures() == {"a 1": "lost twice; no answer in 0.05 s a crop"}


def test_a_runtime_that_always_hangs_costs_a_bounded_number_of_threads_and_is_told(
    make_pool, backend, collector, monkeypatch
):
    monkeypatch.setattr(worker_module, "_GRACE_SECONDS", 0.02)
    most = pool_module._MOST_HUNG_THREADS
    for number in range(100):
        backend.always[f"a {number}"] = "hang"
    pool = make_pool(workers=2, depth=2, policy="all", timeout_seconds=0.02)
    dropped = sum(pool.submit(job("a", number)) is not None for number in range(100))
    assert dropped > 0, "a sender would have waited for ever"
    wait_until(lambda: pool.status().problem, "a problem")
    assert pool.status().problem == f"{most} threads hang in the runtime: restart the node"
    assert pool.status().ready == 0
    assert len(lpr_threads()) == most
    assert len(backend.readers) == most
    backend.always.clear()
    backend.release.set()  # the runtime comes back
    wait_until(lambda: pool.status().ready == 2 and not pool.status().problem, "workers again")
    before = len(collector.results)
    pool.submit(job("a", 100))
    wait_until(lambda: "a 100" in collector.texts("a"), "a crop is read again")
    assert len(collector.results) > before
    wait_until(lambda: len(lpr_threads()) == 2, "the hung threads end")
    numbers = [each.source.seconds for each, _ in collector.results]
    assert numbers == sorted(set(numbers)), "out of order, or twice"


def test_a_delivery_that_takes_long_is_no_hang(make_pool, backend, collector, monkeypatch):
    monkeypatch.setattr(worker_module, "_GRACE_SECONDS", 0.02)
    free = threading.Event()
    really_deliver = collector.deliver

    def deliver(crop, result):
        free.wait(0.5)
        really_deliver(crop, result)

    monkeypatch.setattr(collector, "deliver", deliver)
    pool = make_pool(workers=2, timeout_seconds=0.02)
    for number in range(3):
        pool.submit(job("a", number))
    collector.wait_for(3)
    assert collector.texts("a") == ["a 0", "a 1", "a 2"]
    assert pool.status().replaced == 0
    assert collector.reports == []
