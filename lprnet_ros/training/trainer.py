"""Trains the network: one YAML, one seed, checkpoints from which a run goes on."""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.plates.alphabet import CHINESE_PLATES, UNREADABLE
from lprnet_ros.text.fields import FieldError, read_yaml
from lprnet_ros.training.curves import draw_curves
from lprnet_ros.training.glyphs import GlyphStyle, default_font, glyphs_from_font, load_glyph_styles
from lprnet_ros.training.network import PlateNet
from lprnet_ros.training.run_state import RunState
from lprnet_ros.training.samples import SampleStream, load_background, load_negatives, load_training_crops
from lprnet_ros.training.unfolding import load_folded, load_onnx_weights
from lprnet_ros.training.validation import (
    ValidationSet,
    accuracy_by_group,
    correct_plates,
    real_validation,
    rendered_validation,
)

log = logging.getLogger(__name__)

PREPROCESSING = TensorSpec.picture(channel_order="rgb", mean=127.5, scale=1 / 127.5)
"""How the bundled network wants its input; the same as the board's ``lpr.bin``."""

_UNFOLDING_BATCHES = 40  # from which the statistics of an exported network are measured


@dataclass(frozen=True)
class TrainingConfig:
    """Everything a run depends on; the YAML holds the same names.

    Attributes:
        index: CSV of real crops; None trains on rendered plates alone.
        further_index: another such CSV, or None.
        negatives: folder of pictures without a plate, or None.
        background: CSV of whole pictures without a plate, or None.
        glyphs: folder of glyph pictures; None draws with the open font alone.
        output: folder for checkpoints and the log.
        initial: checkpoint whose averaged weights are the start, or an exported ``.onnx`` file;
            None starts from random ones.
        teacher: exported network whose answers on whole plates are kept as they are (Li and Hoiem,
            "Learning without Forgetting", 2016), or None.
        teacher_weight: of the distance from these answers beside the CTC loss.
        steps: optimiser steps.
        batch_size: samples a step.
        learning_rate: the peak of the one-cycle schedule.
        weight_decay: of AdamW.
        ema_decay: of the averaged weights that are validated and exported.
        rendered_share: share of rendered plates among the plates, 0..1.
        relettered_share: share of real crops on which other characters are painted, 0..1.
        negative_share: share of pictures without a plate, 0..1.
        cut_share: share of plates through which an edge of the crop runs, 0..1.
        painted_share: share of plates of which one character is covered, 0..1.
        turned_share: share of plates that are turned or mirrored, 0..1.
        validate_every: steps between validations.
        workers: processes that make samples.
        seed: of weights and samples.
        unseen_provinces: no real crop of these provinces is trained on, to measure how far
            rendering carries.
        most_taken_apart: real crops whose plates are found, for other characters and cuts (25 ms
            each); None takes all.
    """

    index: Path | None = None
    further_index: Path | None = None
    negatives: Path | None = None
    background: Path | None = None
    glyphs: Path | None = None
    output: Path = Path("runs/lprnet")
    initial: Path | None = None
    teacher: Path | None = None
    teacher_weight: float = 1.0
    steps: int = 30000
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    ema_decay: float = 0.999
    rendered_share: float = 0.5
    relettered_share: float = 0.5
    negative_share: float = 0.05
    cut_share: float = 0.0
    painted_share: float = 0.0
    turned_share: float = 0.0
    validate_every: int = 1000
    workers: int = 1
    seed: int = 1
    unseen_provinces: str = ""
    most_taken_apart: int | None = None


