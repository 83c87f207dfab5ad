"""Each limit of the RDK X5's BPU is broken by one small graph, and kept by its neighbour."""

from importlib.util import find_spec

import numpy as np
import pytest

from lprnet_ros.cli import export as cli
from lprnet_ros.models.manifest import ManifestError

MISSING = [name for name in ("torch", "onnx") if find_spec(name) is None]
if not MISSING:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from lprnet_ros.toolchain.board_export import fit_for_bpu
    from lprnet_ros.toolchain.operator_check import check_bpu
    from lprnet_ros.training.checkpoint_export import write_onnx
    from lprnet_ros.training.classic import ClassicLPRNet
    from lprnet_ros.training.network import PlateNet

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs the extra 'training': {', '.join(MISSING)}")

CROP = (1, 3, 24, 94)
TWO = np.float32(2)


def weights(*shape):
    return np.zeros(shape, np.float32)


def whole(*values):
    return np.array(values, np.int64)


def write_graph(path, nodes, opset=11):
    """Write a graph.

    Args:
        path: the file to write.
        nodes: operator, its inputs, its attributes; an input is a tuple (a
            computed tensor of that shape), an array (a constant), the name of
            another node's output (its operator), or None (left out).
        opset: of the graph.
    """
    inputs, constants, built = [], [], []
    for operator, sources, attributes in nodes:
        names = []
        for source in sources:
            name = f"{operator}_in{len(names)}"
            if source is None:
                name = ""
            elif isinstance(source, str):
                name = source
            elif isinstance(source, tuple):
                inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, source))
            else:
                constants.append(numpy_helper.from_array(np.asarray(source), name))
            names.append(name)
        built.append(helper.make_node(operator, names, [operator], name=f"the_{operator}", **attributes))
    output = helper.make_empty_tensor_value_info(nodes[-1][0])
    graph = helper.make_graph(built, "graph", inputs, [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]), str(path))
    return path


def reasons(tmp_path, *nodes):
    """Return what is said of each operator of a graph that is named, by operator; a Tanh follows them."""
    graph = write_graph(tmp_path / "g.onnx", [*nodes, ("Tanh", [nodes[-1][0]], {})])
    return {found.operator: found.reason for found in check_bpu(graph) if found.operator != "Tanh"}


def conv(kernel, data=CROP, **attributes):
    return ("Conv", [data, weights(*kernel)], attributes)


def pool(operator, **attributes):
    return (operator, [(1, 3, 300, 300)], {"kernel_shape": [2, 2]} | attributes)


def resize(factors, mode):
    return ("Resize", [CROP, None, np.array(factors, np.float32)], {"mode": mode})


KEPT = {
    "65 high kernel": conv((8, 3, 65, 1), (1, 3, 94, 94)),
    "dilation of odd": conv((8, 3, 3, 3), (1, 3, 23, 94), dilations=[2, 2]),
    "average of one": pool("AveragePool", kernel_shape=[1, 1]),
    "mean without its axis": ("ReduceMean", [CROP], {"axes": [2], "keepdims": 0}),
    "joined crops": ("Concat", [CROP, CROP], {"axis": 0}),
    "joined rows": ("Concat", [(3, 24, 94), (3, 24, 94)], {"axis": 1}),
    "rectified 3-D": ("Relu", [CROP[1:]], {}),
    "every second row": ("Slice", [(24, 94), whole(0), whole(9), whole(0), whole(2)], {}),
    "8191 channels x 4": conv((1, 8191, 2, 2), (1, 8191, 4, 4)),
    "8192 channels": conv((1, 8192, 1, 1), (1, 8192, 4, 4)),
    "depthwise": conv((9000, 1, 1, 1), (1, 9000, 4, 4), group=9000),
    "stride 256": conv((8, 3, 1, 1), strides=[256, 256]),
    "padding 256": conv((8, 3, 3, 3), pads=[256] * 4),
    "dilation": conv((8, 3, 3, 3), dilations=[2, 2]),
    "max pool": pool("MaxPool", kernel_shape=[256, 256], strides=[256, 256], pads=[128] * 4),
    "average pool": pool("AveragePool", kernel_shape=[128, 64], strides=[256, 256], pads=[63] * 4),
    "mean of channels": ("ReduceMean", [CROP], {"axes": [1]}),
    "mean of height and width": ("ReduceMean", [CROP], {"axes": [-2, -1]}),
    "mean of 5-D": ("ReduceMean", [(1, 2, 3, 4, 5)], {"axes": [4]}),
    "square": ("Pow", [CROP, TWO], {}),
    "square of 10-D": ("Pow", [(1,) * 10, TWO], {}),
    "scaled": ("Mul", [CROP, TWO], {}),
    "one over": ("Div", [TWO, CROP], {}),
    "broadcast": ("Add", [(1, 3, 1, 94), (24, 1)], {}),
    "difference": ("Sub", [CROP, CROP], {}),
    "joined channels": ("Concat", [CROP, CROP], {"axis": 1}),
    "transposed": ("Transpose", [CROP], {"perm": [3, 1, 0, 2]}),
    "nearest by 2 and 4": resize([1, 1, 2, 4], "nearest"),
    "linear by 3": resize([1, 1, 3, 3], "linear"),
    "reshaped": ("Reshape", [CROP, whole(*([1] * 9), -1)], {}),
    "squeezed": ("Squeeze", [CROP], {"axes": [0]}),
    "unsqueezed": ("Unsqueeze", [CROP], {"axes": [0]}),
    "sliced": ("Slice", [(24, 94), whole(0), whole(9)], {}),
    "split": ("Split", [CROP], {"axis": 1}),
    "padded": ("Pad", [CROP, whole(0, 0, 1, 1, 0, 0, 1, 1)], {}),
    "sigmoid of 2-D": ("Sigmoid", [(24, 94)], {}),
    "wide": ("Relu", [(1, 1, 1, 65536)], {}),
}

