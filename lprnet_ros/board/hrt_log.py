"""The table of ``hrt_model_exec perf``, the board's own benchmark, beside the one of the source article.

Sources: D-Robotics rdk_doc, ptq_process.md (what the tool prints, and its profiler.log); printed by an
RDK X5: two spaces before each line, no core number.  hrt_model_exec times the model alone;
lpr_benchmark also what comes before and after it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class HrtLogError(ValueError):
    """A file is no log of ``hrt_model_exec perf``, or not a whole one; the message says what is missing."""


@dataclass(frozen=True)
class HrtRow:
    """One run of ``hrt_model_exec perf``.

    Attributes:
        source: where the figures stand.
        threads: ``--thread_num``.
        frames: ``--frame_count``.
        total_ms: sum of the latencies of all frames.
        average_ms: mean latency of a frame.
        fps: frames a second.
    """

    source: str
    threads: int
    frames: int
    total_ms: float
    average_ms: float
    fps: float


_ARTICLE = "article"
ARTICLE_ROWS = (
    HrtRow(_ARTICLE, 1, 200, 745.53, 3.72, 267.61),
    HrtRow(_ARTICLE, 2, 200, 771.41, 3.85, 516.33),
    HrtRow(_ARTICLE, 4, 200, 814.83, 4.07, 971.23),
    HrtRow(_ARTICLE, 8, 200, 1112.61, 5.56, 1403.01),
)
"""The published ``lpr.bin`` on an RDK X5."""
ARTICLE_SOURCE = (
    "frank05080/rdk_x5_lprnet, README.md, section 3.1: the published lpr.bin, hrt_model_exec perf, "
    "CPU boosted to 1.8 GHz and BPU to 1.2 GHz"
)

_PRINTED = {
    "threads": r"Thread\s+number\s+is:\s*(\S+)",
    "frames": r"Frame\s+count\s+is:\s*(\S+)",
    "total_ms": r"Frame\s+totally\s+latency\s+is:\s*(\S+)\s*ms",
    "average_ms": r"Average\s+latency\s+is:\s*(\S+)\s*ms",
    "fps": r"Frame\s+rate\s+is:\s*(\S+)\s*FPS",
}
_MEANING = {
    "threads": "Thread number",
    "frames": "Frame count",
    "average_ms": "Average latency",
    "total_ms": "Frame totally latency",
    "fps": "Frame rate",
}


def read_hrt_log(path: Path) -> list[HrtRow]:
    """Read the runs in a log: what the tool printed, or its ``profiler.log``.

    Args:
        path: one run or several, one after the other.

    Returns:
        The runs, in the file's order; there is at least one.

    Raises:
        HrtLogError: no such file, no such log, or a run that was not finished.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")  # the log of a board may hold anything
    except OSError as error:
        raise HrtLogError(f"{path}: cannot be read ({error.strerror})") from error
    printed = re.split(r"Running\s+condition\s*:", text)[1:]
    runs = [_from_print(run) for run in printed] if printed else _from_profiler(text)
    if not runs:
        raise HrtLogError(f"{path}: holds no result of hrt_model_exec perf; keep all that it prints")
    return [_row(path, number, run) for number, run in enumerate(runs, start=1)]


def _from_print(run: str) -> dict[str, Any]:
    found = {name: re.search(pattern, run) for name, pattern in _PRINTED.items()}
    return {name: match[1] for name, match in found.items() if match is not None}


def _from_profiler(text: str) -> list[dict[str, Any]]:
    """Find the objects with ``perf_result`` and ``running_condition``; others follow, behind asterisks."""
    runs = []
    for match in re.finditer(r'\{\s*"perf_result"', text):
        try:
            values, _ = json.JSONDecoder().raw_decode(text, match.start())
        except json.JSONDecodeError:
            values = {}
        result, condition = values.get("perf_result"), values.get("running_condition")
        run: dict[str, Any] = {}
        if isinstance(result, dict) and isinstance(condition, dict):
            names = {"threads": "thread_num", "frames": "frame_count"}
            run = {name: condition.get(key) for name, key in names.items()}
            run |= {"average_ms": result.get("average_latency"), "fps": result.get("FPS")}
            average, frames = _number(run["average_ms"]), _number(run["frames"])
            run["total_ms"] = None if average is None or frames is None else average * frames
        runs.append({name: value for name, value in run.items() if value is not None})
    return runs


def _row(path: Path, number: int, run: Mapping[str, Any]) -> HrtRow:
    values = {}
    for name, meaning in _MEANING.items():
        if name not in run:
            raise HrtLogError(f"{path}: run {number} has no {meaning!r}; was it ended before its result?")
        value = _number(run[name])
        if value is None or (name in ("threads", "frames") and not value.is_integer()):
            raise HrtLogError(
                f"{path}: run {number} has the {meaning!r} {run[name]!r}, expected a number above 0"
            )
        values[name] = value
    threads, frames = int(values.pop("threads")), int(values.pop("frames"))
    return HrtRow(path.name, threads, frames, **values)


def _number(value: Any) -> float | None:
    """Return a finite number above 0, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 and not isinstance(value, bool) else None


def print_hrt_logs(paths: Sequence[Path], *, as_json: bool) -> int:
    """Print the runs of logs, by threads, and below them the article's.

    Returns:
        The exit status, 0.

    Raises:
        HrtLogError: a log cannot be read.
    """
    rows = sorted((row for path in paths for row in read_hrt_log(path)), key=lambda row: row.threads)
    if as_json:
        values = {
            "rows": _as_dicts(rows),
            "article": _as_dicts(ARTICLE_ROWS),
            "article_source": ARTICLE_SOURCE,
        }
        print(json.dumps(values, ensure_ascii=False))
        return 0
    print("| source | threads | frames | total delay (ms) | average delay (ms) | FPS |")
    print("|---|---|---|---|---|---|")
    for row in (*rows, *ARTICLE_ROWS):
        delays = f"{row.total_ms:.2f} | {row.average_ms:.3f}"
        print(f"| {row.source} | {row.threads} | {row.frames} | {delays} | {row.fps:.2f} |")
    print(f"\n{_ARTICLE}: {ARTICLE_SOURCE}")
    return 0


def _as_dicts(rows: Iterable[HrtRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]
