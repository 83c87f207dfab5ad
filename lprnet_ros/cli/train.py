"""``lpr_train``: train the network that reads plates, or the one that finds them."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from lprnet_ros.cli.common import parse, run
from lprnet_ros.text.console import program


@program("lpr_train")
def main(arguments: list[str] | None = None) -> int:
    """Train a network as a YAML says; an interrupted run continues where it stopped."""
    parser = argparse.ArgumentParser(
        prog="lpr_train", description="Train the plate reader or the plate finder."
    )
    parser.add_argument("config", type=Path, help="YAML of a run: config/train.yaml or config/finder.yaml")
    parser.add_argument("--output", help="folder for checkpoints, instead of the YAML's")
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of the YAML's")
    parser.add_argument(
        "--threads", type=int, help="CPU threads of the optimiser (default: PyTorch's choice)"
    )
    options = parse(parser, arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return run("lpr_train", lambda: _train(options))


def _train(options: argparse.Namespace) -> int:
    from lprnet_ros.training.finder.finder_trainer import FinderTrainer
    from lprnet_ros.training.finder.training_file import is_finder_training, load_finder_training
    from lprnet_ros.training.trainer import Trainer, load_config

    overrides = {name: value for name in ("output", "steps") if (value := getattr(options, name)) is not None}
    if is_finder_training(options.config):
        trainer = FinderTrainer(load_finder_training(options.config, overrides), threads=options.threads)
        found = trainer.run()
        print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items()))
        return 0
    accuracy = Trainer(load_config(options.config, overrides), threads=options.threads).run()
    print(f"held-out plates read: {accuracy:.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
