"""Trains the finder: one YAML, one seed, checkpoints from which a run goes on."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from lprnet_ros.training.curves import draw_curves
from lprnet_ros.training.finder.finder_loss import loss_of
from lprnet_ros.training.finder.finder_net import FinderNet
from lprnet_ros.training.finder.finder_validation import LabelledPictures, load_labelled, validate
from lprnet_ros.training.finder.scene_stream import PREPROCESSING, SceneStream, load_ingredients
from lprnet_ros.training.finder.training_file import FinderTraining
from lprnet_ros.training.run_state import RunState

log = logging.getLogger(__name__)

_LOSS_WEIGHTS = {"score": 1.0, "corners": 10.0, "width": 2.0, "rows": 0.4}


class FinderTrainer(RunState[FinderNet]):
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
        network = FinderNet().to(self.device, memory_format=torch.channels_last)
        if config.initial is not None:
            start = torch.load(config.initial, map_location=self.device, weights_only=True)
            network.load_state_dict(start["averaged"])
        super().__init__(
            network,
            config.output,
            steps=config.steps,
            learning_rate=config.learning_rate,
            rise=0.08,
            weight_decay=config.weight_decay,
            ema_decay=config.ema_decay,
            config=asdict(config),
        )
        self._resume(self.device)

    def run(self) -> Mapping[str, float]:
        """Train to the end, validating, logging and saving on the way; return the last validation."""
        config = self.config
        ingredients = load_ingredients(config)
        chosen = load_labelled(config.frames, "choose")
        loader = DataLoader(
            SceneStream(ingredients, config, self.step),
            batch_size=None,
            num_workers=config.workers,
            prefetch_factor=4 if config.workers else None,
        )
        progress = tqdm(total=config.steps, initial=self.step, mininterval=10.0)
        started = time.monotonic() - self.seconds
        sums: defaultdict[str, float] = defaultdict(float)
        since = self.step
        result: Mapping[str, float] = {}
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
        return result or validate(self.averaged, chosen)  # a finished run was started again

    def _train_step(self, pictures: Tensor, targets: Tensor) -> dict[str, float]:
        self.network.train()
        inputs = normalised(pictures.to(self.device, non_blocking=True))
        with torch.autocast(self.device.type, torch.bfloat16):
            features = self.network.features(inputs)
        answer = self.network.answer(features.float())  # bfloat16 would round widths to a hundredth
        losses = loss_of(answer, targets.to(self.device, non_blocking=True))
        total = torch.stack([weight * losses[name] for name, weight in _LOSS_WEIGHTS.items()]).sum()
        self._descend(total)
        return {"loss": float(total.detach())} | {
            name: float(value.detach()) for name, value in losses.items()
        }

    def _validate(self, pictures: LabelledPictures, losses: Mapping[str, float]) -> Mapping[str, float]:
        """Search the pictures of role ``choose`` with the averaged weights; log it and draw the curves."""
        result = validate(self.averaged, pictures)
        record = {"step": self.step, "minutes": round(self.seconds / 60, 1), **losses, **result}
        log_path = self.config.output / "log.jsonl"
        with log_path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        draw_curves(log_path, self.config.output / "curves.png")
        return result


def normalised(pictures: Tensor) -> Tensor:
    """Turn N x H x W x 3 uint8 BGR into what the network wants."""
    inputs = pictures.permute(0, 3, 1, 2).flip(1).float()
    mean, scale = (
        torch.tensor(values, device=inputs.device).view(3, 1, 1)
        for values in (PREPROCESSING.mean, PREPROCESSING.scale)
    )
    return ((inputs - mean) * scale).contiguous(memory_format=torch.channels_last)
