"""The processes of a measurement with ROS: a node under load, a load generator, and the cores they run on."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.sources.labelled import LabelledDataError

ROOT = Path(__file__).resolve().parents[1]
_NAMESPACE = "/lpr_benchmark"
NODE, ECHO = f"{_NAMESPACE}/lpr_node", f"{_NAMESPACE}/load_echo"
NODE_MODULE, ECHO_MODULE = "lprnet_ros.ros.nodes.lpr_node", "bench.load_echo"
_OLD_NODE_MODULE = "lprnet_ros.nodes.lpr_node"  # before the rooms
NODE_PARAMETERS = ("qos_profile:=reliable", "subscription_depth:=2000", "queue_depth:=2000")

_PRCTL = ctypes.CDLL(None).prctl
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def camera_topics(cameras: int) -> list[str]:
    """Return one topic for each camera."""
    return [f"{_NAMESPACE}/camera_{number}" for number in range(1, cameras + 1)]


def module_of(checkout: Path) -> str:
    """Return the module of lpr_node in a checkout."""
    is_new = (checkout / NODE_MODULE.replace(".", "/")).with_suffix(".py").is_file()
    return NODE_MODULE if is_new else _OLD_NODE_MODULE


def crop_to_send(manifest: RecognizerManifest) -> Path:
    """Return the picture of a model's self-test; where it has none, one of the demonstration's."""
    return manifest.self_test.image or min((ROOT / "demo" / "self_test").glob("*.png"))


class RosRig:
    """Starts nodes and load generators, each on its cores, separate from all other ROS traffic.

    Args:
        picture: the crop that generators send, or a folder of crops.
        shared: whether a node may use the generator's core too.
        every_topic: whether generators listen to all that a node publishes, not to its readings alone.
        checkout: the checkout whose nodes run; None is this one.

    Attributes:
        generator_cores, node_cores: numbers of the cores.
    """

    def __init__(
        self,
        picture: Path,
        *,
        shared: bool = False,
        every_topic: bool = False,
        checkout: Path | None = None,
    ) -> None:
        self._picture, self._every_topic = picture, every_topic
        self._checkout = checkout.resolve() if checkout is not None else ROOT
        cores = sorted(os.sched_getaffinity(0))
        self.generator_cores = set(cores[:1])
        self.node_cores = set(cores) if shared else set(cores[1:]) or set(cores)
        self._environment = {
            "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
            **os.environ,
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }
        if os.environ.get("ROS_DISTRO") == "humble":  # newer releases warn about this name
            self._environment["ROS_LOCALHOST_ONLY"] = "1"

    @contextmanager
    def node(
        self, module: str, name: str, parameters: list[str], cores: set[int] | None = None
    ) -> Iterator[psutil.Popen]:
        """Run a node.

        Args:
            module: what ``python -m`` runs.
            name: fully qualified.
            parameters: ``name:=value``.
            cores: where it runs; None is the node's cores.
        """
        namespace, _, base = name.rpartition("/")
        arguments = ["--ros-args", "--log-level", "warn", "-r", f"__ns:={namespace}", "-r", f"__node:={base}"]
        for parameter in parameters:
            arguments += ["-p", parameter]
        where = cores if cores is not None else self.node_cores
        with self._running(module, arguments, where, self._checkout) as process:
            yield process

    @contextmanager
    def generator(self, target: str, topics: list[str]) -> Iterator[psutil.Popen]:
        """Run a load generator, and wait until its target answers on every topic.

        Raises:
            LabelledDataError: that does not happen; its own message stands above.
        """
        arguments = ["--picture", str(self._picture.resolve()), "--target", target, "--topics", *topics]
        arguments += ["--every-topic"] * self._every_topic
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self._running(
            "bench.load_generator", arguments, self.generator_cores, ROOT, **streams
        ) as process:
            answer(process)
            yield process

    @contextmanager
    def _running(
        self, module: str, arguments: list[str], cores: set[int], checkout: Path, **streams: int
    ) -> Iterator[psutil.Popen]:
        path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", module, *arguments]
        with affinity(cores):
            process = psutil.Popen(
                command,
                cwd=checkout,
                env=self._environment | {"PYTHONPATH": path},
                preexec_fn=end_with_parent,
                start_new_session=True,  # Ctrl-C is for this process, which ends the others
                **streams,
            )
        with process:  # closes its streams and waits for it
            try:
                yield process
            finally:
                with suppress(psutil.NoSuchProcess):  # it has ended by itself
                    process.terminate()


def end_with_parent() -> None:
    """Let the kernel end this process when its parent dies, even by SIGKILL; called in a new child."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def affinity(cores: set[int]) -> Iterator[None]:
    """Bind this process, and what it starts meanwhile, to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(root: psutil.Process) -> float:
    """Return the CPU time of a process and its living descendants, user and system, in seconds."""
    return sum(times.user + times.system for times in _ask_all(root, "cpu_times"))


def resident_bytes(root: psutil.Process) -> int:
    """Return the resident memory of a process and its living descendants."""
    return sum(memory.rss for memory in _ask_all(root, "memory_info"))


def _ask_all(root: psutil.Process, question: str) -> Iterator[Any]:
    yield getattr(root, question)()
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            yield getattr(child, question)()


def ask(generator: psutil.Popen, **question: float) -> dict[str, Any]:
    """Let a generator run a trial, and return its result: the fields of a ``Trial``."""
    tell(generator, **question)
    return answer(generator)


def tell(generator: psutil.Popen, **question: float) -> None:
    """Let a generator begin a trial."""
    generator.stdin.write(json.dumps(question).encode() + b"\n")
    generator.stdin.flush()


def answer(generator: psutil.Popen) -> dict[str, Any]:
    """Wait for a generator's result."""
    line = generator.stdout.readline()
    if not line:
        raise LabelledDataError(
            "the load generator has ended; is ROS 2 installed (pip install lprnet_ros[ros])?"
        )
    result: dict[str, Any] = json.loads(line)
    return result
