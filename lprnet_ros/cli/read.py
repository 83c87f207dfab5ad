"""``lpr_read``: read plate crops from files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import add_model_options, open_recognizer, run, tell
from lprnet_ros.images.crop_shape import CUT_THE_PLATE_OUT, why_no_crop
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image, skipped_images
from lprnet_ros.text.console import program, system_problem
from lprnet_ros.text.escaping import LONGEST_PATH, one_line


@program("lpr_read")
def main(arguments: list[str] | None = None) -> int:
    """Print ``file<TAB>text<TAB>confidence<TAB>verdict`` for every file."""
    parser = argparse.ArgumentParser(prog="lpr_read", description="Read licence plates from crops.")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="image of one plate, or a folder of them"
    )
    add_model_options(parser)
    options = parser.parse_args(arguments)
    return run("lpr_read", lambda: _read(options))


def _read(options: argparse.Namespace) -> int:
    recognizer = open_recognizer(options)
    status = 0
    for path in options.files:
        try:
            files = _files(path)
        except (LabelledDataError, OSError) as error:  # the others are still read
            tell("lpr_read", [system_problem(error) if isinstance(error, OSError) else str(error)])
            status = 1
            continue
        for file in files:
            try:
                picture = read_image(file)
            except LabelledDataError as error:
                tell("lpr_read", [str(error)])
                status = 1
                continue
            if doubt := why_no_crop(picture.shape[1], picture.shape[0]):
                tell("lpr_read", [f"{file}: {doubt}; {CUT_THE_PLATE_OUT}"])
            reading = recognizer.read(picture)
            confidence = reading.confidence if reading.text else 0.0  # not the one that there is no plate
            name = one_line(str(file), LONGEST_PATH)
            print(f"{name}\t{reading.text}\t{confidence:.4f}\t{reading.verdict.value}")
    recognizer.close()
    return status


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files, skipped = list_images(path), skipped_images(path)
    if not files:
        raise LabelledDataError(f"{path}: no pictures in this folder{'; ' if skipped else ''}{skipped}")
    tell("lpr_read", [f"{path}: {skipped}"] if skipped else [])
    return files


if __name__ == "__main__":
    sys.exit(main())
