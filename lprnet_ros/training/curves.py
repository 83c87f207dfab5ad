"""Draws loss and accuracies of a run, from the log of the trainer."""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # needs no display
from matplotlib import pyplot


def draw_curves(log: Path, picture: Path) -> None:
    """Draw the loss and, below it, the accuracies over the steps: those of the second half fill the height.

    Args:
        log: ``log.jsonl`` of a run: one JSON object per validation, with ``step``,
            ``loss`` and some ``..._accuracy``.
        picture: the PNG to write.
    """
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = [record["step"] for record in records]
    figure, (above, below) = pyplot.subplots(2, sharex=True, figsize=(8, 6), layout="constrained")
    above.plot(steps, [record["loss"] for record in records], color="tab:blue", marker=".")
    above.set(ylabel="loss on training data", yscale="log")
    above.yaxis.set_major_formatter("{x:g}")
    above.yaxis.set_minor_formatter("{x:g}")
    shares = {name: [100 * record[name] for record in records] for name in records[-1] if "_accuracy" in name}
    for (name, values), style in zip(shares.items(), cycle("-:"), strict=False):
        label = name.removesuffix("_accuracy").replace("_", " ")
        below.plot(steps, values, style, label=label, marker=".")
    least = min(min(values[len(values) // 2 :]) for values in shares.values())
    below.set(xlabel="training step", ylabel="validation (%)", ylim=(max(0.0, min(90.0, least - 5)), 100.5))
    below.legend(loc="lower right")
    for axes in (above, below):
        axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(picture, dpi=120)
    pyplot.close(figure)
