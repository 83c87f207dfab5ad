"""``lpr_confidence``: fit a model's temperature, so that its confidence is the share of right readings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import add_selection_options, parse, run, selected_crops, tell_foreign_labels
from lprnet_ros.models.load import load_manifest
from lprnet_ros.text.console import program


@program("lpr_confidence")
def main(arguments: list[str] | None = None) -> int:
    """Fit temperature scaling, and write it into the model's manifest."""
    parser = argparse.ArgumentParser(
        prog="lpr_confidence",
        description="Fit a model's calibration to labelled crops, and write it into its manifest.",
    )
    parser.add_argument("model", type=Path, help="model file; its manifest is written anew")
    parser.add_argument("--data", type=Path, required=True, help="folder, or CSV with file and label")
    add_selection_options(parser, default="calibration")
    parser.add_argument(
        "--biased",
        default="",
        metavar="CHARACTERS",
        help="also fit a bias for each of these characters, such as the provinces, for a network that "
        "was trained on few of them",
    )
    options = parse(parser, arguments)
    return run("lpr_confidence", lambda: _fit(options))


def _fit(options: argparse.Namespace) -> int:
    from lprnet_ros.training.temperature_fit import write_calibration

    crops = selected_crops("lpr_confidence", options)
    tell_foreign_labels("lpr_confidence", options.data, crops, load_manifest(options.model))
    found = write_calibration(options.model, crops, biased=options.biased)
    print(f"temperature {found.temperature}, class_bias {dict(found.class_bias)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
