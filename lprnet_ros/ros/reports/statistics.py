"""The counts of a node, for its log and its diagnostics; thread-safe."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from lprnet_ros.flow.job import Source
from lprnet_ros.reading.plate_reading import PlateReading

LOG_PERIOD_SECONDS = 5.0
"""Minimum time between two log messages with the same reason."""

_LATENCIES = 2048

NO_CROP = "cut the plate out of it, or name the topic in frame_topics"
"""What to do with a picture that is no crop."""


def percentiles(values: Iterable[float]) -> list[tuple[int, float]]:
    """Return the 50th, 90th and 99th percentile with their numbers; nothing where there is no value."""
    ordered = sorted(values)
    return [(p, ordered[min(len(ordered) - 1, len(ordered) * p // 100)]) for p in (50, 90, 99) if ordered]


@dataclass
class Counts:
    """Counts since the node was configured.

    Attributes:
        received: messages that arrived.
        read: crops that the network read.
        accepted: readings that passed the acceptance rule.
        bad_images: messages that were not usable images, by reason.
        rejected: readings that were not accepted, by reason.
        dropped: crops that were dropped for newer ones, by topic.
        lost: messages that the middleware lost on the way here, by topic.
        frames_searched: frames in which plates were searched.
        frames_dropped: frames that were not searched since newer ones came, by topic.
        frames_lost: frames that the middleware lost on the way here, by topic.
        plates_found: plates in the searched frames.
        searches_ms: how long the latest searches took.
        photographs: pictures that look like whole photographs instead of crops.
        failures: crops that could not be read.
        last_failure: the reason of the latest failure; empty if there was none.
        latencies_ms: of the latest readings, from arrival to publication.
        inference_cpu_seconds: CPU time of the network, over all readings.
        age: the greatest age of a stamp at the time its crop was read, since the last snapshot, seconds;
            negative where the stamp lies ahead.
        since: start of counting, by ``time.monotonic``.
    """

    received: int = 0
    read: int = 0
    accepted: int = 0
    bad_images: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    frames_searched: int = 0
    frames_dropped: Counter[str] = field(default_factory=Counter)
    frames_lost: Counter[str] = field(default_factory=Counter)
    plates_found: int = 0
    searches_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES))
    photographs: int = 0
    failures: int = 0
    last_failure: str = ""
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES))
    inference_cpu_seconds: float = 0.0
    age: float = 0.0
    since: float = field(default_factory=time.monotonic)

    def as_pairs(self) -> list[tuple[str, str]]:
        """Return names and values in a fixed order, for a diagnostic status."""
        pairs = [
            ("received", str(self.received)),
            ("read", str(self.read)),
            ("accepted", str(self.accepted)),
            ("dropped", str(sum(self.dropped.values()))),
            ("lost on the way", str(sum(self.lost.values()))),
            ("whole photographs", str(self.photographs)),
            ("runtime failures", str(self.failures)),
        ]
        pairs += [(f"dropped on {topic}", str(n)) for topic, n in sorted(self.dropped.items())]
        pairs += [(f"bad image: {reason}", str(n)) for reason, n in sorted(self.bad_images.items())]
        pairs += [(f"not accepted: {reason}", str(n)) for reason, n in sorted(self.rejected.items())]
        pairs += [
            ("frames", str(self.frames_searched)),
            ("frames dropped", str(sum(self.frames_dropped.values()))),
            ("frames lost on the way", str(sum(self.frames_lost.values()))),
            ("plates found", str(self.plates_found)),
        ]
        pairs += [(f"frames dropped on {topic}", str(n)) for topic, n in sorted(self.frames_dropped.items())]
        pairs += [(f"search p{p} (ms)", f"{value:.2f}") for p, value in percentiles(self.searches_ms)]
        pairs += [(f"latency p{p} (ms)", f"{value:.2f}") for p, value in percentiles(self.latencies_ms)]
        pairs.append(("inference CPU (s)", f"{self.inference_cpu_seconds:.3f}"))
        return pairs


class Statistics:
    """Counts the fate of crops; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counts()

    def snapshot(self) -> Counts:
        """Return a copy of the counts; the greatest age begins anew."""
        with self._lock:
            now = self._counts
            age, now.age = now.age, 0.0
            return dataclasses.replace(
                now,
                age=age,
                bad_images=now.bad_images.copy(),
                rejected=now.rejected.copy(),
                dropped=now.dropped.copy(),
                lost=now.lost.copy(),
                frames_dropped=now.frames_dropped.copy(),
                frames_lost=now.frames_lost.copy(),
                searches_ms=now.searches_ms.copy(),
                latencies_ms=now.latencies_ms.copy(),
            )

    def count_arrival(self) -> None:
        """Count a message that has arrived."""
        with self._lock:
            self._counts.received += 1

    def count_drop(self, topic: str) -> None:
        """Count a crop of a topic that was dropped."""
        with self._lock:
            self._counts.dropped[topic] += 1

    def count_lost(self, topic: str, messages: int) -> None:
        """Count messages of a topic that the middleware lost."""
        with self._lock:
            self._counts.lost[topic] += messages

    def count_search(self, plates: int, milliseconds: float) -> None:
        """Count a frame that was searched, and the plates found in it."""
        with self._lock:
            self._counts.frames_searched += 1
            self._counts.plates_found += plates
            self._counts.searches_ms.append(milliseconds)

    def count_frame_drop(self, topic: str) -> None:
        """Count a frame of a topic that was dropped."""
        with self._lock:
            self._counts.frames_dropped[topic] += 1

    def count_frames_lost(self, topic: str, messages: int) -> None:
        """Count frames of a topic that the middleware lost."""
        with self._lock:
            self._counts.frames_lost[topic] += messages

    def count_photograph(self) -> None:
        """Count a picture that looks like a whole photograph instead of a crop."""
        with self._lock:
            self._counts.photographs += 1

    def count_bad_image(self, reason: str) -> None:
        """Count a message that was not a usable image."""
        with self._lock:
            self._counts.bad_images[reason] += 1

    def count_failure(self, reason: str) -> None:
        """Count a crop that could not be read."""
        with self._lock:
            self._counts.failures += 1
            self._counts.last_failure = reason

    def count_reading(self, reading: PlateReading, source: Source, now: float) -> None:
        """Count a crop that was read and whose reading was published.

        Args:
            reading: what was read.
            source: the crop's topic and stamp.
            now: the node's time, seconds.
        """
        latency_ms = (time.perf_counter() - source.arrived) * 1e3
        age = now - (source.seconds + source.nanoseconds * 1e-9)
        with self._lock:
            counts = self._counts
            counts.age = max(counts.age, age, key=abs)
            counts.read += 1
            if reading.accepted:
                counts.accepted += 1
            else:
                counts.rejected[reading.verdict.value] += 1
            counts.latencies_ms.append(latency_ms)
            counts.inference_cpu_seconds += reading.timings.inference_cpu_ms * 1e-3


class LogLimiter:
    """Allows one log message of each kind per period."""

    def __init__(self, period_seconds: float = LOG_PERIOD_SECONDS) -> None:
        self._period = period_seconds
        self._last: dict[str, float] = {}

    def allows(self, kind: str) -> bool:
        """Tell whether a message of this kind may be logged now; if so, it counts as logged."""
        now = time.monotonic()
        if now - self._last.get(kind, -self._period) < self._period:
            return False
        self._last[kind] = now
        return True
