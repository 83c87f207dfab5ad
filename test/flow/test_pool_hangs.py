"""Readers that hang in this process, where no thread can be ended: it is said, no sender waits for ever."""

from __future__ import annotations

import threading

from flow_doubles import job, wait_until

from lprnet_ros.flow import pool as pool_module

SECONDS = 0.05
"""That a crop may take here; the pool itself adds half a second."""


def test_a_worker_that_hangs_is_named_while_the_others_go_on(make_pool, backend, collector):
    backend.faults["a 0"] = ["hang"]
    pool = make_pool(workers=2, depth=100, timeout_seconds=SECONDS)
    pool.submit(job("a", 0))
    wait_until(lambda: backend.read, "the crop that hangs is taken")
    for number in range(5):
        pool.submit(job("b", number))
    collector.wait_for(5)
    assert collector.texts("b") == [f"b {number}" for number in range(5)]
    wait_until(lambda: pool.status().problem, "a problem")
    status = pool.status()
    assert status.problem.startswith("1 of 2 workers have had no answer from the runtime in 0.05 s a crop")
    assert (status.ready, status.replaced) == (1, 0)


def test_a_runtime_that_comes_back_after_all_is_no_problem_any_more(make_pool, backend, collector):
    backend.faults["a 0"] = ["hang"]
    pool = make_pool(workers=1, depth=10, timeout_seconds=SECONDS)
    pool.submit(job("a", 0))
    wait_until(lambda: pool.status().problem, "a problem")
    pool.submit(job("a", 1))
    backend.release.set()
    collector.wait_for(2)
    assert collector.texts("a") == ["a 0", "a 1"]
    wait_until(lambda: pool.status().ready == 1, "the worker reads again")
    assert pool.status().problem == ""


def test_while_every_worker_hangs_a_sender_does_not_wait_for_ever(make_pool, backend, collector, monkeypatch):
    monkeypatch.setattr(pool_module, "_GRACE_SECONDS", 0.02)
    backend.always["a 0"] = "hang"
    pool = make_pool(workers=1, depth=2, policy="all", timeout_seconds=0.02)
    pool.submit(job("a", 0))
    wait_until(lambda: backend.read, "the crop that hangs is taken")
    dropped = sum(pool.submit(job("a", number)) is not None for number in range(1, 11))
    assert dropped == 8
    backend.release.set()
    collector.wait_for(3)
    assert collector.texts("a") == ["a 0", "a 9", "a 10"]


def test_a_delivery_that_takes_long_is_no_hang(make_pool, backend, collector, monkeypatch):
    monkeypatch.setattr(pool_module, "_GRACE_SECONDS", 0.02)
    free, is_delivering = threading.Event(), threading.Event()
    really_deliver = collector.deliver

    def deliver(crop, result):
        is_delivering.set()
        free.wait()
        really_deliver(crop, result)

    monkeypatch.setattr(collector, "deliver", deliver)
    pool = make_pool(workers=2, timeout_seconds=0.02)
    for number in range(3):
        pool.submit(job("a", number))
    is_delivering.wait()
    threading.Event().wait(0.1)  # longer than a crop may take
    assert pool.status().problem == ""
    free.set()
    collector.wait_for(3)
    assert collector.texts("a") == ["a 0", "a 1", "a 2"]
    assert (pool.status().replaced, collector.reports) == (0, [])
