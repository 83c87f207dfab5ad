"""``lpr_train``, ``lpr_average``, ``lpr_export``, ``lpr_confidence``: from pictures to a model."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.sources.labelled import LabelledDataError


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
    """Write a checkpoint's averaged weights as ONNX, with manifest and self-test; or check an ONNX file."""
    parser = argparse.ArgumentParser(
        prog="lpr_export",
        description="Export a checkpoint to ONNX, or check that an ONNX file fits a board.",
        usage="%(prog)s CHECKPOINT --output MODEL.onnx --self-test PLATE.png [--target bpu]\n"
        "       %(prog)s MODEL.onnx --target bpu --output BOARD.onnx\n"
        "       %(prog)s MODEL.onnx --check bpu",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="checkpoint of lpr_train or LPRNet_Pytorch, or an .onnx file with its manifest beside it",
    )
    parser.add_argument("--output", type=Path, help="the .onnx file to write")
    parser.add_argument(
        "--self-test",
        type=Path,
        help="picture of a plate, named PLATE.png, that the network reads; it is copied beside the model",
    )
    parser.add_argument(
        "--target",
        choices=("onnx", "bpu"),
        default="onnx",
        help="bpu: for the compiler of the RDK X5, four-dimensional throughout, in operators that the BPU "
        "computes; an .onnx file needs no PyTorch for that (default: onnx)",
    )
    parser.add_argument(
        "--check",
        choices=("bpu",),
        help="name each operator that would fall to the CPU of an RDK X5, and write nothing; "
        "exit status 1 if there is any",
    )
    options = parser.parse_args(arguments)
    if options.check is not None:
        return _run("lpr_export", lambda: _check_bpu(options.file))
    is_onnx = options.file.suffix.lower() == ".onnx"
    if is_onnx and options.target != "bpu":
        parser.error("an .onnx file is exported already: --target bpu or --check bpu")
    if options.output is None or (options.self_test is None) != is_onnx:
        needed = "--output, which brings its self-test along" if is_onnx else "--output and --self-test"
        parser.error(f"{'an .onnx file' if is_onnx else 'a checkpoint'} needs {needed}")

    def run() -> None:
        if not is_onnx:
            from lprnet_ros.training.export import export_checkpoint

            manifest = export_checkpoint(options.file, options.output, options.self_test)
        if options.target == "bpu":
            from lprnet_ros.toolchain.board_export import export_for_bpu

            manifest = export_for_bpu(options.file if is_onnx else options.output, options.output)
        print(f"wrote {options.output} and {manifest}")

    return _run("lpr_export", run)


def average(arguments: list[str] | None = None) -> int:
    """Write the mean of several runs' weights as a checkpoint."""
    parser = argparse.ArgumentParser(
        prog="lpr_average", description="Average the weights of runs that went on from each other."
    )
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="or .onnx file")
    parser.add_argument(
        "--shares", nargs="+", type=float, metavar="SHARE", help="of each in the mean (default: all the same)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the checkpoint to write")
    options = parser.parse_args(arguments)

    def run() -> None:
        from lprnet_ros.training.averaging import average_checkpoints

        average_checkpoints(options.checkpoints, options.output, options.shares)
        print(f"wrote {options.output}, the mean of {len(options.checkpoints)}")

    return _run("lpr_average", run)


def confidence(arguments: list[str] | None = None) -> int:
    """Fit what turns a model's logits into a confidence that is the share of right readings."""
    try:
        from lprnet_ros.training.confidence import add_arguments, write_calibration
    except ModuleNotFoundError as error:
        print(f"lpr_confidence: needs {error.name}; pip install 'lprnet_ros[training]'", file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="lpr_confidence",
        description="Fit a model's calibration to labelled crops, and write it into its manifest.",
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)

    def run() -> None:
        found = write_calibration(options)
        print(f"temperature {found.temperature}, class_bias {dict(found.class_bias)}")

    return _run("lpr_confidence", run)


def _check_bpu(model: Path) -> int:
    """Print what would leave the BPU, and return the exit status."""
    from lprnet_ros.toolchain.operator_check import check_bpu

    found = check_bpu(model)
    for operator in found:
        print(f"{operator.operator:12} {operator.node}: {operator.reason}")
    if found:
        print(f"{model}: operators that would run on the CPU of an RDK X5: {len(found)}")
        return 1
    print(f"{model}: every operator can run on the BPU of an RDK X5")
    return 0


def _run(program: str, work: Callable[[], int | None]) -> int:
    """Do the work and return its exit status; the user's errors become one line on stderr and 1."""
    try:
        return work() or 0
    except ModuleNotFoundError as error:
        extra = "onnx" if error.name == "onnx" else "'lprnet_ros[training]'"
        print(f"{program}: needs {error.name}; pip install {extra}", file=sys.stderr)
        return 1
    except (ManifestError, LabelledDataError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
