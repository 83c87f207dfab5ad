"""Finds the highest rate that a node keeps up with: ramp, bisection, and a long trial as proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_STEP = 1.3
_CLOSE = 1.03
"""The search ends when the lowest rate that failed is so close to the highest one that held."""

_BACK_OFF = 0.97
_PROOFS = 5
_SETTLING_SECONDS = 0.25
"""The backlog of a node that keeps up is gone this long after the last crop."""


@dataclass(frozen=True)
class Trial:
    """What came of sending crops at one rate.

    Attributes:
        rate: crops a second that were asked for, over all cameras.
        sent, read, dropped: crops published, readings that came back, crops that the node says it dropped.
        sending_seconds: how long publishing took.
        settling_seconds: from the last crop to the last reading.
        p50_ms, p99_ms: from publishing a crop to its reading; 0 where none came.
        cpu_us: CPU time of the node for each reading, all its threads and processes.
        inference_cpu_us: the part of it that the network took.
    """

    rate: float
    sent: int
    read: int
    dropped: int
    sending_seconds: float
    settling_seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0
    inference_cpu_us: float = 0.0

    @property
    def is_kept_up(self) -> bool:
        """Whether nothing was lost, nothing piled up, and the sender itself kept its rate."""
        is_sent_in_time = self.sending_seconds <= 1.02 * self.sent / self.rate + 0.05
        is_all_read = self.read == self.sent and self.dropped == 0
        return is_sent_in_time and is_all_read and self.settling_seconds <= _SETTLING_SECONDS

    @property
    def plates_a_second(self) -> float:
        """Readings a second over the whole trial, until the last reading."""
        return self.read / (self.sending_seconds + self.settling_seconds)


def find_sustained(
    run_trial: Callable[[float, float], Trial], start_rate: float, *, seconds: float, probe_seconds: float
) -> Trial:
    """Search the highest rate that is kept up with for a while.

    Args:
        run_trial: sends crops at a rate (crops a second) for a time (seconds).
        start_rate: where to begin; the search goes up or down from there.
        seconds: how long the rate must hold.
        probe_seconds: length of the trials of the search.

    Returns:
        The long trial that held; if none did, the last one, whose figures show what was lost.
    """
    held, failed = 0.0, float("inf")
    rate = start_rate
    while failed > _CLOSE * held and rate >= 1.0:
        if run_trial(rate, probe_seconds).is_kept_up:
            held = rate
            rate = rate * _STEP if failed == float("inf") else (held + failed) / 2
        else:
            failed = rate
            rate = (held + failed) / 2 if held else rate / _STEP
    rate = max(held, 1.0)
    for _ in range(_PROOFS):
        proof = run_trial(rate, seconds)
        if proof.is_kept_up:
            break
        rate *= _BACK_OFF
    return proof
