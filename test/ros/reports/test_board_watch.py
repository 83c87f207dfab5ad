"""The board's sensors for the diagnostics, on a copy of its files."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")


import rdk_x5

from lprnet_ros.ros.reports.board_watch import BoardWatch


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "lpr board"]


def test_elsewhere_there_is_nothing_to_tell_and_no_thread(tmp_path: Path) -> None:
    watch = BoardWatch(tmp_path)
    assert watch.pairs() == []
    assert threads() == []
    watch.close()


def test_on_an_rdk_the_values_are_read_again_and_again_until_it_is_closed(tmp_path: Path) -> None:
    rdk_x5.build(tmp_path)
    watch = BoardWatch(tmp_path)
    end = time.monotonic() + 10.0
    while not watch.pairs() and time.monotonic() < end:
        time.sleep(0.01)
    first = dict(watch.pairs())
    assert any("9" in value for name, value in first.items() if "BPU" in name), first
    (tmp_path / rdk_x5.BPU / "ratio").write_text("57\n", encoding="utf-8")
    while dict(watch.pairs()) == first and time.monotonic() < end:
        time.sleep(0.01)
    assert any("57" in value for name, value in dict(watch.pairs()).items() if "BPU" in name)
    watch.close()
    assert threads() == []
