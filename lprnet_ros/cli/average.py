"""``lpr_average``: average the weights of training runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import parse, run
from lprnet_ros.text.console import program


@program("lpr_average")
def main(arguments: list[str] | None = None) -> int:
    """Write the mean of several runs' weights as a checkpoint."""
    parser = argparse.ArgumentParser(
        prog="lpr_average", description="Average the weights of runs that continued from each other."
    )
    parser.add_argument(
        "checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="of lpr_train, or an .onnx file"
    )
    parser.add_argument(
        "--shares", nargs="+", type=float, metavar="SHARE", help="of each in the mean (default: all the same)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the checkpoint to write")
    options = parse(parser, arguments)
    return run("lpr_average", lambda: _average(options))


def _average(options: argparse.Namespace) -> int:
    from lprnet_ros.training.averaging import average_checkpoints

    average_checkpoints(options.checkpoints, options.output, options.shares)
    print(f"wrote {options.output}, the mean of {len(options.checkpoints)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
