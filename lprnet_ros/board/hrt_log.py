"""Reads what ``hrt_model_exec perf``, the board's own benchmark, prints; it times the model alone.

Source: D-Robotics rdk_doc, ptq_process.md; an RDK X5 indents the lines and prints no core number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


class HrtLogError(ValueError):
    """A file is no log of ``hrt_model_exec perf``, or an incomplete one; the message says what is missing."""


@dataclass(frozen=True)
class HrtRow:
    """One run: ``--thread_num``, ``--frame_count``, delays of all frames and of one, frames a second."""

    source: str
    threads: int
    frames: int
    total_ms: float
    average_ms: float
    fps: float


ARTICLE = (
    HrtRow("article", 1, 200, 745.53, 3.72, 267.61),
    HrtRow("article", 2, 200, 771.41, 3.85, 516.33),
    HrtRow("article", 4, 200, 814.83, 4.07, 971.23),
    HrtRow("article", 8, 200, 1112.61, 5.56, 1403.01),
)
ARTICLE_SOURCE = (
    "frank05080/rdk_x5_lprnet, README.md, section 3.1: the published lpr.bin, hrt_model_exec perf, "
    "CPU boosted to 1.8 GHz and BPU to 1.2 GHz"
)
_FIGURES = ("Thread number", "Frame count", "Frame totally latency", "Average latency", "Frame rate")


def read_hrt_log(path: Path) -> list[HrtRow]:
    """Read all runs in a file; there is at least one.

    Raises:
        HrtLogError: no such file, no such log, or a run that was not finished.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise HrtLogError(f"{path}: cannot be read ({error.strerror})") from error
    runs = re.split(r"Running\s+condition\s*:", text)[1:]
    if not runs:
        raise HrtLogError(f"{path}: holds no result of hrt_model_exec perf; keep all that it prints")
    return [_row(f"{path}: run {number}", path.name, run) for number, run in enumerate(runs, start=1)]


def _row(where: str, source: str, run: str) -> HrtRow:
    values = []
    for name in _FIGURES:
        match = re.search(name.replace(" ", r"\s+") + r"\s+is:\s*(\S+)", run)
        if match is None:
            raise HrtLogError(f"{where} has no {name!r}; was it ended before its result?")
        if not re.fullmatch(r"\d{1,15}(\.\d+)?", match[1]) or float(match[1]) == 0:
            raise HrtLogError(f"{where} has the {name!r} {match[1]!r}, expected a number above 0")
        values.append(float(match[1]))
    return HrtRow(source, int(values[0]), int(values[1]), *values[2:])
