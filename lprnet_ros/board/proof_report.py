"""The report of ``lpr_board --prove``: one page of Markdown, and the same as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from lprnet_ros.board.proof import Line, Step


def write_report(name: Path, about: dict[str, str], lines: Sequence[Line], steps: Sequence[Step]) -> None:
    """Write ``NAME.md`` and ``NAME.json``.

    Args:
        name: path without suffix.
        about: board, model and time.
        lines: of docs/hardware_status.md.
        steps: that were run.

    Raises:
        OSError: a file cannot be written.
    """
    sensors = sorted({sensor for step in steps for sensor in step.celsius})
    parts = [
        "# What this board says to docs/hardware_status.md\n",
        *(f"- {key}: {value}" for key, value in about.items()),
        "",
        _table(("part", "verdict", "evidence"), ((line.part, line.verdict, line.evidence) for line in lines)),
        "\n## Steps\n",
        _table(
            (
                "step",
                "verdict",
                "seconds",
                *(f"{sensor} °C after it" for sensor in sensors),
                "found",
                "command",
            ),
            (
                (
                    step.name,
                    step.verdict,
                    f"{step.seconds:.1f}",
                    *(f"{step.celsius[sensor]:.1f}" if sensor in step.celsius else "-" for sensor in sensors),
                    step.said,
                    f"`{shlex.join(step.command)}`",
                )
                for step in steps
            ),
        ),
    ]
    name.with_name(f"{name.name}.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    report = {**about, "lines": [asdict(line) for line in lines], "steps": [asdict(step) for step in steps]}
    text = json.dumps(report, ensure_ascii=False, indent=1)
    name.with_name(f"{name.name}.json").write_text(text + "\n", encoding="utf-8")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
