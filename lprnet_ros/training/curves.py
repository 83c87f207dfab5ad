"""Draws loss and accuracies of a run, from the log of the trainer."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # needs no display
from matplotlib import pyplot


def draw_curves(log: Path, picture: Path) -> None:
    """Draw the loss and the accuracies over the steps.

    Args:
        log: ``log.jsonl`` of a run: one JSON object per validation, with ``step``,
            ``loss`` and some ``..._accuracy``.
        picture: the PNG to write.
    """
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = [record["step"] for record in records]
    figure, loss_axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    loss_axes.plot(steps, [record["loss"] for record in records], color="tab:blue")
    loss_axes.set(xlabel="step", ylabel="loss (CTC, mean of a plate)", yscale="log")
    loss_axes.yaxis.label.set_color("tab:blue")
    accuracy_axes = loss_axes.twinx()
    for name in [key for key in records[-1] if key.endswith("_accuracy")]:
        accuracies = [100 * record[name] for record in records]
        label = name.removesuffix("_accuracy").replace("_", " ")
        accuracy_axes.plot(
            steps, accuracies, label=label, color="tab:orange" if "held" in name else "tab:green"
        )
    accuracy_axes.set(ylabel="plates read (%)")
    accuracy_axes.legend(loc="center right")
    loss_axes.grid(visible=True, alpha=0.3)
    figure.savefig(picture, dpi=120)
    pyplot.close(figure)
