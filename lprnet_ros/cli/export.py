"""``lpr_export``: write ONNX files, for any CPU or for the board, and check whether they fit the board."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lprnet_ros.cli.common import parse, run
from lprnet_ros.text.console import program


@program("lpr_export")
def main(arguments: list[str] | None = None) -> int:
    """Write averaged weights as ONNX, with manifest and self-test; or check an ONNX file."""
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
        help="picture of a plate, named PLATE.png, that the network reads, or for a finder a picture with "
        "plates; it is copied beside the model",
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
        help="name each operator that would run on the CPU of an RDK X5, and write nothing; "
        "exit status 1 if there is any",
    )
    options = parse(parser, arguments)
    if options.check is not None:
        return run("lpr_export", lambda: _check_bpu(options.file))
    is_onnx = options.file.suffix.lower() == ".onnx"
    if is_onnx and options.target != "bpu":
        parser.error("an .onnx file is exported already: --target bpu or --check bpu")
    if options.output is None or (options.self_test is None) != is_onnx:
        needed = "--output, which brings its self-test along" if is_onnx else "--output and --self-test"
        parser.error(f"{'an .onnx file' if is_onnx else 'a checkpoint'} needs {needed}")
    if options.output.suffix.lower() != ".onnx":
        parser.error(f"--output {options.output}: expected a name that ends in .onnx")
    return run("lpr_export", lambda: _export(options, is_onnx=is_onnx))


def _export(options: argparse.Namespace, *, is_onnx: bool) -> int:
    if not is_onnx:
        from lprnet_ros.training.checkpoint_export import export_checkpoint, load_state
        from lprnet_ros.training.finder.finder_export import export_finder, is_finder_checkpoint

        state = load_state(options.file)
        if is_finder_checkpoint(state):
            manifest = export_finder(state, options.output, options.self_test)
        else:
            manifest = export_checkpoint(options.file, options.output, options.self_test)
    if options.target == "bpu":
        from lprnet_ros.toolchain.board_export import export_for_bpu

        manifest = export_for_bpu(options.file if is_onnx else options.output, options.output)
    print(f"wrote {options.output} and {manifest}")
    return 0


def _check_bpu(model: Path) -> int:
    from lprnet_ros.toolchain.operator_check import check_bpu

    found = check_bpu(model)
    for operator in found:
        print(f"{operator.operator:12} {operator.node}: {operator.reason}")
    if found:
        print(f"{model}: operators that would run on the CPU of an RDK X5: {len(found)}")
        return 1
    print(f"{model}: every operator can run on the BPU of an RDK X5")
    return 0


if __name__ == "__main__":
    sys.exit(main())
