"""The newest picture of each camera, who looks at it, and how the nodes are."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_CAMERAS = 16
MOST_STATUSES = 16
_STALE_SECONDS = 5.0
_LINGER_SECONDS = 3.0
"""Somebody who has looked is still there for this long: a browser asks for one picture after the other."""


@dataclass(frozen=True)
class LivePicture:
    """A picture with what was read on it.

    Attributes:
        data: of a JPEG or PNG.
        facts: what goes with it, for JSON.
    """

    data: bytes
    facts: Mapping[str, Any]

    @property
    def content_type(self) -> str:
        """Its type, told by its first bytes."""
        return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"


@dataclass
class _Camera:
    picture: LivePicture | None = None
    number: int = 0
    looking: int = 0
    left: float = float("-inf")
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class LiveView:
    """Hands pictures from the thread of the camera to those who look; of each camera only the newest is kept.

    Who is slow misses pictures, and nothing waits for him.  ``next`` belongs to the loop of the web server,
    every other method may be called from any thread.

    Args:
        clock: seconds, of a clock that does not run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cameras: dict[str, _Camera] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._statuses: dict[str, tuple[float, dict[str, Any]]] = {}
        self._asked = float("-inf")

    @property
    def cameras(self) -> list[str]:
        """The topics of the cameras, in the order in which they were added."""
        return list(self._cameras)

    def add_camera(self, topic: str) -> bool:
        """Take a camera in; return whether it is there now, which it is not where there are too many."""
        if topic not in self._cameras and len(self._cameras) < MOST_CAMERAS:
            self._cameras[topic] = _Camera()
        return topic in self._cameras

    def is_open(self) -> bool:
        """Tell whether somebody has the page open."""
        return self._clock() - self._asked < _LINGER_SECONDS

    def is_watched(self, topic: str) -> bool:
        """Tell whether somebody looks at a camera."""
        camera = self._cameras[topic]
        return camera.looking > 0 or self._clock() - camera.left < _LINGER_SECONDS

    def show(self, topic: str, picture: LivePicture | None) -> None:
        """Show a picture from now on; None shows none."""
        camera = self._cameras[topic]
        camera.picture = picture
        camera.number += 1
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has ended in this moment
                self._loop.call_soon_threadsafe(self._wake, camera)

    async def next(self, topic: str, after: int, seconds: float) -> tuple[int, LivePicture] | None:
        """Wait for another picture than the one with the number ``after``; None where none comes in time."""
        camera, self._loop, self._asked = self._cameras[topic], asyncio.get_running_loop(), self._clock()
        camera.looking += 1
        try:
            if camera.picture is None or camera.number == after:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(camera.changed.wait(), seconds)
        finally:
            camera.looking -= 1
            camera.left = self._asked = self._clock()
        if camera.picture is None or camera.number == after:
            return None
        return camera.number, camera.picture

    def wake_all(self) -> None:
        """Let everybody who waits go, since the server ends; to be called in its loop."""
        for camera in self._cameras.values():
            self._wake(camera)

    def tell(self, name: str, level: int, message: str, values: Mapping[str, str]) -> None:
        """Take in a status of ``/diagnostics``; levels 0 to 3 are OK, WARN, ERROR, STALE."""
        if name in self._statuses or len(self._statuses) < MOST_STATUSES:
            status = {"name": name, "level": level, "message": message, "values": dict(values)}
            self._statuses[name] = self._clock(), status

    def health(self) -> list[dict[str, Any]]:
        """Return the last status of each name for the page; one that has not come for 5 s is STALE."""
        now = self._asked = self._clock()
        return [
            status
            if now - heard < _STALE_SECONDS
            else {**status, "level": 3, "message": f"nothing heard for {now - heard:.0f} s"}
            for heard, status in list(self._statuses.values())
        ]

    @staticmethod
    def _wake(camera: _Camera) -> None:
        camera.changed.set()
        camera.changed.clear()
