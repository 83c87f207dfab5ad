"""A plate as it was read: the one value from the decoder to the message."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Verdict(str, enum.Enum):
    """Whether a reading is accepted, or why it is not; the value is the name used in JSON and diagnostics."""

    UNJUDGED = "unjudged"
    """The rules for accepting readings have not been applied yet."""

    ACCEPTED = "accepted"
    """The reading passed the rules."""

    EMPTY = "empty"
    """Nothing was read: the crop shows no plate."""

    SYNTAX = "syntax"
    """The text is no plate number of the country's syntax."""

    CUT_OFF = "cut_off"
    """The crop's edge runs through the plate: characters are missing at an end of the text."""

    WRONG_LENGTH = "wrong_length"
    """The ground's colour, or without colours the spacing, belongs to plates of another length."""

    LOW_CONFIDENCE = "low_confidence"
    """The confidence is below the minimum."""

    AMBIGUOUS = "ambiguous"
    """The confidence is below the minimum, but not with the alternatives: the plate is one of these."""


class ReadingFailedError(RuntimeError):
    """A crop could not be read; the message says what the runtime, or the worker, reported."""


@dataclass(frozen=True)
class Timings:
    """Milliseconds that one reading took, by part; of the inference also the CPU time of its thread."""

    preprocess_ms: float = 0.0
    inference_ms: float = 0.0
    decode_ms: float = 0.0
    inference_cpu_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """The sum of the parts."""
        return self.preprocess_ms + self.inference_ms + self.decode_ms


@dataclass(frozen=True)
class PlateReading:
    """What was read on one crop, or on all crops of one vehicle.

    Attributes:
        text: the plate's characters, such as ``京A12345``; possibly empty.
        confidence: probability of the whole text, the sum over all CTC paths that spell it; 0..1.
            The best path alone would not do: a character that may begin at either of two time
            steps halves it.
        character_confidences: for each character of ``text`` the highest probability among the
            time steps that emit it; 0..1.
        alternatives: other texts with their confidences, best first.
        verdict: whether it is accepted, or why not.
        timings: how long it took.
    """

    text: str
    confidence: float
    character_confidences: tuple[float, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    verdict: Verdict = Verdict.UNJUDGED
    timings: Timings = field(default_factory=Timings)

    @property
    def accepted(self) -> bool:
        """Whether the reading passed the rules."""
        return self.verdict is Verdict.ACCEPTED

    def judged(self, verdict: Verdict, timings: Timings) -> PlateReading:
        """Return the reading with its verdict and its times; half the cost of ``dataclasses.replace``."""
        return PlateReading(
            self.text, self.confidence, self.character_confidences, self.alternatives, verdict, timings
        )
