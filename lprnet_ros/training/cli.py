"""``lpr_train`` and ``lpr_export``: from pictures to a model file with its manifest."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from lprnet_ros.labelled import LabelledDataError
from lprnet_ros.model import ManifestError


def train(arguments: list[str] | None = None) -> int:
    """Train a network as a YAML says; an interrupted run goes on where it was."""
    parser = argparse.ArgumentParser(prog="lpr_train", description="Train the plate network.")
    parser.add_argument("config", type=Path, help="YAML with the fields of TrainingConfig: config/train.yaml")
    parser.add_argument("--output", help="folder for checkpoints, instead of the YAML's")
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of the YAML's")
    parser.add_argument(
        "--threads", type=int, help="CPU threads of the optimiser (default: PyTorch's choice)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    overrides = {name: value for name in ("output", "steps") if (value := getattr(options, name)) is not None}

    def run() -> None:
        from lprnet_ros.training.trainer import Trainer, load_config

        accuracy = Trainer(load_config(options.config, overrides), threads=options.threads).run()
        print(f"held-out plates read: {accuracy:.2%}")

    return _run("lpr_train", run)


def export(arguments: list[str] | None = None) -> int:
    """Write a checkpoint's averaged weights as ONNX, with manifest and self-test."""
    parser = argparse.ArgumentParser(prog="lpr_export", description="Export a checkpoint to ONNX.")
    parser.add_argument("checkpoint", type=Path, help="checkpoint.pt of lpr_train")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument(
        "--self-test",
        type=Path,
        required=True,
        help="picture of a plate, named PLATE.png, that the network reads; it is copied beside the model",
    )
    options = parser.parse_args(arguments)

    def run() -> None:
        from lprnet_ros.training.export import export_checkpoint

        manifest = export_checkpoint(options.checkpoint, options.output, options.self_test)
        print(f"wrote {options.output} and {manifest}")

    return _run("lpr_export", run)


def _run(program: str, work: Callable[[], None]) -> int:
    """Do the work; the user's errors become one line on stderr and exit status 1."""
    try:
        work()
    except ModuleNotFoundError as error:
        print(f"{program}: needs {error.name}; pip install 'lprnet_ros[training]'", file=sys.stderr)
        return 1
    except (ManifestError, LabelledDataError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0
