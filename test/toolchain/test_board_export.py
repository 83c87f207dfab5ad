"""A graph for the BPU computes what the model did, in four dimensions and the BPU's operators."""

import dataclasses
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lprnet_ros.cli import export as cli
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.runtimes import open_runtime
from lprnet_ros.sources.labelled import list_images, read_image

if find_spec("onnx") is not None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    from lprnet_ros.toolchain.board_export import export_for_bpu, fit_for_bpu
    from lprnet_ros.toolchain.operator_check import check_bpu, known_shapes, load_graph
if find_spec("torch") is not None:
    import torch

    from lprnet_ros.training import checkpoint_export as export
    from lprnet_ros.training.classic import ClassicLPRNet
    from lprnet_ros.training.network import PlateNet

pytestmark = [
    pytest.mark.skipif(find_spec("onnx") is None, reason="needs onnx (extra 'training')"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:onnx"),
]
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs PyTorch (extra 'training')")
DEMO = Path(__file__).resolve().parents[2] / "demo"
SHAPE = (1, 3, 24, 94)


def node(operator, inputs, output, **attributes):
    """A node to be: onnx may be missing where the tests are collected."""
    return operator, inputs, output, attributes


def write(path, nodes, shape=SHAPE, constants=None, opset=11, outputs=("y",)):
    """Write a graph from ``x`` of a shape to ``y``."""
    constants = {"two": np.float32(2)} if constants is None else constants
    graph = helper.make_graph(
        [helper.make_node(op, inputs, [y], name=f"the_{y}", **attrs) for op, inputs, y, attrs in nodes],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6), str(path)
    )
    return path


def run(model, tensor):
    return ReferenceEvaluator(model).run(None, {model.graph.input[0].name: tensor})[0]


def assert_alike(before, after, shape=SHAPE):
    tensor = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    expected, found = run(onnx.load(str(before)), tensor), run(after, tensor)
    assert found.ndim == 4
    assert np.allclose(found.reshape(-1), expected.reshape(-1), rtol=1e-4, atol=1e-5)


def operators(model):
    return [n.op_type for n in model.graph.node if n.op_type != "Constant"]


