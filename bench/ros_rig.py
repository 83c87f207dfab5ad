"""The processes of a measurement with ROS: a node under load, a load generator, and the cores they run on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lprnet_ros.sources.labelled import LabelledDataError

_NAMESPACE = "/lpr_benchmark"
NODE, ECHO = f"{_NAMESPACE}/lpr_node", f"{_NAMESPACE}/load_echo"


class RosRig:
    """Starts nodes and load generators, each on its cores, apart from all other ROS traffic.

    Args:
        picture: the crop that generators send.
        shared: whether a node may use the generator's core too.

    Attributes:
        generator_cores, node_cores: numbers of the cores.
    """

    def __init__(self, picture: Path, *, shared: bool = False) -> None:
        self._picture = picture
        cores = sorted(os.sched_getaffinity(0))
        self.generator_cores = set(cores[:1])
        self.node_cores = set(cores) if shared else set(cores[1:]) or set(cores)
        self._environment = {
            **os.environ,
            "ROS_DOMAIN_ID": os.environ.get("ROS_DOMAIN_ID", str(1 + os.getpid() % 100)),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }

    @contextmanager
    def node(
        self, module: str, name: str, parameters: list[str], cores: set[int] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a node of this package.

        Args:
            module: of ``lprnet_ros.ros.nodes``.
            name: fully qualified.
            parameters: ``name:=value``.
            cores: where it runs; None is the node's cores.
        """
        namespace, _, base = name.rpartition("/")
        command = ["--ros-args", "--log-level", "warn", "-r", f"__ns:={namespace}", "-r", f"__node:={base}"]
        for parameter in parameters:
            command += ["-p", parameter]
        with affinity(cores if cores is not None else self.node_cores):
            process = self._start(module, command)
        with _ending(process):
            yield process

    @contextmanager
    def generator(self, target: str, topics: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a load generator, and wait until its target answers on every topic.

        Raises:
            LabelledDataError: that does not happen; its own message stands above.
        """
        command = ["--picture", str(self._picture), "--target", target, "--topics", *topics]
        with affinity(self.generator_cores):
            process = self._start("load_generator", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with _ending(process):
            answer(process)
            yield process

    def _start(self, module: str, arguments: Iterable[str], **streams: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"lprnet_ros.ros.nodes.{module}", *arguments]
        return subprocess.Popen(command, env=self._environment, **streams)  # type: ignore[call-overload]


@contextmanager
def affinity(cores: set[int]) -> Iterator[None]:
    """Bind this process, and what it starts meanwhile, to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    with process:  # closes its streams and waits for it
        try:
            yield
        finally:
            process.terminate()


def ask(generator: subprocess.Popen[bytes], **question: float) -> dict[str, Any]:
    """Let a generator run a trial, and return what it says; see ``load_generator``."""
    tell(generator, **question)
    return answer(generator)


def tell(generator: subprocess.Popen[bytes], **question: float) -> None:
    """Let a generator begin a trial."""
    assert generator.stdin is not None
    generator.stdin.write(json.dumps(question).encode() + b"\n")
    generator.stdin.flush()


def answer(generator: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait for what a generator says."""
    assert generator.stdout is not None
    line = generator.stdout.readline()
    if not line:
        raise LabelledDataError(
            "the load generator has ended; is ROS 2 installed (pip install lprnet_ros[ros])?"
        )
    answer: dict[str, Any] = json.loads(line)
    return answer
