"""Callbacks that cannot end the node: rclpy lets an exception of any callback end the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def guarded(
    callback: Callable[..., Any], report_bug: Callable[[str], None], what: str, otherwise: Any = None
) -> Callable[..., Any]:
    """Wrap a callback so that an exception is reported instead of raised.

    Args:
        callback: the callback.
        report_bug: logs and counts the exception that is being handled; takes ``what``.
        what: what the callback handles, for the log.
        otherwise: what is returned after an exception.
    """

    def call(*arguments: Any) -> Any:
        try:
            return callback(*arguments)
        except Exception:  # noqa: BLE001 - the boundary to rclpy: what passes it ends the process
            report_bug(what)
            return otherwise

    return call
