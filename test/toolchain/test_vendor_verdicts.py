"""The vendor's verdict on each of many small graphs, and that the check of this package agrees with it."""

import importlib
from importlib.util import find_spec

import pytest
from vendor_tools import in_board_environment, needs_vendor_tools

IS_THERE = find_spec("onnx") is not None
if IS_THERE:
    import onnx
    from operator_graphs import ALL, write_graph

    from lprnet_ros.toolchain.board_export import fit_for_bpu
    from lprnet_ros.toolchain.operator_check import check_bpu
else:
    ALL = {}
pytestmark = pytest.mark.skipif(not IS_THERE, reason="needs onnx (extra 'training')")

ON_THE_CPU = {
    "Neg",
    "ThresholdedRelu",
    "ReduceMax [2, 3]",
    "ReduceSum [2, 3]",
    "ReduceMean [1, 2]",
    "ReduceMean [1, 2, 3]",
    "ReduceMean [0, 1, 2, 3]",
    "Min",
    "Pow by a tensor",
    "Pow before a mean of all",
    "Conv by 2, dilated",
    "Conv1d",
    "MaxPool dilated",
    "MaxPool3d",
    "Resize nearest by 3",
    "Resize nearest by 0.5",
    "Resize cubic",
    "Slice backwards",
    "Pad reflect",
    "Softmax of channels",
    "Softmax of columns",
    "LogSoftmax",
    "Where",
    "end: Reshape to 3 dimensions",
    "end: Reshape to 2 dimensions",
    "end: Reshape to 4 dimensions",
    "end: Flatten",
    "end: MaxPool and Squeeze",
    "end: AveragePool and Squeeze",
    "end: Conv and Squeeze",
    "end: Relu and Squeeze",
    "end: MaxPool",
    "end: Relu and Unsqueeze",
    "end: Transpose and Reshape",
    "end: Gemm",
    "end: ArgMax of channels",
    "end: ArgMax of columns",
    "end: TopK",
    "end: Softmax",
}
"""Graphs of which hb_mapper 1.24.3 leaves a node to the CPU, or which it refuses."""


def test_every_verdict_is_one_on_a_graph():
    assert set(ALL) > ON_THE_CPU


@pytest.mark.parametrize("name", ALL)
def test_the_check_agrees_with_the_vendor(tmp_path, name):
    found = check_bpu(write_graph(tmp_path / "graph.onnx", name))
    assert bool(found) == (name in ON_THE_CPU), found


@needs_vendor_tools
def test_the_vendors_checker_still_says_so(tmp_path):
    names = dict(enumerate(ALL))
    paths = [write_graph(tmp_path / f"{number}.onnx", name) for number, name in names.items()]
    printed = in_board_environment("test/helpers/ask_vendor.py", *paths)
    verdicts = [line.split("\t") for line in printed.splitlines() if "\t" in line]
    assert len(verdicts) == len(ALL)
    assert {names[int(number)] for number, verdict, _ in verdicts if verdict != "bpu"} == ON_THE_CPU


@needs_vendor_tools
def test_the_vendor_leaves_the_same_nodes_of_the_classic_network_to_the_cpu(tmp_path):
    for name in ("torch", "onnx"):
        pytest.importorskip(name, reason="needs the extra 'training'")
    export = importlib.import_module("lprnet_ros.training.checkpoint_export")
    classic = importlib.import_module("lprnet_ros.training.classic")
    plain, fitted = tmp_path / "plain.onnx", tmp_path / "fitted.onnx"
    export.write_onnx(classic.ClassicLPRNet().eval(), plain)
    onnx.save(fit_for_bpu(plain), str(fitted))
    printed = in_board_environment("test/helpers/ask_vendor.py", plain, fitted)
    found = {name: nodes.split() for name, _, nodes in (line.split("\t") for line in printed.splitlines())}
    assert sorted(found["plain"]) == sorted(operator.node for operator in check_bpu(plain))
    assert len(found["plain"]) == 8
    assert found["fitted"] == [] == check_bpu(fitted)
