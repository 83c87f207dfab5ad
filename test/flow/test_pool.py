"""A pool of healthy workers: order, shares, rules, and an end in time."""

from __future__ import annotations

import threading
import time

import pytest
from flow_doubles import PATIENCE_SECONDS, job, names, wait_until

from lprnet_ros.flow.pool import PoolStatus
from lprnet_ros.reading.rules import ReadingRules


@pytest.mark.parametrize("workers", [1, 4])
def test_every_crop_is_read_once_and_leaves_in_the_order_of_its_camera(
    make_pool, backend, collector, workers
):
    backend.seconds = 0.0005
    pool = make_pool(workers=workers, depth=1000, policy="all")
    for number in range(60):
        for camera in ("fast", "slow")[: 1 if number % 5 else 2]:
            assert pool.submit(job(camera, number)) is None
    collector.wait_for(72)
    assert collector.texts("fast") == [f"fast {number}" for number in range(60)]
    assert collector.texts("slow") == [f"slow {number}" for number in range(0, 60, 5)]
    assert sorted(name for batch in backend.read for name in batch) == sorted(
        each.source.frame_id for each, _ in collector.results
    )
    assert pool.status() == PoolStatus(workers=workers, ready=workers)
    assert collector.reports == []


def test_a_slow_camera_is_served_while_a_fast_one_floods_the_pool(make_pool, backend, collector):
    """Of a camera that sends one crop for the other's hundred none waits behind that hundred."""
    backend.seconds = 0.002
    pool = make_pool(workers=1, depth=100)
    for number in range(100):
        pool.submit(job("fast", number))
    pool.submit(job("slow", 0))
    collector.wait_for(101)
    order = [each.source.topic for each, _ in collector.results]
    assert order.index("slow") < 30


def test_with_newest_every_crop_is_delivered_or_was_counted_as_dropped(make_pool, backend, collector):
    backend.seconds = 0.001
    pool = make_pool(workers=2, depth=3)
    dropped = sum(pool.submit(job("a", number)) is not None for number in range(500))
    assert dropped > 0
    collector.wait_for(500 - dropped)
    assert collector.texts("a")[-1] == "a 499", "the newest crop is not the one to drop"
    numbers = [each.source.seconds for each, _ in collector.results]
    assert numbers == sorted(set(numbers))


def test_with_all_nothing_is_dropped_however_fast_the_sender_is(make_pool, backend, collector):
    backend.seconds = 0.001
    pool = make_pool(workers=2, depth=3, policy="all")
    assert not any(pool.submit(job("a", number)) for number in range(300))
    collector.wait_for(300)
    assert collector.texts("a") == [f"a {number}" for number in range(300)]


def test_new_rules_are_used_from_the_next_crop_on_under_load(make_pool, backend, collector):
    backend.seconds = 0.001
    pool = make_pool(workers=3, depth=1000)
    rules = [ReadingRules(second_look=bool(number % 2)) for number in range(20)]
    for number, changed in enumerate(rules):
        pool.rules = changed
        for part in range(10):
            pool.submit(job("a", 10 * number + part))
        wait_until(lambda number=number: len(collector.results) == 10 * (number + 1), "ten more")
    used = dict(backend.rules_used)
    for number, changed in enumerate(rules):
        assert all(used[f"a {10 * number + part}"] is changed for part in range(10))


def test_discard_drops_what_waits_and_delivers_what_is_being_read(make_pool, backend, collector):
    backend.always["a 0"] = "hang"
    pool = make_pool(workers=1, depth=10)
    pool.submit(job("a", 0))
    wait_until(lambda: backend.read, "the first crop is taken")
    for number in range(1, 6):
        pool.submit(job("a", number))
    threading.Timer(0.2, backend.release.set).start()
    dropped = pool.discard(PATIENCE_SECONDS)
    assert [each.source.frame_id for each in dropped] == [f"a {number}" for number in range(1, 6)]
    assert collector.texts("a") == ["a 0"], "what was being read is not waited for"
    pool.submit(job("a", 6))
    collector.wait_for(2)
    assert collector.texts("a") == ["a 0", "a 6"]


def test_discard_never_returns_before_the_last_delivery(make_pool, backend, collector):
    """Also where a worker has just taken a crop and not yet begun."""
    pool = make_pool(workers=3, depth=1000)
    sent = dropped = 0
    for burst in range(100):
        for number in range(burst % 7):
            pool.submit(job("a", sent + number))
        sent += burst % 7
        dropped += len(pool.discard(PATIENCE_SECONDS))
        delivered = len(collector.results)
        assert sent == delivered + dropped
    assert len(collector.results) == delivered


def test_discard_and_close_give_up_in_time_where_a_reader_hangs(make_pool, backend, collector):
    backend.always["a 0"] = "hang"
    pool = make_pool(workers=2, timeout_seconds=60.0)
    pool.submit(job("a", 0))
    wait_until(lambda: backend.read, "the crop is taken")
    started = time.monotonic()
    pool.discard(0.2)
    pool.close(0.2)
    assert time.monotonic() - started < 30.0  # it waits for nothing
    assert [bool(reader.killed) for reader in backend.readers].count(True) == 1
    assert sum(reader.closed for reader in backend.readers) == 1
    backend.release.set()
    wait_until(lambda: sum(reader.closed for reader in backend.readers) == 2, "it is closed when it can be")
    assert collector.results == [], "something was delivered after the end"


def test_closing_releases_every_reader_and_takes_no_time_where_nothing_is_read(make_pool, backend, collector):
    pool = make_pool(workers=4)
    pool.submit(job())
    collector.wait_for(1)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 30.0  # it waits for nothing
    assert [reader.closed for reader in backend.readers] == [1] * 4
    assert pool.submit(job()) is not None
    pool.close()
    assert [reader.closed for reader in backend.readers] == [1] * 4


def test_closing_under_load_delivers_nothing_afterwards(make_pool, backend, collector):
    backend.seconds = 0.0005
    pool = make_pool(workers=4, depth=1000)
    for number in range(1000):
        pool.submit(job("a", number))
    pool.close()
    delivered = len(collector.results)
    time.sleep(0.1)
    assert len(collector.results) == delivered < 1000


def test_a_sender_that_waits_is_let_go_when_the_end_is_near(make_pool, backend, collector):
    backend.always["a 0"] = "hang"
    pool = make_pool(workers=1, depth=1, policy="all", timeout_seconds=60.0)
    pool.submit(job("a", 0))
    wait_until(lambda: backend.read, "the crop is taken")
    pool.submit(job("a", 1))
    dropped = []
    sender = threading.Thread(target=lambda: dropped.append(pool.submit(job("a", 2))), daemon=True)
    sender.start()
    sender.join(0.2)
    assert sender.is_alive()
    pool.stop_waiting()
    sender.join(PATIENCE_SECONDS)
    assert names(dropped) == ["a 1"]
    time.sleep(0.3)  # the supervisor looks at the pool meanwhile
    assert pool.submit(job("a", 3)) is not None, "it waits again"
