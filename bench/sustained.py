"""Finds the highest rate that a node keeps up with: ramp, bisection, and a long trial as proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_STEP = 1.3
_CLOSE = 1.03
"""Ratio of a rate that failed to one that held at which the search ends."""

_BACK_OFF = 0.97
_PROOFS = 5
_SETTLING_SECONDS = 0.25
"""A node that keeps up is done so long after the last crop: nothing has piled up."""


@dataclass(frozen=True)
class Trial:
    """What came of one rate.

    Attributes:
        rate: crops a second.
        sent, read, dropped: crops sent, readings that came back, crops that the node dropped.
        sending_seconds: how long sending took.
        settling_seconds: from the last crop to the last reading.
        p50_ms, p99_ms: from publishing a crop to its reading.
        cpu_us: CPU time of the node, all its threads and processes, for each reading.
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
        The long trial that held; where none did, the last one, which then says itself what it lost.
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
