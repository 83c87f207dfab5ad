"""The worker process sends the results of quick crops together, and those of slow ones one by one."""

from types import SimpleNamespace

import pytest

from lprnet_ros.flow import process_main
from lprnet_ros.flow.process_main import read_one_by_one


@pytest.mark.parametrize(
    ("milliseconds", "messages"),
    [
        ([1] * 8, [[0, 1, 2, 3, 4, 5, 6, 7]]),
        ([30] * 3, [[0], [1], [2]]),
        ([5, 5, 15, 1, 1], [[0, 1, 2], [3, 4]]),
        ([1, 2000, 1], [[0, 1], [2]]),
        ([1], [[0]]),
    ],
)
def test_results_are_gathered_for_twenty_milliseconds_and_stay_in_order(monkeypatch, milliseconds, messages):
    now = [0.0]
    monkeypatch.setattr(process_main, "time", SimpleNamespace(monotonic=lambda: now[0]))
    sent = []

    def read(crops):
        (number,) = crops
        now[0] += milliseconds[number] * 1e-3
        return [number]

    read_one_by_one(range(len(milliseconds)), read, sent.append)
    assert sent == messages
