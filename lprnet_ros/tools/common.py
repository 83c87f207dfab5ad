"""What the command-line tools share: the model options, and errors as one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from lprnet_ros.ctc import LogitsError
from lprnet_ros.labelled import LabelledDataError
from lprnet_ros.model import ManifestError
from lprnet_ros.recognizer import PlateRecognizer, SelfTestError
from lprnet_ros.runtimes import RUNTIME_NAMES, InferenceError, RuntimeUnavailableError

USER_ERRORS = (
    LabelledDataError,
    ManifestError,
    SelfTestError,
    RuntimeUnavailableError,
    InferenceError,
    LogitsError,
)
"""Errors whose message tells the user all; a traceback would only hide it."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``, ``--runtime`` to a parser."""
    parser.add_argument(
        "--model", type=Path, help="model file with its manifest beside it (default: bundled)"
    )
    parser.add_argument("--runtime", choices=RUNTIME_NAMES, default="auto", help="default: auto")


def open_recognizer(options: argparse.Namespace, *, threads: int = 1) -> PlateRecognizer:
    """Open the model that the options name."""
    return PlateRecognizer.open(options.model, options.runtime, threads=threads)


def run(command: Callable[[], int]) -> int:
    """Run a command; errors of the user become one line on stderr and exit status 1.

    Args:
        command: does the work and returns the exit status.
    """
    try:
        return command()
    except USER_ERRORS as error:
        print(f"{Path(sys.argv[0]).name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
