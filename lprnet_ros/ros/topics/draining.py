"""Takes what waits in a subscription within one callback.

Between two messages rclpy's single-threaded executor, the only one on Humble, builds its wait set anew from
every timer, service and subscription of the node.  That takes longer than all that is done with a crop.
The events executor queues one event for each message, with those of timers and services between them: to
take messages ahead of their events would let timers and services wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription

_LONGEST_SECONDS = 0.01
"""After this long timers and services get their turn."""


class Draining:
    """A callback that goes on with the messages that wait behind the one it was called with.

    Args:
        node: whose executor runs it; only the single-threaded one lets it go on.
        callback: takes each message, in order.

    Attributes:
        subscription: what it is the callback of; None takes nothing more.
    """

    def __init__(self, node: Node, callback: Callable[[Any], None]) -> None:
        self._node, self._callback = node, callback
        self.subscription: Subscription | None = None

    def __call__(self, message: Any) -> None:
        """Handle a message and those behind it.

        Raises:
            RCLError: a message could not be taken; that is the executor's to handle, as with its own takes.
        """
        end = time.monotonic() + _LONGEST_SECONDS
        self._callback(message)
        if not isinstance(self._node.executor, SingleThreadedExecutor):
            return
        subscription = self.subscription
        while subscription is not None and time.monotonic() < end:
            try:
                with subscription.handle:
                    taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
            except InvalidHandle:  # destroyed, and this is a message that it had received before
                return
            if taken is None:
                return
            self._callback(taken[0])
