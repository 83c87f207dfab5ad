"""``lpr_compile``: make a model for the BPU of an RDK X5, and compare it with the float one."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from lprnet_ros.cli.common import add_selection_options, calibration_crops, parse, run
from lprnet_ros.models.derive import companion_copies
from lprnet_ros.models.find import find_model
from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import FinderManifest, manifest_path
from lprnet_ros.text.console import program
from lprnet_ros.toolchain.compiler_log import Layer
from lprnet_ros.toolchain.compiler_yaml import HbMapperError

_USUAL_COUNT = 100
_SEED = 0
"""Of the choice of crops: the same crops, the same model."""


@program("lpr_compile")
def main(arguments: list[str] | None = None) -> int:
    """Compile, print and save the table of the nodes, and say how the result compares."""
    parser = argparse.ArgumentParser(
        prog="lpr_compile",
        description="Make the .bin of a network for the BPU of an RDK X5: export, calibrate, compile, "
        "simulate and compare. Needs the vendor's compiler: 'make board' installs it and runs this.",
    )
    parser.add_argument("model", metavar="MODEL", help="float .onnx with its manifest beside it, or its name")
    parser.add_argument("--config", type=Path, required=True, help="YAML of hb_mapper makertbin")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="crops to calibrate and compare with: a folder, or a CSV with the columns file and label, of "
        "which only plates of the training side are used unless --split says otherwise; for a finder "
        "pictures are drawn around them, or whole pictures",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .bin to write, with a manifest")
    parser.add_argument(
        "--count", type=int, default=_USUAL_COUNT, help=f"crops or pictures at most (default: {_USUAL_COUNT})"
    )
    add_selection_options(parser, default=None)
    options = parse(parser, arguments)
    if options.count < 1:
        parser.error("--count: expected at least 1")
    return run("lpr_compile", lambda: _compile(options))


def _compile(options: argparse.Namespace) -> int:
    from lprnet_ros.toolchain.model_answers import samples_for
    from lprnet_ros.toolchain.vendor_compiler import compile_model

    output, table = options.output, options.output.with_suffix(".csv")
    if output.suffix != ".bin" or not output.parent.is_dir():
        raise HbMapperError(f"--output {output}: expected a name that ends in .bin, in a folder that exists")
    model = find_model(options.model)
    companion_copies(model, output)  # says now what it would say after minutes
    crops = calibration_crops(options.data, options.count, _SEED, options.split, options.without)
    manifest = load_any_manifest(model)
    made, found = compile_model(model, options.config, samples_for(manifest, crops, options.count), output)
    _write_table(table, made.layers)
    _print_table(made.layers)
    on_bpu = sum(layer.device == "BPU" for layer in made.layers)
    print(f"\nnodes on the BPU: {on_bpu} of {len(made.layers)}, parts: {made.parts}; {made.compiler}")
    print(
        f"estimated by the compiler, for the BPU alone: {made.estimated_us} us an inference, "
        f"{1e6 / made.estimated_us:.0f} a second, {made.ddr_bytes} bytes of memory traffic"
    )
    print(f"cosine of the output, by the compiler: {made.output_cosine:.6f}")
    is_finder = isinstance(manifest, FinderManifest)
    alike = f"{'plates found' if is_finder else 'read'} as by the float network: {found.alike}"
    print(
        f"compared on {found.samples} {'pictures' if is_finder else 'crops'}: compiled instructions equal "
        f"the quantised graph bit by bit on {found.identical}; {alike}; cosine of the output: mean "
        f"{sum(found.cosines) / found.samples:.6f}, worst {min(found.cosines):.6f}"
    )
    print(f"wrote {output}, {manifest_path(output)} and {table}")
    return 0


def _print_table(layers: Sequence[Layer]) -> None:
    width = max(len(layer.node) for layer in layers) + 2
    print(f"{'node':{width}}{'device':8}{'type':20}{'cosine':>9}{'threshold':>11}  dtype")
    for layer in layers:
        cosine = "" if layer.cosine is None else f"{layer.cosine:.6f}"
        threshold = "" if layer.threshold is None else f"{layer.threshold:.4f}"
        print(f"{layer.node:{width}}{layer.device:8}{layer.kind:20}{cosine:>9}{threshold:>11}  {layer.dtype}")


def _write_table(path: Path, layers: Sequence[Layer]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("node", "device", "type", "cosine_similarity", "threshold", "dtype"))
        for each in layers:
            writer.writerow((each.node, each.device, each.kind, each.cosine, each.threshold, each.dtype))


if __name__ == "__main__":
    sys.exit(main())
