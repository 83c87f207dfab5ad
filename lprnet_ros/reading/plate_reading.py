"""A plate as it was read: the one value from the decoder to the message."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from lprnet_ros.images.geometry import Quad


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

    OTHER_KIND = "other_kind"
    """The plate would be accepted, but is not known to be of a kind that was asked for."""


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
class Seen:
    """Where and when a plate was seen.

    Attributes:
        quad: its corners in pixels of the picture, clockwise from its own top left; None for a crop.
        rows: of characters, 1 or 2.
        score: how surely it is a plate, as its finder says, 0..1.
        file: path of the picture, video, bag or camera; empty for pictures in memory.
        frame: number of the picture within the video, the topic, the list or the stream, from 0.
        seconds: since the beginning of the video; for bags and cameras since 1970; None for pictures.
        topic: of a bag's picture; empty elsewhere.
    """

    quad: Quad | None = None
    rows: int = 1
    score: float = 1.0
    file: str = ""
    frame: int = 0
    seconds: float | None = None
    topic: str = ""


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
        kind: of plate, such as ``new_energy_small``; None where text and colour leave it open.
        colour: of its ground, such as ``blue``; None where it cannot be told.
        seen: where and when, where a whole picture or a file was read.
    """

    text: str
    confidence: float
    character_confidences: tuple[float, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    verdict: Verdict = Verdict.UNJUDGED
    timings: Timings = field(default_factory=Timings)
    kind: str | None = None
    colour: str | None = None
    seen: Seen = Seen()

    @property
    def quad(self) -> Quad | None:
        """The corners in pixels of the picture, clockwise from the plate's own top left; None for a crop."""
        return self.seen.quad

    @property
    def rows(self) -> int:
        """Rows of characters, 1 or 2."""
        return self.seen.rows

    @property
    def accepted(self) -> bool:
        """Whether the reading passed the rules."""
        return self.verdict is Verdict.ACCEPTED

    def judged(self, verdict: Verdict, timings: Timings) -> PlateReading:
        """Return the reading with its verdict and its times; half the cost of ``dataclasses.replace``."""
        return PlateReading(
            self.text, self.confidence, self.character_confidences, self.alternatives, verdict, timings
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``lpr_read --json`` prints: plain values, places to a hundredth of a pixel."""
        seen = self.seen
        where = None if seen.quad is None else [[round(x, 2), round(y, 2)] for x, y in seen.quad]
        when: dict[str, Any] = (
            {} if seen.seconds is None else {"seconds": round(seen.seconds, 6), "frame": seen.frame}
        )
        when |= {"topic": seen.topic} if seen.topic else {}
        return {
            "file": seen.file,
            "text": self.text,
            "confidence": round(self.confidence, 6)
            if self.text
            else 0.0,  # not the one that there is no plate
            "verdict": self.verdict.value,
            "kind": self.kind,
            "colour": self.colour,
            "rows": seen.rows,
            "quad": where,
            "score": round(seen.score, 4),
            **when,
        }

    def __repr__(self) -> str:
        """Show what a person asks for; ``to_dict`` gives all."""
        shown = [repr(self.text), f"confidence={self.confidence:.4f}", self.verdict.value]
        shown += [name for name in (self.colour,) if name]
        if self.seen.quad is not None:
            corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in self.seen.quad)
            shown.append(f"quad=[{corners}]")
        return f"PlateReading({', '.join(shown)})"