BROKEN = {
    "66 high kernel": (conv((8, 3, 66, 1), (1, 3, 94, 94)), "kernel 66, 1, expected 1 to 65"),
    "8192 channels x 4": (conv((1, 8192, 2, 2), (1, 8192, 4, 4)), "32768, expected 1 to 32767"),
    "8193 channels": (conv((1, 8193, 1, 1), (1, 8193, 4, 4)), "channels a group 8193"),
    "8193 outputs": (conv((8193, 3, 1, 1)), "channels a group 3, 8193"),
    "stride 257": (conv((8, 3, 1, 1), strides=[257, 1]), "strides 257, 1"),
    "padding 257": (conv((8, 3, 3, 3), pads=[0, 257, 0, 0]), "pads 0, 257"),
    "dilation 19": (conv((8, 3, 3, 3), (1, 3, 57, 57), dilations=[19, 19]), "dilations 19, 19"),
    "dilation and stride": (conv((8, 3, 3, 3), dilations=[2, 2], strides=[2, 2]), "beside a dilation 2, 2"),
    "1-D convolution": (conv((8, 3, 3), (1, 3, 94)), "dimensions 3, 3, expected 4"),
    "max pool 257": (pool("MaxPool", kernel_shape=[257, 1]), "kernel_shape 257, 1"),
    "max pool stride": (pool("MaxPool", strides=[1, 257]), "strides 1, 257"),
    "max pool padding": (pool("MaxPool", pads=[257] * 4), "pads 257"),
    "max pool dilated": (pool("MaxPool", dilations=[2, 2]), "dilations 2, 2, expected 1"),
    "average of 8320": (pool("AveragePool", kernel_shape=[128, 65]), "under the kernel 8320"),
    "average 257": (pool("AveragePool", kernel_shape=[257, 1]), "kernel_shape 257"),
    "average stride": (pool("AveragePool", strides=[257, 257]), "strides 257"),
    "average padding": (pool("AveragePool", pads=[256] * 4), "pads 256"),
    "mean of all": (("ReduceMean", [CROP], {}), "axes 0, 1, 2, 3"),
    "mean to a number": (("ReduceMean", [CROP], {"keepdims": 0}), "axes 0, 1, 2, 3"),
    "mean of a crop": (("ReduceMean", [CROP], {"axes": [1, 2, 3]}), "axes 1, 2, 3"),
    "mean of channels and height": (("ReduceMean", [CROP], {"axes": [1, 2]}), "axes 1, 2"),
    "mean of 5-D height and width": (("ReduceMean", [(1, 2, 3, 4, 5)], {"axes": [2, 3]}), "axes 2, 3"),
    "largest of a plane": (("ReduceMax", [CROP], {"axes": [2, 3]}), "reduces the axes 2, 3, expected one"),
    "backwards": (("Slice", [CROP, whole(-1), whole(-99), whole(3), whole(-1)], {}), "goes backwards"),
    "gathered by a tensor": (("Gather", [CROP, (1, 3, 24, 9)], {"axis": 1}), "second input is no constant"),
    "matrices of 3-D": (("MatMul", [CROP[1:], CROP[1:]], {}), "dimensions 3"),
    "mean of 6-D": (("ReduceMean", [(1,) * 6], {"axes": [2]}), "dimensions 6"),
    "computed power": (("Pow", [CROP, CROP], {}), "exponent"),
    "power by column": (("Pow", [CROP, weights(94)], {}), "exponent"),
    "power of 11-D": (("Pow", [(1,) * 11, TWO], {}), "dimensions 11"),
    "two constants added": (("Add", [weights(1), weights(1)], {}), "constant inputs 2"),
    "two constants subtracted": (("Sub", [weights(1), weights(1)], {}), "constant inputs 2"),
    "two constants multiplied": (("Mul", [weights(1), weights(1)], {}), "constant inputs 2"),
    "two constants divided": (("Div", [weights(1), weights(1)], {}), "constant inputs 2"),
    "sum of 11-D": (("Add", [(1,) * 11, TWO], {}), "dimensions 11"),
    "joined 5-D": (("Concat", [(1, *CROP), (1, *CROP)], {"axis": 1}), "dimensions 5, 5, 5, expected 3 to 4"),
    "split batch": (("Split", [(2, 3, 24, 94)], {"axis": 0, "split": [2]}), "along the batch"),
    "transposed 11-D": (("Transpose", [(1,) * 11], {}), "dimensions 11"),
    "softmax": (("Softmax", [CROP], {"axis": 3}), "run_on_bpu"),
    "cubic": (resize([1, 1, 2, 2], "cubic"), "mode cubic"),
    "nearest by 3": (resize([1, 1, 3, 2], "nearest"), "expected 1, 2, 4"),
    "more channels": (resize([1, 2, 1, 1], "linear"), "more than height and width"),
    "resized 3-D": (("Resize", [CROP[1:], None, weights(3) + TWO], {}), "dimensions 3"),
    "reshaped to 11-D": (("Reshape", [CROP, whole(*([1] * 10), -1)], {}), "dimensions 4, 11"),
    "squeezed 11-D": (("Squeeze", [(1,) * 11], {"axes": [0]}), "dimensions 11"),
    "unsqueezed to 11-D": (("Unsqueeze", [(1,) * 10], {"axes": [0]}), "dimensions 10, 11"),
    "best column": (("ArgMax", [CROP], {"axis": 1}), "whole numbers are cast on the CPU"),
    "nearest by 1/2": (resize([1, 1, 1, 0.5], "nearest"), "nearest by the factors"),
    "a grid": (("GridSample", [CROP, (1, 24, 94, 2)], {}), "not in the list"),
    "mirrored border": (("Pad", [CROP, whole(*[1] * 8)], {"mode": "reflect"}), "mode reflect"),
    "cast": (("Cast", [CROP], {"to": 7}), "always runs on the CPU"),
    "where": (("Where", [np.ones(1, bool), CROP, CROP], {}), "always runs on the CPU"),
    "gathered": (("GatherND", [CROP, whole(0)], {}), "always runs on the CPU"),
    "shape": (("Shape", [CROP], {}), "fold it away"),
    "no operator of the list": (("NonZero", [CROP], {}), "not in the list"),
    "rectified 5-D": (("Relu", [(1, *CROP)], {}), "dimensions 5, 5, expected 3 to 4"),
    "65537 columns": (("Relu", [(1, 1, 1, 65537)], {}), "sizes 1, 1, 1, 65537"),
    "any batch": (("Relu", [("N", 3, 24, 94)], {}), "not fixed"),
}


