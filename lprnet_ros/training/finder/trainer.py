"""Trains the finder: one YAML, one seed, checkpoints from which a run goes on."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from tqdm import tqdm

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.text.fields import FieldError, read_yaml
from lprnet_ros.training.curves import draw_curves
from lprnet_ros.training.finder.network import FinderNet
from lprnet_ros.training.finder.pictures import TrainingPicture, load_pictures
from lprnet_ros.training.finder.plate_bank import foreign_plates, real_plates, rendered_plates
from lprnet_ros.training.finder.scenes import Ingredients, SceneComposer, SceneShares
from lprnet_ros.training.finder.targets import loss_of, targets_of
from lprnet_ros.training.finder.validation import validate
from lprnet_ros.training.glyphs import default_font, glyphs_from_font, load_glyph_styles

log = logging.getLogger(__name__)

PREPROCESSING = TensorSpec.picture(
    channel_order="rgb", mean=127.5, scale=1 / 127.5, width=640, height=384, name="image"
)
"""How the finder wants its input."""

_LOSS_WEIGHTS = {"score": 1.0, "corners": 6.0, "width": 0.5, "rows": 0.2}


@dataclass(frozen=True)
class FinderTraining:
    """Everything a run depends on; the YAML holds the same names.

    Attributes:
        frames: CSV of pictures with the corners of their plates.
        background: CSV of pictures without a plate.
        plates: CSV of plates cut out, to paint into pictures, or None.
        glyphs: folder of glyph pictures; None draws with the open font alone.
        output: folder for checkpoints and the log.
        steps: optimiser steps.
        tile: height and width of most training pictures; multiples of 32.
        batch_size: pictures of that size a step.
        whole_every: each so many steps a batch of the size of the real input, with as many pixels.
        learning_rate: the peak of the one-cycle schedule.
        weight_decay: of AdamW.
        ema_decay: of the averaged weights that are validated and exported.
        drawn_plates: plates that are rendered before the start.
        shares: how often what is composed.
        validate_every: steps between validations.
        workers: processes that compose pictures.
        seed: of weights and pictures.
        initial: checkpoint whose averaged weights are the start, or None.
    """

    frames: Path
    background: Path
    plates: Path | None = None
    glyphs: Path | None = None
    output: Path = Path("runs/finder")
    steps: int = 12000
    tile: tuple[int, int] = (256, 384)
    batch_size: int = 24
    whole_every: int = 5
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    ema_decay: float = 0.998
    drawn_plates: int = 1500
    shares: SceneShares = field(default_factory=SceneShares)
    validate_every: int = 500
    workers: int = 1
    seed: int = 1
    initial: Path | None = None


def load_training(path: Path, overrides: dict[str, object] | None = None) -> FinderTraining:
    """Read a YAML with the fields of ``FinderTraining``; paths are relative to the working folder.

    Raises:
        ManifestError: it is no YAML, or a name or a number in it is wrong.
    """
    try:
        values = dict(read_yaml(path) or {}) | (overrides or {})
    except FieldError as error:
        raise ManifestError(str(error)) from error
    unknown = sorted(set(values) - {each.name for each in fields(FinderTraining)})
    if unknown:
        raise ManifestError(f"{path}: unknown {', '.join(unknown)}")
    for name in ("frames", "background", "plates", "glyphs", "output", "initial"):
        if values.get(name) is not None:
            values[name] = Path(str(values[name]))
    try:
        values["shares"] = SceneShares(**values.get("shares", {}))
        values["tile"] = tuple(values.get("tile", (256, 384)))
        config = FinderTraining(**values)
    except TypeError as error:
        raise ManifestError(f"{path}: {error}") from error
    for name, least in (("steps", 4), ("batch_size", 1), ("whole_every", 1), ("validate_every", 1)):
        if not isinstance(getattr(config, name), int) or getattr(config, name) < least:
            raise ManifestError(f"{path}: {name} is {getattr(config, name)!r}, expected at least {least}")
    if any(side % 32 for side in config.tile):
        raise ManifestError(f"{path}: tile is {config.tile}, expected multiples of 32")
    return config


class SceneStream(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches: pictures N x H x W x 3 uint8 BGR, and what the network should answer.

    Args:
        ingredients: pictures and plates.
        config: sizes and shares.
        first_step: of the first batch; decides its size and its randomness.
    """

    def __init__(self, ingredients: Ingredients, config: FinderTraining, first_step: int) -> None:
        self._ingredients = ingredients
        self._config = config
        self._first_step = first_step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Compose batches, each worker its own."""
        config, worker = self._config, get_worker_info()
        step = self._first_step + (worker.id if worker else 0)
        while True:
            generator = np.random.default_rng((config.seed, step))
            composer = SceneComposer(self._ingredients, config.shares, generator)
            height, width = config.tile
            count = config.batch_size
            if step % config.whole_every == 0:
                pixels = height * width * count
                height, width = PREPROCESSING.height, PREPROCESSING.width
                count = max(1, round(pixels / (height * width)))
            made = [composer.compose(height, width) for _ in range(count)]
            targets = np.stack([targets_of(plates, height, width) for _, plates in made])
            yield torch.from_numpy(np.stack([picture for picture, _ in made])), torch.from_numpy(targets)
            step += worker.num_workers if worker else 1


class FinderTrainer:
    """One training run.

    Args:
        config: what to do; an existing checkpoint in its output folder is continued.
        threads: CPU threads of the optimiser; None is PyTorch's choice.
    """

    def __init__(self, config: FinderTraining, *, threads: int | None = None) -> None:
        self.config = config
        if threads is not None:
            torch.set_num_threads(threads)
        torch.manual_seed(config.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = FinderNet().to(self.device, memory_format=torch.channels_last)
        if config.initial is not None:
            start = torch.load(config.initial, map_location=self.device, weights_only=True)
            self.network.load_state_dict(start["averaged"])
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, config.learning_rate, total_steps=config.steps, pct_start=0.08
        )
        self.step = 0
        self.seconds = 0.0
        config.output.mkdir(parents=True, exist_ok=True)
        self.checkpoint = config.output / "checkpoint.pt"
        if self.checkpoint.exists():
            self._resume()

    def run(self) -> dict[str, float]:
        """Train to the end, validating, logging and saving on the way; return the last validation."""
        config = self.config
        ingredients = load_ingredients(config)
        chosen = load_pictures(config.frames, "choose")
        loader = DataLoader(
            SceneStream(ingredients, config, self.step),
            batch_size=None,
            num_workers=config.workers,
            prefetch_factor=4 if config.workers else None,
        )
        progress = tqdm(total=config.steps, initial=self.step, mininterval=10.0)
        started = time.monotonic() - self.seconds
        sums: Counter[str] = Counter()
        since = self.step
        result: dict[str, float] = {}
        for pictures, targets in loader:
            if self.step >= config.steps:
                break
            for name, value in self._train_step(pictures, targets).items():
                sums[name] += value
            progress.update()
            if self.step % config.validate_every == 0 or self.step == config.steps:
                self.seconds = time.monotonic() - started
                losses = {name: round(total / (self.step - since), 4) for name, total in sums.items()}
                result = self._validate(chosen, losses)
                progress.write(f"step {self.step}: {losses} {result}")
                sums.clear()
                since = self.step
                self._save()
        progress.close()
        return result

    def _train_step(self, pictures: Tensor, targets: Tensor) -> dict[str, float]:
        self.network.train()
        inputs = normalised(pictures.to(self.device, non_blocking=True))
        with torch.autocast(self.device.type, torch.bfloat16):
            answer = self.network(inputs)
        losses = loss_of(answer, targets.to(self.device, non_blocking=True))
        total = torch.stack([weight * losses[name] for name, weight in _LOSS_WEIGHTS.items()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        self._average()
        return {"loss": float(total.detach())} | {name: float(value.detach()) for name, value in losses.items()}

    def _validate(self, pictures: list[TrainingPicture], losses: dict[str, float]) -> dict[str, float]:
        """Search the pictures of role ``choose`` with the averaged weights; log it and draw the curves."""
        result = validate(self.averaged, pictures, PREPROCESSING, self.device)
        record = {"step": self.step, "minutes": round(self.seconds / 60, 1)} | losses | result
        log_path = self.config.output / "log.jsonl"
        with log_path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        draw_curves(log_path, self.config.output / "curves.png")
        return result

    def _average(self) -> None:
        """Move the averaged weights; faster in the beginning, when weights still run."""
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            current = self.network.state_dict()
            for name, mean in self.averaged.state_dict().items():
                if mean.dtype.is_floating_point:
                    mean.lerp_(current[name], 1 - decay)
                else:
                    mean.copy_(current[name])

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "config": {name: str(value) for name, value in asdict(self.config).items()},
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step, self.seconds = state["step"], state["seconds"]
        log.info("going on from step %d of %s", self.step, self.checkpoint)


def load_ingredients(config: FinderTraining) -> Ingredients:
    """Load the pictures that may be trained on, and draw the plates that are painted into them."""
    generator = np.random.default_rng(config.seed)
    styles = load_glyph_styles(config.glyphs) if config.glyphs is not None else []
    styles += [glyphs_from_font(default_font())]
    pictures = [each for each in load_pictures(config.frames, "train") if each.plates]
    sources = Counter(_source(each) for each in pictures)
    weights = np.array([sources[_source(each)] ** -0.5 for each in pictures])
    return Ingredients(
        pictures,
        weights / weights.sum(),
        load_pictures(config.background, "train"),
        real_plates(config.plates) if config.plates is not None else [],
        rendered_plates(styles, config.drawn_plates, generator),
        foreign_plates(styles, config.drawn_plates // 2, generator),
    )


def normalised(pictures: Tensor) -> Tensor:
    """Turn N x H x W x 3 uint8 BGR into what the network wants."""
    inputs = pictures.permute(0, 3, 1, 2).flip(1).float()
    mean, scale = (
        torch.tensor(values, device=inputs.device).view(3, 1, 1)
        for values in (PREPROCESSING.mean, PREPROCESSING.scale)
    )
    return ((inputs - mean) * scale).contiguous(memory_format=torch.channels_last)


def _source(picture: TrainingPicture) -> str:
    return picture.name.rsplit("_", 1)[0]
