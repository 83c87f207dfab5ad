"""``lpr_calibrate``: write the calibration samples for the board's compiler."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import add_selection_options, calibration_crops, parse, run
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import ModelManifest
from lprnet_ros.text.console import program
from lprnet_ros.toolchain.calibration_samples import index_path, verify_set, write_set
from lprnet_ros.toolchain.compiler_yaml import (
    HbMapperConfig,
    HbMapperError,
    check_against_manifest,
    load_config,
)
from lprnet_ros.toolchain.model_answers import samples_for

_USUAL_COUNT = 100
"""What the vendor's documentation asks for."""


@program("lpr_calibrate")
def main(arguments: list[str] | None = None) -> int:
    """Write samples as a YAML of hb_mapper says, or verify those that are there."""
    parser = argparse.ArgumentParser(
        prog="lpr_calibrate",
        description="Write the calibration samples for hb_mapper, the compiler of the RDK X5: one raw file "
        "a sample, exactly as its YAML says.",
    )
    parser.add_argument("--config", type=Path, required=True, help="YAML of hb_mapper makertbin")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for the samples alone; their index is written beside it, as FOLDER.index.json",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="crops: a folder, or a CSV with the columns file and label, of which only plates of the "
        "training side are used unless --split says otherwise; pictures without a plate are left out; for a "
        "finder pictures are drawn around the crops, or whole pictures",
    )
    parser.add_argument(
        "--model", default="", help="model whose manifest the YAML must fit (default: lprnet.onnx)"
    )
    parser.add_argument(
        "--count", type=int, default=_USUAL_COUNT, help=f"samples at most (default: {_USUAL_COUNT})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of crops (default: 0)")
    parser.add_argument("--verify", action="store_true", help="check the samples in OUTPUT; write nothing")
    add_selection_options(parser, default=None)
    options = parse(parser, arguments)
    if options.count < 1:
        parser.error("--count: expected at least 1")
    if options.verify == (options.data is not None):
        parser.error("expected either --data, to write samples, or --verify")
    return run("lpr_calibrate", lambda: _calibrate(options))


def _calibrate(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    manifest = load_any_manifest(find_model(options.model))
    try:
        check_against_manifest(config, manifest)
    except HbMapperError as error:
        raise HbMapperError(f"{options.config}: {error}") from error
    if options.verify:
        count = verify_set(options.output, config, manifest)
        print(f"{options.output}: all {count} samples are as they were written, and fit {options.config}")
        return 0
    crops = calibration_crops(options.data, options.count, options.seed, options.split, options.without)
    samples = samples_for(manifest, crops, options.count)
    found = len(samples)
    if found < _USUAL_COUNT:
        print(
            f"lpr_calibrate: {found} samples; the vendor's documentation asks for about {_USUAL_COUNT}",
            file=sys.stderr,
        )
    count = write_set(options.output, samples, config, manifest)
    print(f"wrote {count} samples, {_describe(config, manifest)}, to {options.output}")
    print(f"wrote {index_path(options.output)}")
    if Path(config.calibration_folder).name != options.output.name:
        print(f"{options.config} looks in {config.calibration_folder}: move them there, or change it")
    return 0


def _describe(config: HbMapperConfig, manifest: ModelManifest) -> str:
    rule = manifest.input
    values = rule.formula if config.samples_are_normalised else "0 to 255"
    shape = "x".join(map(str, manifest.input.shape))
    return f"{shape} {config.sample_dtype} {config.layout_train} {rule.channel_order} {values}"


if __name__ == "__main__":
    sys.exit(main())
