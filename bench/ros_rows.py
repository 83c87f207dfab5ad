"""What ``lpr_benchmark --ros`` found: rows, their JSON, and the table made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.sustained import Trial


@dataclass(frozen=True)
class RosRow:
    """The measurements for one number of workers and cameras.

    Attributes:
        workers, cameras: of the node.
        sustained: the trial that held.
        quiet: a trial at 100 crops a second.
        network_alone: inferences a second of the runtime on the node's cores, the same input again and again.
        recognizer_alone: crops a second of preprocessing, runtime and decoding on the node's cores.
    """

    workers: int
    cameras: int
    sustained: Trial
    quiet: Trial
    network_alone: float
    recognizer_alone: float

    @property
    def sustained_rate(self) -> float:
        """Plates a second that the node keeps up with."""
        return self.sustained.plates_a_second

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, and what follows from it, for JSON."""
        sustained, quiet = self.sustained, self.quiet
        return {
            "workers": self.workers,
            "cameras": self.cameras,
            "plates_a_second": sustained.plates_a_second,
            "seconds": sustained.sending_seconds,
            "is_kept_up": sustained.is_kept_up,
            "network_alone": self.network_alone,
            "recognizer_alone": self.recognizer_alone,
            "of_network_alone": sustained.plates_a_second / self.network_alone,
            "of_recognizer_alone": sustained.plates_a_second / self.recognizer_alone,
            "not_inference_cpu_us": sustained.cpu_us - sustained.inference_cpu_us,
            "quiet_not_inference_cpu_us": quiet.cpu_us - quiet.inference_cpu_us,
            "sustained": asdict(sustained),
            "quiet": asdict(quiet),
        }


def load_rows(path: Path) -> list[RosRow]:
    """Read rows that ``--output`` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [
        RosRow(
            row["workers"],
            row["cameras"],
            Trial(**row["sustained"]),
            Trial(**row["quiet"]),
            row["network_alone"],
            row["recognizer_alone"],
        )
        for row in rows
    ]


def markdown(rows: Sequence[RosRow], *, chinese: bool = False) -> str:
    """Return the rows as a table, for README.md or for README_cn.md."""
    english = (
        "| workers, cameras | plates a second | of the recognizer alone | of the network alone | p50, "
        "p99 (ms) | at 100 a second: p50, p99 (ms) | CPU a plate (us) | of it no inference (us) |"
    )
    heading = (
        "| 工作单元数、相机数 | 每秒车牌数 | 占单独识别器的比例 | 占单独网络的比例 | p50、p99（ms） "
        "| 每秒 100 张时 p50、p99（ms） | 每张 CPU（us） | 其中非推理（us） |"
    )
    of = "/" if chinese else "of"
    lines = [heading if chinese else english, "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        all_of_it, sustained, quiet = row.as_dict(), row.sustained, row.quiet
        lines.append(
            f"| {row.workers}, {row.cameras} | {sustained.plates_a_second:.0f} "
            f"| {all_of_it['of_recognizer_alone']:.0%} {of} {row.recognizer_alone:.0f} "
            f"| {all_of_it['of_network_alone']:.0%} {of} {row.network_alone:.0f} "
            f"| {sustained.p50_ms:.1f}, {sustained.p99_ms:.1f} | {quiet.p50_ms:.1f}, {quiet.p99_ms:.1f} "
            f"| {sustained.cpu_us:.0f} | {all_of_it['not_inference_cpu_us']:.0f} |"
        )
    return "\n".join(lines)
