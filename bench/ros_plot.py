"""A chart of what the node carries beside what the runtime alone does, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

_BARS = (("node over DDS", "#2a78b5"), ("recognizer alone", "#9db8cc"), ("network alone", "#d5dfe6"))
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 360, 60, 50, 50


class Bars(Protocol):
    """What the chart shows of a row: plates a second."""

    @property
    def workers(self) -> int:
        """Of the node."""
        ...

    @property
    def sustained_rate(self) -> float:
        """Of the node."""
        ...

    @property
    def recognizer_alone(self) -> float:
        """Of the recognizer without ROS."""
        ...

    @property
    def network_alone(self) -> float:
        """Of the bare network."""
        ...


def draw(rows: Sequence[Bars]) -> str:
    """Draw a group of three bars for each row.

    Args:
        rows: at least one.

    Returns:
        The text of an SVG file.
    """
    highest = 1.1 * max(max(row.network_alone, row.recognizer_alone, row.sustained_rate) for row in rows)
    scale = (_HEIGHT - _BOTTOM - _TOP) / highest
    ground, group = _HEIGHT - _BOTTOM, (_WIDTH - _LEFT - 20) / len(rows)
    bar = min(60.0, group / 4)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">Plates a second, by workers and cameras</text>',
        f'<line x1="{_LEFT}" y1="{ground}" x2="{_WIDTH - 20}" y2="{ground}" stroke="#444"/>',
    ]
    for place, (name, colour) in enumerate(_BARS):
        left = _LEFT + 160 * place
        parts.append(f'<rect x="{left}" y="30" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{left + 18}" y="41">{name}</text>')
    for number, row in enumerate(rows):
        middle = _LEFT + group * (number + 0.5)
        values = (row.sustained_rate, row.recognizer_alone, row.network_alone)
        for place, (value, (_, colour)) in enumerate(zip(values, _BARS, strict=True)):
            x, height = middle + (place - 1.5) * bar, value * scale
            parts.append(
                f'<rect x="{x:.1f}" y="{ground - height:.1f}" width="{bar - 4:.1f}" height="{height:.1f}" '
                f'fill="{colour}"/>'
            )
            parts.append(
                f'<text x="{x + bar / 2 - 2:.1f}" y="{ground - height - 4:.1f}" text-anchor="middle" '
                f'font-size="11">{value:.0f}</text>'
            )
        parts.append(f'<text x="{middle:.1f}" y="{ground + 20}" text-anchor="middle">{row.workers}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