def load_config(path: Path, overrides: Mapping[str, str | int] | None = None) -> TrainingConfig:
    """Read a training YAML.

    Args:
        path: the YAML; paths in it are relative to the working folder.
        overrides: values that replace the file's.

    Raises:
        ManifestError: it is no YAML or no mapping, names something that does not exist, or holds a
            number that makes no sense.
    """
    try:
        values = read_yaml(path) or {}
    except FieldError as error:
        raise ManifestError(str(error)) from error
    if not isinstance(values, dict):
        raise ManifestError(f"{path}: expected a mapping of names to values")
    values.update(overrides or {})
    known = {field.name: field.type for field in fields(TrainingConfig)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ManifestError(f"{path}: unknown {', '.join(unknown)}; known: {', '.join(known)}")
    for name in (
        "index",
        "further_index",
        "negatives",
        "background",
        "glyphs",
        "output",
        "initial",
        "teacher",
    ):
        if values.get(name) is not None:
            values[name] = Path(values[name])
    for name, least in (("steps", 4), ("batch_size", 1), ("validate_every", 1), ("workers", 0), ("seed", 0)):
        value = values.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ManifestError(f"{path}: {name} is {value!r}, expected a whole number from {least} on")
    return TrainingConfig(**values)


def load_styles(config: TrainingConfig) -> list[GlyphStyle]:
    """Return the glyph styles a configuration asks for: its folder's, and the open font's."""
    styles = load_glyph_styles(config.glyphs) if config.glyphs is not None else []
    return [*styles, glyphs_from_font(default_font())]


class Trainer(RunState[PlateNet]):
    """One training run.

    Args:
        config: what to do; an existing checkpoint in its output folder is continued.
        threads: CPU threads of the optimiser; None is PyTorch's choice.
    """

    def __init__(self, config: TrainingConfig, *, threads: int | None = None) -> None:
        self.config = config
        if threads is not None:
            torch.set_num_threads(threads)
        torch.manual_seed(config.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = PlateNet().to(self.device, memory_format=torch.channels_last)
        if config.initial is not None:
            if not config.initial.is_file():
                raise ManifestError(f"{config.initial}: no such checkpoint to start from")
            if config.initial.suffix != ".onnx":  # which needs pictures: see run
                start = torch.load(config.initial, map_location=self.device, weights_only=True)
                network.load_state_dict(start["averaged"])
        self.teacher: PlateNet | None = None
        if config.teacher is not None:
            self.teacher = PlateNet()
            load_folded(self.teacher, config.teacher)
            self.teacher.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        super().__init__(
            network,
            config.output,
            steps=config.steps,
            learning_rate=config.learning_rate,
            rise=max(0.1, 2 / config.steps),  # it takes at least one step
            weight_decay=config.weight_decay,
            ema_decay=config.ema_decay,
            config=asdict(config),
        )
        self._resume(self.device)

    def run(self) -> float:
        """Train to the end, validating, logging and saving on the way.

        Returns:
            Whole-plate accuracy at the end, 0..1: on the held-out crops, or on
            rendered plates where no real ones are given.
        """
        config = self.config
        styles = load_styles(config)
        sets = {"rendered": rendered_validation(styles, PREPROCESSING)}
        if self._indexes:
            sets = {"held_out": real_validation(self._indexes, PREPROCESSING)} | sets
        loader = DataLoader(self._samples(styles), batch_size=None, num_workers=config.workers)
        if self.step == 0 and config.initial is not None and config.initial.suffix == ".onnx":
            pictures = [self._inputs(images) for images, _, _ in itertools.islice(loader, _UNFOLDING_BATCHES)]
            load_onnx_weights(self.network, config.initial, pictures)
            self.averaged.load_state_dict(self.network.state_dict())
        progress = tqdm(total=config.steps, initial=self.step, mininterval=5.0)
        started = time.monotonic() - self.seconds
        accuracies: dict[str, float] = {}
        losses: list[float] = []
        for batch in loader:
            if self.step >= config.steps:
                break
            losses.append(self._train_step(*batch))
            progress.update()
            if self.step % config.validate_every == 0 or self.step == config.steps:
                self.seconds = time.monotonic() - started
                accuracies = self._validate(sets, float(np.mean(losses)))
                progress.write(f"step {self.step}: loss {np.mean(losses):.4f}, {accuracies}")
                losses = []
                self._save()
        progress.close()
        if accuracies:
            return next(iter(accuracies.values()))
        # a finished run was started again
        return float(correct_plates(self.averaged, next(iter(sets.values())), self.device).mean())

    @property
    def _indexes(self) -> list[Path]:
        return [path for path in (self.config.index, self.config.further_index) if path is not None]

    def _samples(self, styles: list[GlyphStyle]) -> SampleStream:
        config = self.config
        negatives = load_negatives(config.negatives, held_out=False) if config.negatives else []
        negatives += load_background(config.background) if config.background else []
        return SampleStream(
            styles,
            load_training_crops(self._indexes, styles, config.unseen_provinces, config.most_taken_apart)
            if self._indexes
            else None,
            negatives,
            batch_size=config.batch_size,
            rendered_share=config.rendered_share,
            relettered_share=config.relettered_share,
            negative_share=config.negative_share,
            cut_share=config.cut_share,
            painted_share=config.painted_share,
            turned_share=config.turned_share,
            seed=config.seed * 1_000_003 + self.step,
        )

    def _validate(self, sets: Mapping[str, ValidationSet], loss: float) -> dict[str, float]:
        """Read the validation plates with the averaged weights; log the result and draw the curves."""
        record: dict[str, object] = {
            "step": self.step,
            "minutes": round(self.seconds / 60, 1),
            "loss": round(loss, 4),
        }
        accuracies, groups = {}, {}
        for name, plates in sets.items():
            correct = correct_plates(self.averaged, plates, self.device)
            accuracies[name] = round(float(correct.mean()), 4)
            record[f"{name}_accuracy"] = accuracies[name]
            groups[name] = accuracy_by_group(plates, correct)
        log_path = self.config.output / "log.jsonl"
        with log_path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        report = json.dumps(record | {"groups": groups}, ensure_ascii=False, indent=1)
        (self.config.output / "validation.json").write_text(report, encoding="utf-8")
        draw_curves(log_path, self.config.output / "curves.png")
        return accuracies

    def _train_step(self, images: Tensor, targets: Tensor, lengths: Tensor) -> float:
        self.network.train()
        inputs = self._inputs(images)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(inputs)
        scores = logits.float().permute(2, 0, 1).log_softmax(-1)
        steps = torch.full((len(images),), scores.shape[0], dtype=torch.long)
        losses = nn.functional.ctc_loss(
            scores, targets, steps, lengths, blank=CHINESE_PLATES.blank, reduction="none", zero_infinity=True
        )
        loss = losses.mean()
        if self.teacher is not None:
            distance = _distance(scores, self._taught(inputs), _whole_plates(targets, lengths))
            loss = loss + self.config.teacher_weight * distance
        self._descend(loss)
        return float(loss.detach())

    def _taught(self, inputs: Tensor) -> Tensor:
        """Return the teacher's log probabilities, time steps x N x classes."""
        assert self.teacher is not None
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            logits: Tensor = self.teacher(inputs)
        return logits.float().permute(2, 0, 1).log_softmax(-1)

    def _inputs(self, images: Tensor) -> Tensor:
        """Normalise N x 24 x 94 x 3 uint8 BGR as the network wants it."""
        inputs = images.to(self.device, non_blocking=True).permute(0, 3, 1, 2).flip(1).float()
        mean, scale = (
            torch.tensor(values, device=self.device).view(3, 1, 1)
            for values in (PREPROCESSING.mean, PREPROCESSING.scale)
        )
        inputs = (inputs - mean) * scale
        return inputs.contiguous(memory_format=torch.channels_last)


def _whole_plates(targets: Tensor, lengths: Tensor) -> Tensor:
    """Tell of N samples which show a whole plate: 7 or 8 characters, all of them readable."""
    owners = torch.arange(len(lengths)).repeat_interleave(lengths)
    unreadable = torch.zeros(len(lengths), dtype=torch.bool)
    unreadable[owners[targets == CHINESE_PLATES.encode(UNREADABLE)[0]]] = True
    return (lengths >= 7) & ~unreadable


def _distance(scores: Tensor, taught: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence from what was taught, for the chosen samples."""
    distance = nn.functional.kl_div(scores[:, chosen], taught[:, chosen], log_target=True, reduction="sum")
    return distance / max(1, int(chosen.sum()))
