"""``lpr_quantize``: turn a float ONNX model into an 8-bit one, and show what that costs."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lprnet_ros.cli.common import add_selection_options, calibration_crops, parse, run, selected_crops
from lprnet_ros.cli.evaluate import measure
from lprnet_ros.evaluation.found import Matched, labelled_frames, match_found
from lprnet_ros.evaluation.metrics import score
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.images.camera_frame import BgrFrame
from lprnet_ros.models.derive import companion_copies, write_manifest_like
from lprnet_ros.models.load import load_any_manifest
from lprnet_ros.models.manifest import FinderManifest, ManifestError, manifest_path
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop, read_image, read_labelled, select
from lprnet_ros.text.console import program
from lprnet_ros.toolchain.model_answers import model_input, samples_for
from lprnet_ros.toolchain.quantization import PERCENTILE, NodeLoss, quantise

_SEED = 0
"""Of the choice of calibration crops: the same crops, the same model."""


@program("lpr_quantize")
def main(arguments: list[str] | None = None) -> int:
    """Quantise, print and save the table of the nodes, and measure both models."""
    parser = argparse.ArgumentParser(prog="lpr_quantize", description="Turn a float ONNX model into 8 bits.")
    parser.add_argument("--model", type=Path, required=True, help="float .onnx with its manifest beside it")
    parser.add_argument(
        "--calibration",
        type=Path,
        required=True,
        help="crops from which the ranges are taken: a folder, or a CSV with the columns file and label, "
        "of which only plates of the training side of the split are used; for a finder pictures are drawn "
        "around them, or whole pictures",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .onnx to write, with a manifest")
    parser.add_argument(
        "--samples", type=int, default=256, help="calibration crops or pictures at most (default: 256)"
    )
    parser.add_argument(
        "--table", type=Path, help="CSV of the losses by node (default: OUTPUT with the suffix .csv)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="measure the model before and after: folder or CSV, as for lpr_evaluate; for a finder a CSV "
        "that also has the columns x1, y1 to x4, y4",
    )
    add_selection_options(parser)
    options = parse(parser, arguments)
    if options.samples < 1:
        parser.error("--samples: expected at least 1")
    return run("lpr_quantize", lambda: _quantize(options))


def _quantize(options: argparse.Namespace) -> int:
    manifest = load_any_manifest(options.model)
    manifest.verify_file()
    table = options.table if options.table is not None else options.output.with_suffix(".csv")
    _check_outputs(options.model, options.output, table)
    companion_copies(options.model, options.output)  # says now what it would say after minutes
    calibration = calibration_crops(options.calibration, options.samples, _SEED)
    is_finder = isinstance(manifest, FinderManifest)
    measured: Sequence[LabelledCrop] = []
    if options.data is not None:
        measured = (
            select(read_labelled(options.data), options.split, options.without)
            if is_finder
            else selected_crops("lpr_quantize", options)
        )
    samples = samples_for(manifest, calibration, options.samples)
    tensors = [model_input(sample.read(), manifest, manifest.input) for sample in samples]
    percentile = None if is_finder else PERCENTILE
    losses = quantise(options.model, options.output, tensors, percentile=percentile)
    write_manifest_like(options.model, options.output)
    _write_table(table, losses)
    _print_table(losses)
    (_measure_finders if is_finder else _measure_readers)(options, measured)
    print(f"\nwrote {options.output}, {manifest_path(options.output)} and {table}")
    return 0


def _measure_readers(options: argparse.Namespace, measured: Sequence[LabelledCrop]) -> None:
    """Open the model before and after, which runs its self-test; read crops with both, if there are any."""
    if measured:
        print(f"\n{'':24}{'plates':>8}{'correct':>9}{'accuracy':>10}{'ms':>8}")
    for name, model in (("float", options.model), ("8 bits", options.output)):
        recognizer = PlateRecognizer.open(model)
        if measured:
            part = score(measure("lpr_quantize", recognizer, measured).outcomes)
            print(f"{name:24}{part.plates:8}{part.correct:9}{part.accuracy:10.2%}{part.ms_per_plate:8.3f}")


def _measure_finders(options: argparse.Namespace, measured: Sequence[LabelledCrop]) -> None:
    """As ``_measure_readers``; the rows tell where the plates of whole pictures are."""
    frames = labelled_frames(measured)
    if frames:
        print(f"\n{'':24}{'plates':>8}{'found':>8}{'false':>8}{'recall':>10}{'precision':>11}")
    for name, model in (("float", options.model), ("8 bits", options.output)):
        finder = PlateFinder.open(model)
        matched = Matched()
        for path, plates in frames.items():
            matched += match_found(plates, finder.find(BgrFrame(partial(read_image, path))))
        if frames:
            hits, false = len(matched.hits), len(matched.false)
            print(
                f"{name:24}{hits + len(matched.missed):8}{hits:8}{false:8}{matched.recall:10.2%}"
                f"{matched.precision:11.2%}"
            )


def _check_outputs(model: Path, output: Path, table: Path) -> None:
    if output.suffix != ".onnx" or output.resolve() == model.resolve():
        raise ManifestError(f"--output {output}: expected another name than the model's, ending in .onnx")
    for path in (output, table):
        if not path.parent.is_dir():
            raise ManifestError(f"{path}: there is no folder {path.parent}")


def _print_table(losses: Sequence[NodeLoss]) -> None:
    width = max(len(loss.node) for loss in losses) + 2
    print(f"{'node':{width}}{'type':12}{'cosine similarity':>18}{'threshold':>12}")
    for loss in losses:
        threshold = "float" if loss.threshold is None else f"{loss.threshold:.4f}"
        print(f"{loss.node:{width}}{loss.kind:12}{loss.cosine:18.6f}{threshold:>12}")


def _write_table(path: Path, losses: Sequence[NodeLoss]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("node", "type", "cosine_similarity", "threshold"))
        for loss in losses:
            threshold = "" if loss.threshold is None else f"{loss.threshold:.6g}"
            writer.writerow((loss.node, loss.kind, f"{loss.cosine:.6f}", threshold))


if __name__ == "__main__":
    sys.exit(main())
