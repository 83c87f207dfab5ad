"""What every training run keeps: weights, their average, optimiser, schedule, and the file to go on from."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

log = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)

_MOST_GRADIENT = 5.0


class RunState(Generic[Network]):
    """The state of a run; its class goes on from ``checkpoint`` once it is ready.

    Args:
        network: what is trained, on its device.
        output: folder of the checkpoint; made where it is missing.
        steps: optimiser steps of the whole run.
        learning_rate: the peak of the one-cycle schedule.
        rise: share of the steps until that peak.
        weight_decay: of AdamW.
        ema_decay: of the averaged weights.
        config: what the run depends on; written into the checkpoint.
    """

    def __init__(
        self,
        network: Network,
        output: Path,
        *,
        steps: int,
        learning_rate: float,
        rise: float,
        weight_decay: float,
        ema_decay: float,
        config: Mapping[str, object],
    ) -> None:
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, learning_rate, total_steps=steps, pct_start=rise
        )
        self.step = 0
        self.seconds = 0.0
        self._ema_decay = ema_decay
        self._config = {name: str(value) for name, value in config.items()}
        output.mkdir(parents=True, exist_ok=True)
        self.checkpoint = output / "checkpoint.pt"

    def _descend(self, loss: Tensor) -> None:
        """Take one step down a loss, and move the averaged weights: faster in the beginning."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _MOST_GRADIENT)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        decay = min(self._ema_decay, (1 + self.step) / (10 + self.step))
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
            "config": self._config,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _resume(self, device: torch.device) -> None:
        """Go on from the checkpoint, where there is one."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step, self.seconds = state["step"], state["seconds"]
        log.info("going on from step %d of %s", self.step, self.checkpoint)
