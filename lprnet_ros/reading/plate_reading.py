"""A plate as it was read: the value that every part of the package speaks of."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from lprnet_ros.reading.ctc import Decoding


class Rejection(str, enum.Enum):
    """Why a reading is not accepted; the value is the name used in JSON and diagnostics."""

    EMPTY = "empty"
    """Nothing was read: the crop shows no plate."""

    SYNTAX = "syntax"
    """The text is no plate number of the country's syntax."""

    LOW_CONFIDENCE = "low_confidence"
    """The confidence lies below the least accepted one."""

    AMBIGUOUS = "ambiguous"
    """So it does, but together with the alternatives it does not: the plate is one of these."""


@dataclass(frozen=True)
class Acceptance:
    """The rule by which readings are accepted.

    Attributes:
        minimum_confidence: least confidence, 0..1.
        require_syntax: whether the text must be a plate number.
    """

    minimum_confidence: float = 0.8
    require_syntax: bool = True

    def judge(self, decoding: Decoding, *, is_plate: bool) -> Rejection | None:
        """Return why a decoding is rejected, or None where it is accepted.

        Args:
            decoding: what was read.
            is_plate: whether the text is a plate number.
        """
        if not decoding.text:
            return Rejection.EMPTY
        if self.require_syntax and not is_plate:
            return Rejection.SYNTAX
        if decoding.confidence >= self.minimum_confidence:
            return None
        together = decoding.confidence + sum(confidence for _, confidence in decoding.alternatives)
        return Rejection.AMBIGUOUS if together >= self.minimum_confidence else Rejection.LOW_CONFIDENCE


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
    """What was read on one crop.

    Attributes:
        text: the plate's characters, such as ``京A12345``; possibly empty.
        confidence: probability of the whole text, 0..1.
        character_confidences: one probability for each character of the text, 0..1.
        alternatives: other texts with their confidences, best first.
        rejection: why the reading is not accepted, or None.
        timings: how long it took.
    """

    text: str
    confidence: float
    character_confidences: tuple[float, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    rejection: Rejection | None = None
    timings: Timings = field(default_factory=Timings)

    @property
    def accepted(self) -> bool:
        """Whether the reading passed the acceptance rule."""
        return self.rejection is None
