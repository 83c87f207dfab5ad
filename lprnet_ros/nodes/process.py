"""Runs one node as a process: starts ROS, ends on a signal, tells the user's errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

NodeType = TypeVar("NodeType", bound=Node)


def run_node(
    program: str,
    arguments: list[str] | None,
    create: Callable[[], NodeType],
    spin: Callable[[NodeType], None],
) -> int:
    """Run a node until its work is done, or until SIGINT or SIGTERM.

    Args:
        program: name for error messages.
        arguments: the command line; None is this process's.
        create: makes the node; a ValueError says what the user got wrong.
        spin: does the node's work and returns when the node is to end.

    Returns:
        The exit status: 0, or 1 where an argument or a parameter is wrong.
    """
    try:
        rclpy.init(args=arguments)
    except RCLError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    node: NodeType | None = None
    try:
        node = create()
        spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (ParameterException, ValueError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except RCLError:  # a signal took the context away in the middle of a call
        if rclpy.ok():
            raise
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
