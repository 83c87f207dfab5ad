"""A test run or a demo that is killed, as by a timeout of CI, leaves no process of a node behind."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the node tests need it")

from ros_harness import PATIENCE_SECONDS, Client
from tethered import ROOT, SETPRIV, environment_of

MARK = "LPR_TEST_MARK"
RUN = """
import time
from fault_harness import BoardConversation, running_board

def test_a_node_that_nobody_ends(client, tmp_path):
    with running_board(client, tmp_path, "workers:=2", "worker_kind:=process") as reader:
        BoardConversation(reader)
        (tmp_path.parent / "runs").touch()
        time.sleep(3600)
"""


def marked(mark: str) -> dict[int, str]:
    """The command lines of the processes that have a mark in their environment, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
    return found


pytestmark = pytest.mark.skipif(SETPRIV is None, reason="setpriv (util-linux) is not installed")


@contextlib.contextmanager
def marked_process(client: Client, log: Path, *command: str, **environment: str) -> Iterator[Marked]:
    """Run a command in the repository, to be killed with all that it has started."""
    mark = uuid.uuid4().hex
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=environment_of(**{MARK: mark}, **environment),
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
        )
    try:
        yield Marked(client, process, mark, log)
    finally:
        for process_id in marked(mark):
            os.kill(process_id, signal.SIGKILL)
        process.wait()


class Marked:
    """A process, and what it has started."""

    def __init__(self, client: Client, process: subprocess.Popen, mark: str, log: Path) -> None:
        self._client, self._process, self._mark, self._log = client, process, mark, log

    def kill_once(self, condition: Callable[[], bool], least: int) -> None:
        """Kill it when a condition holds and so many processes run; soon none may be left."""

        def is_time() -> bool:
            assert self._process.poll() is None, self._log.read_text()
            return condition()

        self._client.wait_for(is_time, f"{marked(self._mark)}")
        assert any("lpr_node" in line for line in marked(self._mark).values())
        assert len(marked(self._mark)) >= least
        self._process.kill()
        self._client.spin_until(lambda: not marked(self._mark), PATIENCE_SECONDS)
        assert marked(self._mark) == {}


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "with workers of xdist"])
def test_a_run_that_is_killed_leaves_nothing_behind(
    client: Client, tmp_path: Path, options: tuple[str, ...]
) -> None:
    if options and importlib.util.find_spec("xdist") is None:
        pytest.skip("pytest-xdist is not installed")
    file, base = tmp_path / "test_run.py", tmp_path / "base"
    file.write_text(RUN, encoding="utf-8")
    command = [
        "pytest",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
        f"--basetemp={base}",
        str(file),
        *options,
    ]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    log, path = tmp_path / "log", str(ROOT / "test")
    with marked_process(client, log, *command, PYTHONPATH=path) as run:
        run.kill_once(lambda: bool(list(base.rglob("runs"))), least=4)  # the node has two workers


def test_a_demo_that_is_killed_leaves_nothing_behind(client: Client, tmp_path: Path) -> None:
    command = ("demo", "--images", "demo/crops", "--output", str(tmp_path / "sheet.png"), "--rate", "0.5")
    log = tmp_path / "log"
    with marked_process(client, log, *command, PYTHONPATH=str(ROOT / "demo")) as demo:
        demo.kill_once(lambda: len(log.read_text().splitlines()) > 1, least=3)  # node and player
