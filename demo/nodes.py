"""Starts nodes as processes of their own, which end with the demonstration, and waits for what they say."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

START_SECONDS, QUIET_SECONDS = 60.0, 30.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PRCTL = ctypes.CDLL(None).prctl


class QuietError(RuntimeError):
    """Nothing new was heard for too long."""


@contextmanager
def ros() -> Iterator[tuple[ExitStack, str]]:
    """Start ROS on this machine alone; yield what ends with it, and a namespace of its own."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if os.environ.get("ROS_DISTRO") == "humble":  # newer releases warn about this name
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    namespace = f"/demo_{os.getpid()}"
    arguments = ["--ros-args", "-r", f"__ns:={namespace}", "--log-level", "warn"]
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.SIGTERM)  # Ctrl-C is Python's
    with ExitStack() as stack:
        stack.callback(rclpy.try_shutdown)
        yield stack, namespace


def start(stack: ExitStack, program: str, namespace: str, *parameters: str) -> subprocess.Popen[bytes]:
    """Start a node that ends with the stack, and with this process even if that is killed."""
    command = [sys.executable, "-m", f"lprnet_ros.ros.nodes.{program}", "--ros-args"]
    command += ["-r", f"__ns:={namespace}", "--log-level", "warn"]
    for parameter in parameters:
        command += ["-p", parameter]
    end_with_parent = partial(_PRCTL, _PR_SET_PDEATHSIG, signal.SIGTERM)  # a system call, safe after fork
    process = subprocess.Popen(  # Ctrl-C is for this process, which ends the others
        command,
        preexec_fn=end_with_parent,  # noqa: PLW1509
        start_new_session=True,
    )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(
    listener: Node,
    processes: list[subprocess.Popen[bytes]],
    count: Callable[[], int],
    expected: int,
    quiet_seconds: float,
) -> None:
    """Spin until a count is reached, as long as all processes run and something happens."""
    last, changed = 0, time.monotonic()
    while (now := count()) < expected:
        rclpy.spin_once(listener, timeout_sec=0.1)
        if now != last:
            last, changed = now, time.monotonic()
        if any(process.poll() not in (None, 0) for process in processes) or processes[0].poll() == 0:
            raise RuntimeError("a process ended early, its message is above")
        if time.monotonic() - changed > quiet_seconds:
            if len(processes) > 1:
                raise QuietError(f"no reading for {quiet_seconds:.0f} s")
            raise RuntimeError(
                "lpr_node did not start; shared memory of killed processes may be in the way: end all ROS "
                "nodes and run 'fastdds shm clean'"
            )
