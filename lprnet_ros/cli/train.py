"""``lpr_train``: train a network."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from lprnet_ros.cli.common import run
from lprnet_ros.text.console import program


@program("lpr_train")
def main(arguments: list[str] | None = None) -> int:
    """Train a network as a YAML says; an interrupted run continues where it stopped."""
    parser = argparse.ArgumentParser(prog="lpr_train", description="Train the plate network.")
    parser.add_argument("config", type=Path, help="YAML with the fields of TrainingConfig: config/train.yaml")
    parser.add_argument("--output", help="folder for checkpoints, instead of the YAML's")
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of the YAML's")
    parser.add_argument(
        "--threads", type=int, help="CPU threads of the optimiser (default: PyTorch's choice)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return run("lpr_train", lambda: _train(options))


def _train(options: argparse.Namespace) -> int:
    from lprnet_ros.training.trainer import Trainer, load_config

    overrides = {name: value for name in ("output", "steps") if (value := getattr(options, name)) is not None}
    accuracy = Trainer(load_config(options.config, overrides), threads=options.threads).run()
    print(f"held-out plates read: {accuracy:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
