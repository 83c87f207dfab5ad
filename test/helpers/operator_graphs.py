"""Small graphs, convolution - operator - convolution, one for each operator that a network might have."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

INPUT = (1, 3, 24, 32)
INNER = (1, 8, 24, 32)
"""Of ``x``, which the first convolution gives to the operator."""


def node(kind, *inputs, to="y", **attributes):
    """One ONNX node; an input is the name of a tensor, or an array."""
    return kind, inputs, to, attributes


def whole(*values):
    return np.array(values, np.int64)


def floats(*shape):
    return np.random.default_rng(1).uniform(0.1, 1, shape).astype(np.float32)


def number(value):
    return np.array(value, np.float32)


def resize(mode, height, width, transformation="asymmetric", **more):
    nothing = np.array([], np.float32)
    factors = np.array([1, 1, height, width], np.float32)
    more |= {"mode": mode, "coordinate_transformation_mode": transformation}
    return [node("Resize", "x", nothing, factors, **more)]


def mean(axes, kind="ReduceMean", keepdims=1):
    return [node(kind, "x", axes=axes, keepdims=keepdims)]


def conv(kernel, inputs=8, outputs=8, **attributes):
    return [node("Conv", "x", floats(outputs, inputs // attributes.get("group", 1), *kernel), **attributes)]


def activation(name, *, by=None, **attributes):
    """``x`` times a function of it, or the function alone."""
    return (
        [node(name, "x", to="f", **attributes), node("Mul", "x", "f")]
        if by
        else [node(name, "x", **attributes)]
    )


PLAIN = [
    "Relu",
    "Sigmoid",
    "Tanh",
    "Exp",
    "Log",
    "Sqrt",
    "Reciprocal",
    "LeakyRelu",
    "HardSigmoid",
    "Elu",
    "Selu",
    "Softplus",
    "Softsign",
    "Abs",
    "Floor",
    "Ceil",
    "Round",
    "Erf",
    "Sin",
    "Cos",
    "Sign",
    "Neg",
    "ThresholdedRelu",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
]
BETWEEN = {name: activation(name) for name in PLAIN} | {
    "Clip": [node("Clip", "x", number(0), number(6))],
    "HardSwish": activation("HardSigmoid", by="x", alpha=1 / 6),
    "Swish": activation("Sigmoid", by="x"),
    "Mish": [node("Softplus", "x", to="s"), node("Tanh", "s", to="t"), node("Mul", "x", "t")],
    "GELU": [
        node("Div", "x", number(1.4142135), to="d"),
        node("Erf", "d", to="e"),
        node("Add", "e", number(1), to="a"),
        node("Mul", "x", "a", to="m"),
        node("Mul", "m", number(0.5)),
    ],
    "PRelu": [node("PRelu", "x", floats(8, 1, 1))],
    "InstanceNormalization": [node("InstanceNormalization", "x", floats(8), floats(8))],
    "BatchNormalization": [node("BatchNormalization", "x", *[floats(8) for _ in range(4)])],
    "ConvTranspose 2x2 by 2": [node("ConvTranspose", "x", floats(8, 8, 2, 2), strides=[2, 2])],
    "ConvTranspose 4x4 by 2": [node("ConvTranspose", "x", floats(8, 8, 4, 4), strides=[2, 2], pads=[1] * 4)],
    "MatMul with a constant": [node("MatMul", "x", floats(32, 16))],
    "MatMul of two": [node("Transpose", "x", to="t", perm=[0, 1, 3, 2]), node("MatMul", "x", "t")],
    "ReduceMax [1]": mean([1], "ReduceMax"),
    "ReduceSum [1]": mean([1], "ReduceSum"),
    "ReduceL2 [1]": mean([1], "ReduceL2"),
    "ReduceMax [2, 3]": mean([2, 3], "ReduceMax"),
    "ReduceSum [2, 3]": mean([2, 3], "ReduceSum"),
    "ReduceMean [1]": mean([1]),
    "ReduceMean [2]": mean([2]),
    "ReduceMean [3]": mean([3]),
    "ReduceMean [2, 3]": mean([2, 3]),
    "ReduceMean [1, 2]": mean([1, 2]),
    "ReduceMean [1, 2, 3]": mean([1, 2, 3]),
    "ReduceMean [0, 1, 2, 3]": mean([0, 1, 2, 3]),
    "Concat of channels": [node("Concat", "x", "x", axis=1)],
    "Concat of rows": [node("Concat", "x", "x", axis=2)],
    "Concat of three dimensions": [
        node("Reshape", "x", whole(8, 24, 32), to="r"),
        node("Concat", "r", "r", to="c", axis=1),
        node("Reshape", "c", whole(1, 8, 48, 32)),
    ],
    "Relu of three dimensions": [
        node("Reshape", "x", whole(8, 24, 32), to="r"),
        node("Relu", "r", to="c"),
        node("Reshape", "c", whole(*INNER)),
    ],
    "Concat along the batch": [node("Concat", "x", "x", axis=0)],
    "DepthToSpace": [node("DepthToSpace", "x", blocksize=2)],
    "SpaceToDepth": [node("SpaceToDepth", "x", blocksize=2)],
    "Gather of constant indices": [node("Gather", "x", whole(3, 1, 4), axis=1)],
    "Tile": [node("Tile", "x", whole(1, 1, 1, 2))],
    "Expand": [node("ReduceMean", "x", to="m", axes=[2], keepdims=1), node("Expand", "m", whole(*INNER))],
    "Sum": [node("Sum", "x", "x")],
    "Add of two": [node("Add", "x", "x")],
    "Add of a constant": [node("Add", "x", floats(1, 8, 1, 1))],
    "Sub of a constant": [node("Sub", "x", floats(1, 8, 1, 1))],
    "Mul by a constant": [node("Mul", "x", number(3))],
    "Mul of two": [node("Sigmoid", "x", to="s"), node("Mul", "x", "s")],
    "Div by a constant": [node("Div", "x", number(3))],
    "Div of two": [node("Exp", "x", to="e"), node("Div", "x", "e")],
    "Min": [node("Min", "x", number(1))],
    "Max": [node("Max", "x", number(1))],
    "Pow 0.5": [node("Pow", "x", number(0.5))],
    "Pow 2": [node("Pow", "x", number(2))],
    "Pow 3": [node("Pow", "x", number(3))],
    "Pow by a tensor": [node("Sigmoid", "x", to="s"), node("Pow", "s", "s")],
    "Pow before a mean of all": [
        node("Pow", "x", number(2), to="p"),
        node("ReduceMean", "p", axes=[1, 2, 3]),
    ],
    "LayerNorm": [
        node("ReduceMean", "x", to="m", axes=[3], keepdims=1),
        node("Sub", "x", "m", to="d"),
        node("Mul", "d", "d", to="q"),
        node("ReduceMean", "q", to="v", axes=[3], keepdims=1),
        node("Add", "v", number(1e-3), to="a"),
        node("Sqrt", "a", to="s"),
        node("Div", "d", "s"),
    ],
    "SE block": [
        node("GlobalAveragePool", "x", to="g"),
        node("Conv", "g", floats(8, 8, 1, 1), to="c"),
        node("Sigmoid", "c", to="s"),
        node("Mul", "x", "s"),
    ],
    "Conv depthwise": conv([3, 3], group=8, pads=[1] * 4),
    "Conv of two groups": conv([3, 3], group=2, pads=[1] * 4),
    "Conv 1x13": conv([1, 13]),
    "Conv 13x1": conv([13, 1]),
    "Conv 33x33": conv([33, 33], pads=[16] * 4),
    "Conv 65x1": conv([65, 1], pads=[32, 0, 32, 0]),
    "Conv by 2": conv([3, 3], strides=[2, 2]),
    "Conv dilated by 2": conv([3, 3], dilations=[2, 2], pads=[2] * 4),
    "Conv dilated by 5": conv([3, 3], dilations=[5, 5], pads=[5] * 4),
    "Conv dilated by 18": conv([3, 3], dilations=[18, 18], pads=[18] * 4),
    "Conv by 2, dilated": conv([3, 3], strides=[2, 2], dilations=[2, 2], pads=[2] * 4),
    "Conv1d": [
        node("Reshape", "x", whole(1, 8, 768), to="r"),
        node("Conv", "r", floats(8, 8, 3), to="c", pads=[1, 1]),
        node("Reshape", "c", whole(*INNER)),
    ],
    "MaxPool": [node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])],
    "MaxPool dilated": [node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2])],
    "AveragePool": [node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2])],
    "AveragePool of one": [node("AveragePool", "x", kernel_shape=[1, 1], strides=[2, 2])],
    "MaxPool3d": [
        node("Reshape", "x", whole(1, 1, *INNER[1:]), to="r"),
        node("MaxPool", "r", to="p", kernel_shape=[2, 1, 1], strides=[2, 1, 1]),
        node("Reshape", "p", whole(1, 4, 24, 32)),
    ],
    "Resize nearest by 2": resize("nearest", 2, 2, nearest_mode="floor"),
    "Resize nearest by 3": resize("nearest", 3, 3, nearest_mode="floor"),
    "Resize nearest by 0.5": resize("nearest", 0.5, 0.5, nearest_mode="floor"),
    "Resize linear by 2": resize("linear", 2, 2, "half_pixel"),
    "Resize linear by 1.5": resize("linear", 1.5, 1.5, "half_pixel"),
    "Resize linear by 3": resize("linear", 3, 3, "half_pixel"),
    "Resize linear by 0.5": resize("linear", 0.5, 0.5, "half_pixel"),
    "Resize linear, corners": resize("linear", 2, 2, "align_corners"),
    "Resize cubic": resize("cubic", 2, 2, "half_pixel"),
    "Slice": [node("Slice", "x", whole(2), whole(20), whole(2))],
    "Slice by 2": [node("Slice", "x", whole(0), whole(24), whole(2), whole(2))],
    "Slice backwards": [node("Slice", "x", whole(-1), whole(-99), whole(3), whole(-1))],
    "Split": [node("Split", "x", to=("y", "z"), axis=1)],
    "Split of rows": [node("Split", "x", to=("y", "z"), axis=2)],
    "Transpose": [node("Transpose", "x", perm=[0, 1, 3, 2])],
    "Transpose to NHWC": [node("Transpose", "x", perm=[0, 2, 3, 1])],
    "Reshape": [node("Reshape", "x", whole(1, 16, 24, 16))],
    "Reshape to 5 dimensions and back": [
        node("Reshape", "x", whole(1, 2, 4, 24, 32), to="r"),
        node("Transpose", "r", to="t", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "t", whole(*INNER)),
    ],
    "Unsqueeze and Squeeze": [node("Unsqueeze", "x", to="u", axes=[0]), node("Squeeze", "u", axes=[0])],
    "Pad": [node("Pad", "x", whole(0, 0, 1, 1, 0, 0, 1, 1), number(0))],
    "Pad reflect": [node("Pad", "x", whole(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")],
    "Pad edge": [node("Pad", "x", whole(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")],
    "Softmax of channels": [node("Softmax", "x", axis=1)],
    "Softmax of columns": [node("Softmax", "x", axis=3)],
    "LogSoftmax": [node("LogSoftmax", "x", axis=3)],
    "Where": [node("Greater", "x", number(0.5), to="g"), node("Where", "g", "x", number(0))],
}
"""Nodes from ``x`` to ``y``, which the second convolution takes."""

AT_THE_END = {
    "end: Reshape to 3 dimensions": [node("Reshape", "x", whole(1, 8, 768))],
    "end: Reshape to 2 dimensions": [node("Reshape", "x", whole(1, -1))],
    "end: Reshape to 4 dimensions": [node("Reshape", "x", whole(1, 16, 12, 32))],
    "end: Flatten": [node("Flatten", "x", axis=1)],
    "end: Transpose": [node("Transpose", "x", perm=[0, 2, 3, 1])],
    "end: mean and Squeeze": [node("ReduceMean", "x", to="m", axes=[2]), node("Squeeze", "m", axes=[2])],
    "end: MaxPool and Squeeze": [
        node("MaxPool", "x", to="p", kernel_shape=[24, 1]),
        node("Squeeze", "p", axes=[2]),
    ],
    "end: ReduceMean [2], keepdims 0": mean([2], keepdims=0),
    "end: ReduceMean [2, 3], keepdims 0": mean([2, 3], keepdims=0),
    "end: ReduceMean [2]": mean([2]),
    "end: mean and Reshape": [
        node("ReduceMean", "x", to="m", axes=[2]),
        node("Reshape", "m", whole(1, 8, 32)),
    ],
    "end: AveragePool and Squeeze": [
        node("AveragePool", "x", to="p", kernel_shape=[24, 1]),
        node("Squeeze", "p", axes=[2]),
    ],
    "end: Conv and Squeeze": [
        node("Conv", "x", floats(8, 8, 24, 1), to="c"),
        node("Squeeze", "c", axes=[2]),
    ],
    "end: Relu and Squeeze": [
        node("Conv", "x", floats(8, 8, 24, 1), to="c"),
        node("Relu", "c", to="r"),
        node("Squeeze", "r", axes=[2]),
    ],
    "end: sum and Squeeze": [
        node("Conv", "x", floats(8, 8, 24, 1), to="c"),
        node("Add", "c", "c", to="a"),
        node("Squeeze", "a", axes=[2]),
    ],
    "end: GlobalAveragePool and Flatten": [node("GlobalAveragePool", "x", to="g"), node("Flatten", "g")],
    "end: MaxPool": [node("MaxPool", "x", kernel_shape=[24, 1])],
    "end: Relu and Unsqueeze": [node("Relu", "x", to="r"), node("Unsqueeze", "r", axes=[0])],
    "end: Transpose and Reshape": [
        node("Transpose", "x", to="t", perm=[0, 2, 3, 1]),
        node("Reshape", "t", whole(1, 768, 8)),
    ],
    "end: Gemm": [node("Flatten", "x", to="f", axis=1), node("Gemm", "f", floats(6144, 10))],
    "end: ArgMax of channels": [node("ArgMax", "x", axis=1)],
    "end: ArgMax of columns": [node("ArgMax", "x", axis=3)],
    "end: TopK": [node("TopK", "x", whole(3), to=("y", "z"), axis=1)],
    "end: Softmax": [node("Softmax", "x", axis=1)],
    "end: Sigmoid": [node("Sigmoid", "x")],
}
"""Nodes from ``x`` to ``y``, which is the output."""

ALL = BETWEEN | AT_THE_END


def write_graph(path, name):
    """Write one of ``ALL``, opset 11."""
    constants, nodes = [], []

    def add(kind, inputs, to, attributes):
        names = []
        for value in inputs:
            if not isinstance(value, str):
                constants.append(numpy_helper.from_array(value, f"c{len(constants)}"))
            names.append(value if isinstance(value, str) else constants[-1].name)
        outputs = [to] if isinstance(to, str) else list(to)
        nodes.append(helper.make_node(kind, names, outputs, name=f"{kind}_{len(nodes)}", **attributes))

    add("Conv", ("image", floats(8, 3, 3, 3)), "x", {"pads": [1] * 4})
    for each in ALL[name]:
        add(*each)
    output = "y"
    if name in BETWEEN:
        channels = _shape(nodes, constants, "y")[1]
        add("Conv", ("y", floats(8, channels, 1, 1)), "out", {})
        output = "out"
    onnx.save(_model(nodes, constants, output), str(path))
    return path


def _model(nodes, constants, output):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, INPUT)
    value = helper.make_empty_tensor_value_info(output)
    graph = helper.make_graph(nodes, "graph", [image], [value], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    model = shape_inference.infer_shapes(model, data_prop=True)
    return model


def _shape(nodes, constants, name):
    (value,) = [v for v in _model(nodes, constants, name).graph.output if v.name == name]
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
