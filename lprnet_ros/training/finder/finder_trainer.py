"""Trains the finder: one YAML, one seed, checkpoints from which a run goes on."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from lprnet_ros.training.curves import draw_curves
from lprnet_ros.training.finder.finder_loss import loss_of
from lprnet_ros.training.finder.finder_net import FinderNet
from lprnet_ros.training.finder.finder_validation import LabelledPictures, load_labelled, validate
from lprnet_ros.training.finder.scene_stream import PREPROCESSING, SceneStream, load_ingredients
from lprnet_ros.training.finder.training_file import FinderTraining

log = logging.getLogger(__name__)

_LOSS_WEIGHTS = {"score": 1.0, "corners": 10.0, "width": 2.0, "rows": 0.4}


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
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        self._average()
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


def normalised(pictures: Tensor) -> Tensor:
    """Turn N x H x W x 3 uint8 BGR into what the network wants."""
    inputs = pictures.permute(0, 3, 1, 2).flip(1).float()
    mean, scale = (
        torch.tensor(values, device=inputs.device).view(3, 1, 1)
        for values in (PREPROCESSING.mean, PREPROCESSING.scale)
    )
    return ((inputs - mean) * scale).contiguous(memory_format=torch.channels_last)
