"""The vehicles in memory."""

from __future__ import annotations

import tracemalloc

from page_harness import JPEG, vehicle

from lprnet_ros.web.vehicle_list import VehicleList


def test_the_newest_come_first_and_are_found_by_a_part_of_their_text():
    kept = VehicleList(10)
    for number, text in enumerate(["京A12345", "沪B99999", "京A77777"]):
        kept.add(vehicle(number, text), None)
    assert [one.identifier for one in kept.search()] == [2, 1, 0]
    assert [one.identifier for one in kept.search("京a")] == [2, 0]
    assert [one.identifier for one in kept.search(limit=1)] == [2]
    assert [one.identifier for one in kept.search(before=2)] == [1, 0]


def test_the_oldest_go_with_their_crops():
    kept = VehicleList(2)
    for number in range(3):
        kept.add(vehicle(number), JPEG)
    assert [one.identifier for one in kept.search()] == [2, 1]
    assert (kept.crop(0), kept.crop(2)) == (None, JPEG)


def test_ten_thousand_vehicles_take_no_more_memory_than_those_that_are_kept():
    def size_after(count: int) -> int:
        tracemalloc.start()
        kept = VehicleList(100)
        for number in range(count):
            kept.add(vehicle(number), bytes(10_000))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(kept.search(limit=count)) == min(count, 100)
        return size

    assert size_after(10_000) < 1.2 * size_after(100)
