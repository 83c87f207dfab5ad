"""Reads what the board's compiler, ``hb_mapper makertbin``, prints about its work.

Source: the output of hb_mapper 1.24.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lprnet_ros.toolchain.compiler_yaml import HbMapperError

_LAYER = re.compile(r"^(\S+) +(BPU|CPU) +(\S+) +(\S+) +(--|\d[\d.]*) +(--|\d[\d.]*) +(\S+) *$", re.MULTILINE)
_OUTPUT = re.compile(r"^(\S+) +(-?\d\.\d+)(?: +[\d.]+){3} *$", re.MULTILINE)
_PART = re.compile(r"latency = ([\d.]+) us, DDR = (\d+) bytes")
_VERSION = re.compile(r"(hb_mapper|hbdk|hbdk runtime|horizon_nn) version *: *(\S+)")


@dataclass(frozen=True)
class Layer:
    """A row of the compiler's table: one node, where it runs, and what 8 bits cost there.

    Attributes:
        node: its name.
        device: ``BPU`` or ``CPU``.
        kind: the vendor's name of the operator.
        cosine: mean cosine similarity of its output with the float network's; None where not measured.
        threshold: the largest magnitude that its input's 8 bits hold; likewise.
        dtype: of its input.
    """

    node: str
    device: str
    kind: str
    cosine: float | None
    threshold: float | None
    dtype: str


@dataclass(frozen=True)
class Compilation:
    """What the compiler says of its work.

    Attributes:
        layers: in the graph's order.
        output_cosine: of the quantised with the float output, over the calibration samples.
        estimated_us: time on the BPU alone for one inference, summed over its parts.
        ddr_bytes: memory traffic of one inference, likewise.
        parts: of the graph on the BPU; more than one where an operator runs on the CPU between them.
        compiler: its versions.
    """

    layers: tuple[Layer, ...]
    output_cosine: float
    estimated_us: float
    ddr_bytes: int
    parts: int
    compiler: str


def parse_log(log: str) -> Compilation:
    """Read what ``hb_mapper makertbin`` printed.

    Raises:
        HbMapperError: the table of the nodes, the output's cosine or the estimates are missing.
    """
    layers = [
        Layer(node, device, kind, _number(cosine), _number(threshold), dtype)
        for node, device, _, kind, cosine, threshold, dtype in _LAYER.findall(log)
    ]
    cosines, parts = [float(cosine) for _, cosine in _OUTPUT.findall(log)], _PART.findall(log)
    if not (layers and cosines and parts):
        raise HbMapperError("hb_mapper printed no table of nodes or no estimate; is its version 1.24.3?")
    return Compilation(
        tuple(layers),
        min(cosines),
        round(sum(float(latency) for latency, _ in parts), 1),
        sum(int(size) for _, size in parts),
        len(parts),
        ", ".join(dict.fromkeys(f"{name} {version}" for name, version in _VERSION.findall(log))),
    )


def _number(text: str) -> float | None:
    return None if text == "--" else float(text)
