"""``lpr_read``: read plate crops from files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import add_model_options, open_recognizer, run
from lprnet_ros.sources.labelled import LabelledDataError, list_images, read_image, skipped_images


def main(arguments: list[str] | None = None) -> int:
    """Print ``file<TAB>text<TAB>confidence`` for every file."""
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
        files = list_images(path) if path.is_dir() else [path]
        skipped = skipped_images(path) if path.is_dir() else ""
        if skipped:
            print(f"lpr_read: {path}: {skipped}", file=sys.stderr)
        if not files:
            print(f"lpr_read: {path}: no pictures in this folder", file=sys.stderr)
            status = 1
        for file in files:
            try:
                reading = recognizer.read(read_image(file))
            except LabelledDataError as error:  # the other files are still read
                print(f"lpr_read: {error}", file=sys.stderr)
                status = 1
                continue
            print(f"{file}\t{reading.text}\t{reading.confidence:.4f}")
    recognizer.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
