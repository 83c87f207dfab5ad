"""Runs one node as a process: starts ROS, ends on a signal, reports the user's errors in one line.

rclpy's own signal handlers shut down the context in another thread while the node
still uses it; under load this occasionally caused a segmentation fault.  Here a
signal only sets a flag, and the node ends between two callbacks.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import TypeVar

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.ros.parameters.unused import unmatched_files
from lprnet_ros.ros.parameters.usage import refusal, usage
from lprnet_ros.ros.process.executors import Spinner
from lprnet_ros.text.console import run_program

NodeType = TypeVar("NodeType", bound=Node)

_LONGEST_WAIT_SECONDS = 0.2
"""A signal is handled within this time."""


class StopRequest:
    """Becomes true when SIGINT or SIGTERM arrives.

    Attributes:
        also: called in the signal handler; it may only set a flag.
    """

    def __init__(self) -> None:
        self.also: Callable[[], None] = lambda: None
        self._is_set = False
        signal.signal(signal.SIGINT, self._set)
        signal.signal(signal.SIGTERM, self._set)

    def _set(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._is_set = True
        self.also()

    def __bool__(self) -> bool:
        """Tell whether a signal has arrived."""
        return self._is_set


def run_node(
    program: str,
    arguments: list[str] | None,
    create: Callable[[], NodeType],
    *,
    description: str = "",
    parameters: Sequence[Parameter] = (),
    example: str = "",
    start: Callable[[NodeType], None] | None = None,
    is_done: Callable[[NodeType], bool] | None = None,
    executor: Callable[[NodeType], str] = lambda _: "auto",
    on_signal: Callable[[NodeType], None] = lambda _: None,
) -> int:
    """Run a node until its work is done, or until SIGINT or SIGTERM.

    Args:
        program: name for error messages.
        arguments: the command line; None is this process's.
        create: makes the node; a ValueError describes an error of the user.
        description: what the node does, for ``--help``.
        parameters: the parameters that the node declares.
        example: arguments to begin with, for ``--help``.
        start: called once before the first callback.
        is_done: called after every callback to tell whether the work is done; None means never.
        executor: returns the choice of executor: ``auto``, ``events`` or ``single``.
        on_signal: called in the signal handler, for a node whose callbacks may block.

    Returns:
        The exit status: 0; 1 if a parameter is wrong; 2 if an argument is not one of ROS.
    """
    given = [program, *arguments] if arguments is not None else sys.argv
    stop = StopRequest()
    try:
        plain = remove_ros_args(given)[1:]
        if {"-h", "--help"} & set(plain):
            return run_program(program, lambda: _show(usage(program, description, parameters, example)))
        if plain:
            print(refusal(program, plain), file=sys.stderr)
            return 2
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RCLError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    node: NodeType | None = None
    spinner: Spinner | None = None
    try:
        node = create()
        for sentence in unmatched_files(given, node.get_name(), node.get_namespace()):
            node.get_logger().warning(sentence)
        stop.also = partial(on_signal, node)
        spinner = Spinner(node, executor(node))
        if start is not None:
            start(node)
        gc.freeze()  # what lives as long as the node need not be looked through again and again
        while not stop and (is_done is None or not is_done(node)):
            spinner.spin_once(_LONGEST_WAIT_SECONDS)
    except (ParameterException, ValueError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except RCLError as error:
        if spinner is not None:  # only an error at start is the user's, for example of security
            raise
        print(f"{program}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    finally:
        if spinner is not None:
            spinner.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _show(text: str) -> int:
    print(text)
    return 0
