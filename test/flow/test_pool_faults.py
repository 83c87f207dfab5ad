"""A pool whose readers fail, die and cannot be replaced: nothing is lost, and it is told."""

from __future__ import annotations

import time

import pytest
from flow_doubles import PATIENCE_SECONDS, job, wait_until

from lprnet_ros.flow import pool as pool_module


def send(pool, count: int, camera: str = "a") -> None:
    for number in range(count):
        assert pool.submit(job(camera, number)) is None


@pytest.mark.parametrize("fault", ["raise", "too few", "too many", "None"])
def test_a_reader_that_fails_in_an_unforeseen_way_costs_the_crops_it_was_given(
    make_pool, backend, collector, fault
):
    backend.faults["a 2"] = [fault]
    pool = make_pool(workers=1, depth=100)
    for number in range(5):
        pool.submit(job("a", number))
        collector.wait_for(number + 1)
    assert collector.texts("a") == ["a 0", "a 1", "failed", "a 3", "a 4"]
    assert "which is a bug" in collector.reports[0]
    assert len(collector.reports) == 1
    assert (pool.status().replaced, pool.status().ready) == (0, 1), "a bug cost the model"


@pytest.mark.parametrize("fault", ["too few", "None"])
def test_a_reader_that_fails_in_the_middle_of_a_batch_loses_no_other_crop(
    make_pool, backend, collector, fault
):
    backend.faults["a 5"] = [fault]
    backend.seconds = 0.002
    pool = make_pool(workers=2, depth=100)
    send(pool, 40)
    collector.wait_for(40)
    broken = next(batch for batch in backend.read if "a 5" in batch)
    assert set(collector.failures()) == set(broken)
    assert [text for text in collector.texts("a") if text != "failed"] == [
        f"a {number}" for number in range(40) if f"a {number}" not in broken
    ]


def test_the_crops_of_a_lost_worker_are_read_again_alone_and_in_order(make_pool, backend, collector):
    backend.faults["a 3"] = ["lose"]
    backend.seconds = 0.002
    pool = make_pool(workers=2, depth=100)
    send(pool, 40)
    collector.wait_for(40)
    assert collector.texts("a") == [f"a {number}" for number in range(40)]
    lost = next(batch for batch in backend.read if "a 3" in batch)
    again = backend.read[backend.read.index(lost) + 1 :]
    for name in lost:
        assert (name,) in again, f"{name} was not read again by itself"
    status = pool.status()
    assert (status.replaced, status.retried) == (1, len(lost))
    wait_until(lambda: pool.status().ready == 2, "two workers again")
    assert len(backend.readers) == 3
    assert [reader.closed for reader in backend.readers].count(1) == 1
    assert any("died of a 3" in report for report in collector.reports)


def test_a_crop_that_costs_two_workers_has_failed_and_nothing_else_has(make_pool, backend, collector):
    backend.always["a 7"] = "lose"
    backend.seconds = 0.002
    pool = make_pool(workers=2, depth=100)
    send(pool, 40)
    collector.wait_for(40)
    assert collector.failures() == {"a 7": "lost twice; died of a 7"}
    assert collector.texts("a") == ["failed" if n == 7 else f"a {n}" for n in range(40)]
    assert pool.status().replaced == 2
    assert backend.read.count(("a 7",)) >= 1


def test_no_crop_is_lost_with_those_that_kill_its_worker(make_pool, backend, collector):
    """A third of the crops kill the worker that reads them, alone or in company; the others are read."""
    for number in range(0, 60, 3):
        backend.always[f"a {number}"] = "lose"
    pool = make_pool(workers=3, depth=100)
    send(pool, 60)
    collector.wait_for(60)
    assert collector.texts("a") == [f"a {n}" if n % 3 else "failed" for n in range(60)]


