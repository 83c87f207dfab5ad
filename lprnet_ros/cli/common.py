"""What the commands share: options for models and data, and errors as one line."""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lprnet_ros.board.hrt_log import HrtLogError
from lprnet_ros.board.identity import NotAnRdkError
from lprnet_ros.board.performance import PerformanceError
from lprnet_ros.finding.plate_cells import CellsError
from lprnet_ros.models.download_error import DownloadError
from lprnet_ros.models.find import BUNDLED_MODEL, find_model
from lprnet_ros.models.manifest import ManifestError, RecognizerManifest
from lprnet_ros.plates.label import foreign_characters
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.decoding import DECODERS
from lprnet_ros.reading.recognizer import PlateRecognizer, ReadingRules, SelfTestError
from lprnet_ros.runtimes import RUNTIME_NAMES, InferenceError, RuntimeUnavailableError, default_model
from lprnet_ros.sources.labelled import (
    SPLITS,
    LabelledCrop,
    LabelledDataError,
    read_labelled,
    select,
    skipped_images,
)
from lprnet_ros.sources.labelled_bags import read_labelled_crops
from lprnet_ros.text.console import ROS_HINT
from lprnet_ros.text.escaping import LONGEST_PATH, one_line
from lprnet_ros.toolchain.calibration_samples import CalibrationSetError
from lprnet_ros.toolchain.compiler_yaml import HbMapperError


class UserError(Exception):
    """A command cannot do what it was asked for; the message tells the user why."""


USER_ERRORS = (
    UserError,
    LabelledDataError,
    ManifestError,
    SelfTestError,
    RuntimeUnavailableError,
    InferenceError,
    LogitsError,
    CellsError,
    HbMapperError,
    CalibrationSetError,
    DownloadError,
    HrtLogError,
    NotAnRdkError,
    PerformanceError,
)
"""Errors whose message tells the user everything; a traceback would only hide it."""

_MOST_NOTES = 10

_EXTRAS = {"onnx": "onnx"} | dict.fromkeys(
    ("torch", "PIL", "tqdm", "matplotlib", "cvttf_NotoSansCJK_Bold"), "'lprnet_ros[training]'"
)
"""What pip installs where a library is missing."""


def parse(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line, or answer a shell that asks what may stand there (extra ``completion``)."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    return parser.parse_args(arguments)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``, ``--runtime``, ``--decoder`` and ``--no-second-look`` to a parser."""
    parser.add_argument(
        "--model",
        default="",
        help="model file with its manifest beside it, or the name of a bundled or installed one "
        "(default: lprnet_x5.bin where a runtime for it is installed or named, else lprnet.onnx)",
    )
    parser.add_argument("--runtime", choices=RUNTIME_NAMES, default="auto", help="default: auto")
    parser.add_argument("--decoder", choices=DECODERS, default="syntax", help="default: syntax")
    parser.add_argument(
        "--no-second-look",
        action="store_true",
        help="never read an unsure crop again with its tilt taken out",
    )


def add_selection_options(parser: argparse.ArgumentParser, default: str | None = "all") -> None:
    """Add ``--split`` and ``--without``, which choose among the crops of ``--data``."""
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default=default,
        help="held-out: only plates that the trainer never sees (split plate-sha256/6); calibration and "
        "test are its halves: the confidence is fitted on the first alone"
        + (f" (default: {default})" if default else ""),
    )
    parser.add_argument(
        "--without",
        metavar="COLUMN=PATTERN",
        action="append",
        default=[],
        help="leave out the rows whose column fits a shell pattern; may be repeated",
    )


def selected_crops(program: str, options: argparse.Namespace) -> list[LabelledCrop]:
    """Read the crops of ``--data`` and choose among them as the options say; name what is left out.

    Raises:
        LabelledDataError: nothing is there, or nothing is left.
    """
    skipped = skipped_images(options.data) if options.data.is_dir() else ""
    tell(program, [f"{options.data}: {skipped}"] if skipped else [])
    crops = select(read_labelled_crops(options.data), options.split, options.without)
    labelled = [crop for crop in crops if crop.is_labelled]
    if crops and not labelled:
        raise LabelledDataError(
            f"{options.data}: no file is named by its plate, as 京A12345_1.jpg is; name them so, or write a "
            "CSV with the columns file and label"
        )
    if not labelled:
        raise LabelledDataError(f"{options.data}: no crop is left with --split and --without")
    unnamed = [crop for crop in crops if not crop.is_labelled]
    tell(program, [f"{crop.path}: left out, its name is no plate" for crop in unnamed])
    return labelled


