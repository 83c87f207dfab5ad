"""A pool of real worker processes: killed, stopped, without a model to come back to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_model import PYTHON_PATH, spelled_crop, write_model
from flow_doubles import Collector, wait_until

from lprnet_ros.flow.job import Job, Source
from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.reading.rules import ReadingRules

TIMEOUT_SECONDS = 5.0  # a worker on a busy machine must not pass for one that hangs
RULES = ReadingRules(decoder="greedy", second_look=False)


class Processes:
    """A pool of two processes, and the ids of all it ever had."""

    def __init__(self, model: Path) -> None:
        self.model, self.collector = model, Collector()
        self.readers: list[ProcessReader] = []
        self._sent = 0
        self._crops = {fault: CropImage(spelled_crop("京A12345", fault)) for fault in ("", "hang", "die")}
        settings = PoolSettings(workers=2, depth=500, policy="all", timeout_seconds=TIMEOUT_SECONDS)
        self.pool = WorkerPool(self._open, RULES, self.collector.deliver, self.collector.report, settings)

    def _open(self, rules) -> ProcessReader:
        reader = ProcessReader(ReaderSetup(self.model, "hbm", rules=rules), timeout_seconds=TIMEOUT_SECONDS)
        self.readers.append(reader)
        return reader

    def send(self, count: int, fault: str = "") -> None:
        for _ in range(count):
            source = Source("a", self._sent, 0, str(self._sent), 0.0)
            self.pool.submit(Job(source, self._crops[fault]))
            self._sent += 1

    def living(self) -> list[int]:
        """The processes that are there, hidden zombies among them."""
        return [r.process_id for r in self.readers if Path(f"/proc/{r.process_id}").exists()]

    def assert_all_are_read_in_order(self, failed: tuple[int, ...] = ()) -> None:
        self.collector.wait_for(self._sent)
        assert [each.source.seconds for each, _ in self.collector.results] == list(range(self._sent))
        assert sorted(map(int, self.collector.failures())) == sorted(failed)


@pytest.fixture
def processes(tmp_path, monkeypatch) -> Iterator[Processes]:
    for folder in PYTHON_PATH.split(":"):
        monkeypatch.syspath_prepend(folder)
    processes = Processes(write_model(tmp_path))
    yield processes
    processes.pool.close()
    assert processes.living() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_a_process_that_ends_or_stops_under_load_is_replaced_and_nothing_is_lost(processes, number):
    processes.send(100)
    processes.collector.wait_for(20)
    victim = processes.readers[0].process_id
    os.kill(victim, number)
    processes.send(100)
    processes.assert_all_are_read_in_order()
    wait_until(lambda: processes.pool.status().ready == 2, "two workers again")
    assert processes.pool.status().replaced == 1
    assert victim not in processes.living()
    assert len(processes.living()) == 2
    assert any(f"worker process {victim}" in report for report in processes.collector.reports)


@pytest.mark.parametrize("fault", ["die", "hang"])
def test_a_crop_that_ends_every_process_costs_itself_alone(processes, fault):
    processes.send(20)
    processes.send(1, fault)
    processes.send(20)
    processes.assert_all_are_read_in_order(failed=(20,))
    wait_until(lambda: processes.pool.status().ready == 2, "two workers again")
    assert processes.pool.status().replaced == 2


def test_a_model_that_is_gone_is_told_until_it_is_back(processes):
    content = processes.model.read_bytes()
    processes.model.unlink()
    os.kill(processes.readers[0].process_id, signal.SIGKILL)
    processes.send(30)
    wait_until(lambda: processes.pool.status().problem, "a problem")
    assert "lpr.bin: no such model file" in processes.pool.status().problem
    processes.assert_all_are_read_in_order()  # by the other one
    processes.model.write_bytes(content)
    wait_until(lambda: processes.pool.status().ready == 2, "two workers again")
    assert processes.pool.status().problem == ""


def test_closing_ends_a_process_that_hangs_and_one_that_is_stopped(processes):
    os.kill(processes.readers[0].process_id, signal.SIGSTOP)
    processes.send(20)
    processes.pool.discard(0.1)
    processes.pool.close(0.1)
    wait_until(lambda: not processes.living(), "no process is left")
