"""The day a board is there: what docs/hardware_status.md says of the RDK X5, held against what this one does.

Every step is a command in a process of its own, since hbm_runtime ends its process where the BPU fails.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lprnet_ros.board.hrt_log import ARTICLE
from lprnet_ros.board.proof_steps import CHECKOUT, LINES
from lprnet_ros.board.sysfs import ROOT_ONLY
from lprnet_ros.board.telemetry import read_telemetry

CONFIRMED, CONTRADICTED, NOT_TRIED = "confirmed", "contradicted", "not tried"
_ABSENT = (" needs ", "no such model file", "No module named", "not found")
"""How commands say that something is not installed: that contradicts nothing."""

_LEAST_ACCURACY = 0.9  # a wrong order of channels or scale costs nearly every plate
_LEAST_SPEED = 0.5  # of the article's, which timed the model alone
_LONGEST_SECONDS = 7200.0


@dataclass(frozen=True)
class Step:
    """What came of one command.

    Attributes:
        name: as in ``LINES``.
        command: its words.
        verdict: ``confirmed``, ``contradicted`` or ``not tried``.
        said: what it found, or why it failed, in one line.
        seconds: how long it took.
        celsius: the board's temperatures right after it, by name.
        found: the JSON that it printed; None where it prints text.
    """

    name: str
    command: Sequence[str]
    verdict: str
    said: str
    seconds: float
    celsius: Mapping[str, float]
    found: Any = None


@dataclass(frozen=True)
class Line:
    """A line of docs/hardware_status.md, and what this board says to it."""

    part: str
    verdict: str
    evidence: str


def _crops(found: Any) -> tuple[bool, str]:
    read = (
        f"{found['correct']} of {found['plates']} demo crops read right, {found['ms_per_plate']:.2f} ms each"
    )
    return found["accuracy"] >= _LEAST_ACCURACY, read


def _threads(found: Any) -> tuple[bool, str]:
    return True, ", ".join(
        f"{row['threads']} threads {row['fps']:.0f} a second ({row['average_ms']:.2f} ms)"
        for row in found["rows"]
    )


def _article(found: Any) -> tuple[bool, str]:
    article = ", ".join(f"{row.threads} threads {row.fps:.0f} ({row.average_ms:.2f} ms)" for row in ARTICLE)
    is_fast = found["rows"][0]["fps"] >= _LEAST_SPEED * ARTICLE[0].fps
    return is_fast, f"{_threads(found)[1]}; the article, the model alone: {article}"


def _node(found: Any) -> tuple[bool, str]:
    quiet = [(row["quiet"]["read"], row["quiet"]["sent"]) for row in found["rows"]]
    return all(read == sent for read, sent in quiet), ", ".join(
        f"{row['workers']} workers {row['plates_a_second']:.0f} plates a second"
        f"{'' if row['is_kept_up'] else ' (some were lost)'}, at 100 a second {read} of {sent} read,"
        f" p99 {row['quiet']['p99_ms']:.1f} ms"
        for row, (read, sent) in zip(found["rows"], quiet, strict=True)
    )


def _state(found: Any) -> tuple[bool, str]:
    problems = {name: why for name, why in found["problems"].items() if name != "ddr_bandwidth"}
    wrong = [f"{name}: {why}" for name, why in problems.items() if not why.endswith(ROOT_ONLY)]
    closed = f", but {len(problems)} that are open to root only" if problems else ""
    return not wrong, "; ".join(wrong) or f"every value was read{closed}"


_JUDGES: dict[str, Callable[[Any], tuple[bool, str]]] = {
    "demo crops": _crops,
    "demo crops, lpr.bin": _crops,
    "threads": _threads,
    "threads, lpr.bin": _article,
    "live node": _node,
    "lpr_board": _state,
    "hrt_model_exec": _article,
}
"""Of the steps that print JSON: whether it is as expected, and what it says in one line."""


def run_step(name: str, command: Sequence[str], root: Path = Path("/")) -> Step:
    """Run a command in the checkout, and judge what it says.

    Args:
        name: of the step.
        command: its words.
        root: where the board's files lie.
    """
    started = time.monotonic()
    try:
        ended = subprocess.run(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST_SECONDS,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        status, output, errors = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired:
        status, output, errors = -9, "", f"no answer in {_LONGEST_SECONDS:.0f} s"
    seconds = time.monotonic() - started
    verdict, said, found = _judge(name, status, output, errors)
    return Step(name, command, verdict, said, seconds, read_telemetry(root).temperatures_celsius, found)


def _judge(name: str, status: int, output: str, errors: str) -> tuple[str, str, Any]:
    if name in _JUDGES and output:  # also where a measurement ends with 1
        try:
            found = json.loads(output)
            is_good, said = _JUDGES[name](found)
        except (ValueError, LookupError, TypeError) as error:
            return CONTRADICTED, f"it printed something else than expected ({error!r})", None
        return CONFIRMED if is_good else CONTRADICTED, said, found
    said = _last_line(errors if status and errors else output)
    is_skipped = name.startswith("tests") and status in (0, 5) and " passed" not in said
    if is_skipped or (status >= 0 and any(sign in said for sign in _ABSENT)):
        return NOT_TRIED, said, None
    return (CONTRADICTED, f"ended with status {status}: {said}", None) if status else (CONFIRMED, said, None)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return " ".join(lines[-1].split()) if lines else ""


def conclude(steps: Sequence[Step]) -> list[Line]:
    """Say of each line of docs/hardware_status.md whether the steps confirm or contradict it."""
    by_name = {step.name: step for step in steps}
    lines = []
    for part, names, hint in LINES:
        tried = [by_name[name] for name in names if name in by_name]
        verdicts = {step.verdict for step in tried} or {NOT_TRIED}
        verdict = next(one for one in (CONTRADICTED, NOT_TRIED, CONFIRMED) if one in verdicts)
        lines.append(Line(part, verdict, hint or "; ".join(f"{step.name}: {step.said}" for step in tried)))
    return lines