@pytest.mark.parametrize("node", KEPT.values(), ids=KEPT)
def test_an_operator_within_the_limits_is_not_named(tmp_path, node):
    assert reasons(tmp_path, node) == {}


@pytest.mark.parametrize(("node", "reason"), BROKEN.values(), ids=BROKEN)
def test_an_operator_outside_a_limit_is_named_with_it(tmp_path, node, reason):
    found = reasons(tmp_path, node)
    assert list(found) == [node[0]]
    assert reason in found[node[0]]


def test_a_power_goes_to_the_cpu_with_its_neighbour(tmp_path):
    square = ("Pow", [CROP, TWO], {})
    assert set(reasons(tmp_path, square, ("ReduceMean", ["Pow"], {}))) == {"Pow", "ReduceMean"}
    assert set(reasons(tmp_path, ("Softmax", [CROP], {}), ("Pow", ["Softmax", TWO], {}))) == {
        "Softmax",
        "Pow",
    }
    assert reasons(tmp_path, square, ("ReduceMean", ["Pow"], {"axes": [1]})) == {}


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        ([("Reshape", [CROP, whole(1, 3, -1)], {})], {"Reshape"}),
        ([("Relu", [CROP], {}), ("Squeeze", ["Relu"], {"axes": [0]})], {"Squeeze"}),
        ([("MaxPool", [CROP], {"kernel_shape": [24, 1]})], {"MaxPool"}),
        (
            [("MaxPool", [CROP], {"kernel_shape": [24, 1]}), ("Squeeze", ["MaxPool"], {"axes": [2]})],
            {"MaxPool", "Squeeze"},
        ),
        ([("ReduceMean", [CROP], {"axes": [2]}), ("Squeeze", ["ReduceMean"], {"axes": [2]})], set()),
        ([("GlobalAveragePool", [CROP], {}), ("Flatten", ["GlobalAveragePool"], {})], set()),
    ],
)
def test_what_runs_on_the_cpu_as_the_last_operator_alone_is_named(tmp_path, nodes, named):
    assert {found.operator for found in check_bpu(write_graph(tmp_path / "g.onnx", nodes))} == named
    assert reasons(tmp_path, *nodes) == {}