def tell_foreign_labels(
    program: str, data: Path, crops: Sequence[LabelledCrop], manifest: RecognizerManifest
) -> None:
    """Name on stderr the labels that a model can never read, with their lines."""
    notes = []
    for crop in crops:
        if foreign := foreign_characters(crop.label, manifest.alphabet):
            where = f"{data}, line {crop.line}" if crop.line else str(crop.path)
            notes.append(
                f"{where}: the label {crop.label} holds {foreign}, which {manifest.name} cannot read"
            )
    tell(program, notes)


def tell(program: str, notes: Sequence[str]) -> None:
    """Print notes on stderr, one line each; of many only the first ones, and how many there are."""
    for note in notes[:_MOST_NOTES]:
        print(f"{program}: {one_line(note, LONGEST_PATH)}", file=sys.stderr)
    if len(notes) > _MOST_NOTES:
        print(f"{program}: and {len(notes) - _MOST_NOTES} more like this", file=sys.stderr)


def calibration_crops(
    data: Path, count: int, seed: int, split: str | None = None, without: Sequence[str] = ()
) -> list[LabelledCrop]:
    """Choose crops with a plate at random; the same seed chooses the same ones.

    Args:
        data: a folder, or a CSV, of which only plates of the training side are used unless a split is given.
        count: how many at most.
        seed: of the choice.
        split: one of ``SPLITS``.
        without: as of ``--without``.

    Raises:
        LabelledDataError: nothing is there, or nothing is left.
    """
    split = split or ("all" if data.is_dir() else "training")
    crops = [crop for crop in select(read_labelled(data), split, list(without)) if crop.label]
    if not crops:
        raise LabelledDataError(f"{data}: no crop with a plate is left that is not held out (split {split})")
    return random.Random(seed).sample(crops, min(count, len(crops)))


def open_recognizer(options: argparse.Namespace, *, threads: int = 1) -> PlateRecognizer:
    """Open the model that the options name, or the bundled one for the runtime."""
    model = find_model(options.model) if options.model else default_model(options.runtime)
    rules = ReadingRules(options.decoder, second_look=not options.no_second_look)
    try:
        return PlateRecognizer.open(model, options.runtime, threads=threads, rules=rules)
    except (ValueError, RuntimeError) as error:  # those of PlateRecognizer.open: each takes a sentence
        if options.model or model.name == BUNDLED_MODEL:
            raise
        way = f"to go on with the CPU: --runtime onnx --model {BUNDLED_MODEL}"
        raise type(error)(f"{error}; {way}") from error


def load_bench(name: str, option: str) -> Any:
    """Load a measurement, which only a checkout of the repository has, in its folder bench/.

    Args:
        name: of the module.
        option: that asks for it.

    Raises:
        UserError: there is no checkout around this package, or psutil or ROS 2 is missing.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "bench" / f"{name}.py").is_file():
        raise UserError(
            f"{option} needs a checkout of the lprnet_ros repository, whose folder bench/ holds it"
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as error:
        if error.name != "psutil":
            raise
        raise UserError(f"{option} needs psutil; install it with 'pip install psutil'") from error
    if option in ("--ros", "--soak") and importlib.util.find_spec("rclpy") is None:
        raise UserError(f"{option} needs rclpy; {ROS_HINT}")
    return module


def run(program: str, command: Callable[[], int]) -> int:
    """Run a command; an error of the user, or a missing library, becomes one line on stderr and status 1.

    Args:
        program: the command's name.
        command: does the work and returns the exit status.
    """
    try:
        return command()
    except USER_ERRORS as error:
        problem = " ".join(str(error).split())
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        problem = f"needs {error.name}; pip install {_EXTRAS[error.name]}"
    tell(program, [problem])
    return 1