def test_a_replacement_that_fails_is_tried_again_with_growing_pauses_and_told(
    make_pool, backend, collector, monkeypatch
):
    monkeypatch.setattr(pool_module, "_LONGEST_PAUSE_SECONDS", 0.5)
    pool = make_pool(workers=1, depth=10)
    backend.opening = [OSError("the model file is gone")] * 3
    backend.faults["a 0"] = ["lose"]
    started = time.monotonic()
    send(pool, 3)
    wait_until(lambda: pool.status().problem, "a problem")
    status = pool.status()
    assert status.problem == "a worker cannot be replaced: the model file is gone"
    assert (status.workers, status.ready) == (1, 0)
    collector.wait_for(3)
    assert time.monotonic() - started >= 1.0, "there was no pause between the tries"
    assert collector.texts("a") == ["a 0", "a 1", "a 2"]
    wait_until(lambda: not pool.status().problem, "no problem any more")
    assert pool.status().ready == 1
    assert sum("the model file is gone" in report for report in collector.reports) == 3


def test_a_problem_is_told_until_the_last_worker_is_there_again(make_pool, backend, collector, monkeypatch):
    monkeypatch.setattr(pool_module, "_LONGEST_PAUSE_SECONDS", 1.5)
    pool = make_pool(workers=2, depth=10)
    backend.faults["a 0"] = ["lose"]
    backend.opening = [OSError("gone")] * 2
    send(pool, 1)
    wait_until(lambda: pool.status().problem, "a problem")
    backend.faults["a 1"] = ["lose"]  # the other worker dies, and is replaced at the second try
    pool.submit(job("a", 1))
    collector.wait_for(2)
    while pool.status().ready < 2:
        status = pool.status()
        assert status.problem or status.ready == 2, "one is missing, and nothing is told"
        time.sleep(0.01)
    wait_until(lambda: not pool.status().problem, "no problem any more")


def test_while_no_model_opens_a_sender_does_not_wait_for_ever(make_pool, backend, collector):
    pool = make_pool(workers=1, depth=2, policy="all")
    backend.opening = [OSError("gone")] * 100
    backend.faults["a 0"] = ["lose"]
    pool.submit(job("a", 0))
    wait_until(lambda: pool.status().problem, "a problem")
    started = time.monotonic()
    dropped = sum(pool.submit(job("a", number)) is not None for number in range(1, 11))
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert dropped == 8
    backend.opening.clear()
    collector.wait_for(3)
    assert collector.texts("a") == ["a 0", "a 9", "a 10"]


def test_closing_ends_a_pool_whose_worker_cannot_be_replaced(make_pool, backend, collector):
    pool = make_pool(workers=1)
    backend.opening = [OSError("gone")] * 100
    backend.faults["a 0"] = ["lose"]
    pool.submit(job("a", 0))
    wait_until(lambda: pool.status().problem, "a problem")
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 30.0  # it waits for nothing


def test_a_pool_whose_model_opens_in_one_worker_only_is_not_made(make_pool, backend):
    backend.opening = [OSError("no memory left")]
    with pytest.raises(OSError, match="no memory left"):
        make_pool(workers=3)
    assert [reader.closed for reader in backend.readers] == [1, 1], "the others keep their model"


def test_a_model_that_never_opens_is_an_error_and_not_a_silence(make_pool, backend, monkeypatch):
    monkeypatch.setattr(pool_module, "_OPENING_SECONDS", 0.2)
    really_open = backend.open

    def hang(rules):
        backend.release.wait()
        return really_open(rules)

    monkeypatch.setattr(backend, "open", hang)
    with pytest.raises(pool_module.WorkerLostError, match=r"did not open in 0\.2 s"):
        make_pool(workers=2)
    backend.release.set()
    wait_until(lambda: [reader.closed for reader in backend.readers] == [1, 1], "both are closed in the end")


def test_a_result_that_cannot_be_delivered_holds_no_other_up(make_pool, backend, collector, monkeypatch):
    really_deliver = collector.deliver

    def deliver(crop, result):
        if crop.source.seconds == 1:
            raise RuntimeError("the publisher is gone")
        really_deliver(crop, result)

    monkeypatch.setattr(collector, "deliver", deliver)
    pool = make_pool(workers=2)
    send(pool, 4)
    collector.wait_for(3)
    assert collector.texts("a") == ["a 0", "a 2", "a 3"]
    assert any("the publisher is gone" in report for report in collector.reports)