def test_only_a_copy_of_a_constant_is_folded(tmp_path):
    copied = [("Identity", [TWO], {}), ("Mul", [CROP, "Identity"], {})]
    assert reasons(tmp_path, *copied) == {}
    assert reasons(tmp_path, ("Identity", [CROP], {})) == {}


def test_the_compilers_opsets_alone_are_checked(tmp_path):
    relu = [("Relu", [CROP], {})]
    for opset in (10, 11):
        assert check_bpu(write_graph(tmp_path / "g.onnx", relu, opset)) == []
    for opset in (9, 12):
        with pytest.raises(ManifestError, match=f"opset {opset}; .* takes 10 and 11"):
            check_bpu(write_graph(tmp_path / "g.onnx", relu, opset))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    for content in (b"", b"no model at all", b"\x00" * 64):
        (tmp_path / "g.onnx").write_bytes(content)
        with pytest.raises(ManifestError, match=r"g\.onnx: not "):
            check_bpu(tmp_path / "g.onnx")
    with pytest.raises(ManifestError, match="no such model file"):
        check_bpu(tmp_path / "missing.onnx")


def test_the_classic_graph_is_named_and_the_command_fails(tmp_path, capsys):
    path = tmp_path / "classic.onnx"
    write_onnx(ClassicLPRNet().eval(), path)
    operators = [found.operator for found in check_bpu(path)]
    assert operators.count("Pow") == 4
    assert operators.count("ReduceMean") == 4  # the last mean, over the height, stays
    assert len(operators) == 8
    assert cli.main(["--check", "bpu", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert "mean over the axes 1, 2, 3" in lines[1]


def test_of_the_bundled_network_only_the_last_reshaping_is_left_away_for_the_bpu(tmp_path, capsys):
    path, board = tmp_path / "plate.onnx", tmp_path / "board.onnx"
    write_onnx(PlateNet().eval(), path)
    (found,) = check_bpu(path)
    assert "only changes the output's shape" in found.reason
    onnx.save(fit_for_bpu(path), str(board))
    assert cli.main(["--check", "bpu", str(board)]) == 0
    assert "every operator can run on the BPU" in capsys.readouterr().out


def test_the_command_answers_a_broken_file_in_one_line_and_still_asks_for_its_arguments(tmp_path, capsys):
    assert cli.main(["--check", "bpu", str(tmp_path / "no.onnx")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit, match="2"):
        cli.main([str(tmp_path / "checkpoint.pt")])
    assert "a checkpoint needs --output and --self-test" in capsys.readouterr().err
