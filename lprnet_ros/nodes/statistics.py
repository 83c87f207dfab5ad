"""What a node has counted, for its log and its diagnostics."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field

LOG_PERIOD_SECONDS = 5.0
"""A reason for rejecting messages is logged at most this often."""


@dataclass
class Statistics:
    """Counts since the node was configured.

    Attributes:
        received: messages that arrived.
        read: crops that the network read.
        accepted: readings that passed the acceptance rule.
        bad_images: messages that were no usable image, by reason.
        rejected: readings that were not accepted, by reason.
        failures: crops that the runtime failed on.
        latencies_ms: of the latest readings, from arrival to publication.
    """

    received: int = 0
    read: int = 0
    accepted: int = 0
    bad_images: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=512))

    def as_pairs(self) -> list[tuple[str, str]]:
        """Return names and values, in a fixed order, for a diagnostic status."""
        pairs = [
            ("received", str(self.received)),
            ("read", str(self.read)),
            ("accepted", str(self.accepted)),
            ("runtime failures", str(self.failures)),
        ]
        pairs += [(f"bad image: {reason}", str(n)) for reason, n in sorted(self.bad_images.items())]
        pairs += [(f"not accepted: {reason}", str(n)) for reason, n in sorted(self.rejected.items())]
        if self.latencies_ms:
            ordered = sorted(self.latencies_ms)
            for percent in (50, 99):
                value = ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
                pairs.append((f"latency p{percent} (ms)", f"{value:.2f}"))
        return pairs


class LogLimiter:
    """Lets one line of each kind through in a period."""

    def __init__(self, period_seconds: float = LOG_PERIOD_SECONDS) -> None:
        self._period = period_seconds
        self._last: dict[str, float] = {}

    def allows(self, kind: str) -> bool:
        """Tell whether a line of this kind may be logged now; if so, it counts as logged."""
        now = time.monotonic()
        if now - self._last.get(kind, -self._period) < self._period:
            return False
        self._last[kind] = now
        return True