RELU = [node("Relu", ["x"], "y")]
NORM = [node("Pow", ["x", "two"], "p"), node("Div", ["x", "m"], "y")]
POOLED = [node("MaxPool", ["x"], "p", kernel_shape=[24, 1]), node("Relu", ["p"], "r")]
REWRITTEN = {
    "square": ([node("Pow", ["x", "two"], "y")], ["Mul"]),
    "mean over a crop": (
        [NORM[0], node("ReduceMean", ["p"], "m", axes=[1, 2, 3]), NORM[1]],
        ["Mul", "ReduceMean", "ReduceMean", "Div"],
    ),
    "mean over a batch of one": (
        [NORM[0], node("ReduceMean", ["p"], "m"), NORM[1]],
        ["Mul", "ReduceMean", "ReduceMean", "Div"],
    ),
    "mean to a number": (
        [NORM[0], node("ReduceMean", ["p"], "m", keepdims=0), NORM[1]],
        ["Mul", "ReduceMean", "ReduceMean", "Div"],
    ),
    "mean of negative axes": (
        [node("ReduceMean", ["x"], "m", axes=[-1, -3, -2], keepdims=0), node("Sub", ["x", "m"], "y")],
        ["ReduceMean", "ReduceMean", "Sub"],
    ),
    "mean over the height": ([node("ReduceMean", ["x"], "y", axes=[2], keepdims=0)], ["ReduceMean"]),
    "mean from below": ([node("ReduceMean", ["x"], "y", axes=[-2], keepdims=0)], ["ReduceMean"]),
    "squeezed": (
        [*POOLED, node("Squeeze", ["r"], "y", axes=[2])],
        ["MaxPool", "Relu"],
    ),
    "reshaped": (
        [*POOLED, node("Reshape", ["r", "flat"], "y")],
        ["MaxPool", "Relu"],
    ),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_operators_are_replaced_by_others_of_the_same_result(tmp_path, name):
    nodes, expected = REWRITTEN[name]
    constants = {"two": np.float32(2), "flat": np.array([1, 3, 94], np.int64)}
    path = write(tmp_path / "g.onnx", nodes, constants=constants)
    after = fit_for_bpu(path)
    assert operators(after) == expected
    assert_alike(path, after)
    onnx.save(after, str(tmp_path / "after.onnx"))
    assert check_bpu(tmp_path / "after.onnx") == []
    used = {name for n in after.graph.node for name in n.input}
    assert {tensor.name for tensor in after.graph.initializer} <= used


def test_an_exponent_in_a_node_of_its_own_is_known_and_leaves_with_it(tmp_path):
    two = numpy_helper.from_array(np.array([2], np.float32))
    nodes = [node("Constant", [], "c", value=two), node("Pow", ["x", "c"], "y")]
    after = fit_for_bpu(write(tmp_path / "g.onnx", nodes))
    assert [n.op_type for n in after.graph.node] == ["Mul"]


def test_other_powers_and_means_stay(tmp_path):
    nodes = [node("Pow", ["x", "three"], "p"), node("ReduceMean", ["p"], "y", axes=[1])]
    after = fit_for_bpu(write(tmp_path / "g.onnx", nodes, constants={"three": np.float32(3)}))
    assert operators(after) == ["Pow", "ReduceMean"]
    assert_alike(tmp_path / "g.onnx", after)


def test_a_batch_of_any_size_becomes_one(tmp_path):
    path = write(tmp_path / "g.onnx", RELU, shape=("batch", 3, 24, 94))
    after = fit_for_bpu(path)
    assert known_shapes(after.graph) == {"x": SHAPE, "y": SHAPE}


@pytest.mark.parametrize(
    ("nodes", "options", "message"),
    [
        (RELU, {"opset": 13}, "opset 13; the compiler of the RDK X5 takes 10 and 11"),
        (RELU, {"shape": (2, 3, 24, 94)}, r"its input is 2x3x24x94, expected 1 x channels"),
        (RELU, {"shape": (1, 3, 24, "w")}, r"its input is 1x3x24x\?, expected"),
        (RELU, {"shape": (3, 94)}, "its input is 3x94"),
        ([*RELU, node("Relu", ["x"], "z")], {"outputs": ("y", "z")}, "1 inputs and 2 outputs"),
        (
            [node("Unsqueeze", ["x"], "u", axes=[1]), node("Squeeze", ["u"], "y", axes=[1])],
            {},
            r"Unsqueeze the_u makes a tensor of the shape \(1, 1, 3, 24, 94\), expected four dimensions",
        ),
        ([node("ReduceMean", ["x"], "y")], {}, None),
    ],
)
def test_a_graph_that_cannot_be_brought_there_is_refused(tmp_path, nodes, options, message):
    path = write(tmp_path / "g.onnx", nodes, **options)
    manifest_path(path).write_text(
        manifest_path(bundled_model()).read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.raises(
        ManifestError, match=message or "these operators cannot run on the BPU .*ReduceMean the_y"
    ):
        export_for_bpu(path, tmp_path / "out.onnx")
    assert {p.name for p in tmp_path.iterdir()} == {"g.onnx", "g.onnx.yaml"}


def test_a_rewriting_that_changed_the_result_would_be_noticed(tmp_path, monkeypatch):
    def halve(graph):
        graph.node[0].op_type = "Add"  # x + x for x * x

    path = write(tmp_path / "g.onnx", [node("Mul", ["x", "x"], "y")])
    monkeypatch.setattr("lprnet_ros.toolchain.board_export._square_by_multiplying", halve)
    with pytest.raises(ManifestError, match="the rewritten graph computes something else"):
        fit_for_bpu(path)


def test_the_bundled_network_is_written_without_pytorch_and_reads_the_same(tmp_path, capsys):
    output = tmp_path / "board" / "lprnet_x5.onnx"
    assert cli.main([str(bundled_model()), "--target", "bpu", "--output", str(output)]) == 0
    assert capsys.readouterr().out == f"wrote {output} and {output}.yaml\n"
    graph = load_graph(output).graph
    shapes = known_shapes(graph)
    assert shapes[graph.input[0].name] == SHAPE
    assert shapes[graph.output[0].name] == (1, 68, 1, 18)
    assert graph.input[0].name == "image"  # the input_name of config/hb_mapper
    assert {len(shapes[name]) for n in graph.node for name in n.output} == {4}
    assert cli.main([str(output), "--check", "bpu"]) == 0
    before, after = PlateRecognizer.open(), PlateRecognizer.open(output)  # with its self-test
    assert after.manifest.name == "lprnet_x5"
    for path in list_images(DEMO / "crops"):
        tensor = preprocess(read_image(path), before.manifest.input)
        assert np.allclose(before.runtime.infer(tensor), after.runtime.infer(tensor), atol=1e-4)


def test_a_model_may_be_rewritten_in_its_place(tmp_path):
    path = tmp_path / "net.onnx"
    for file in bundled_model().parent.glob("lprnet.*"):
        (tmp_path / file.name.replace("lprnet.onnx", "net.onnx")).write_bytes(file.read_bytes())
    before = path.read_bytes()
    export_for_bpu(path, path)
    assert path.read_bytes() != before
    load_manifest(path).verify_file()
    PlateRecognizer.open(path).close()


@needs_torch
@pytest.mark.parametrize("kind", ["ours", "classic"])
def test_a_checkpoint_is_exported_for_the_bpu(tmp_path, kind, monkeypatch):
    torch.manual_seed(4)
    state = (PlateNet() if kind == "ours" else ClassicLPRNet()).state_dict()
    torch.save({"averaged": state} if kind == "ours" else state, tmp_path / "net.pth")
    picture = next((DEMO / "self_test").iterdir())
    # weights of chance read nothing that could be asked for
    monkeypatch.setattr(export, "decode_greedy", lambda *_: type("Read", (), {"text": picture.stem}))
    output = tmp_path / "net.onnx"
    options = ["--output", str(output), "--self-test", str(picture)]
    assert cli.main([str(tmp_path / "net.pth"), *options]) == 0
    (tmp_path / "plain.onnx").write_bytes(output.read_bytes())
    assert cli.main([str(tmp_path / "net.pth"), "--target", "bpu", *options]) == 0
    assert check_bpu(output) == []
    manifest = load_manifest(output)
    manifest.verify_file()
    assert manifest.self_test.text == picture.stem
    tensor = np.random.default_rng(0).uniform(-1, 1, SHAPE).astype(np.float32)
    plain, fitted = (
        open_runtime("onnx", dataclasses.replace(manifest, path=path)).infer(tensor)
        for path in (tmp_path / "plain.onnx", output)
    )
    assert np.allclose(fitted, plain, rtol=1e-3, atol=1e-4 * np.ptp(plain))
