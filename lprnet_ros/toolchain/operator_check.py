"""Finds the operators of an ONNX graph that would leave the BPU of an RDK X5.

An operator that runs on the CPU cuts the graph in two: the published LPRNet
loses most of its time in the conversions around Pow and a mean over all axes.

Source: D-Robotics rdk_doc, supported_op_list.md, "ONNX operators supported on RDK X5".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log2, prod
from pathlib import Path
from typing import Any, NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper, shape_inference

from lprnet_ros.models.manifest import ManifestError


class CpuOperator(NamedTuple):
    """An operator that would run on the CPU: its name in the graph, its ONNX type, the limits it breaks."""

    node: str
    operator: str
    reason: str


def check_bpu(model: Path) -> list[CpuOperator]:
    """Walk a graph and name each operator outside the limits of the X5's BPU.

    Returns:
        The operators that would run on the CPU, in the graph's order; empty where all fit.

    Raises:
        ManifestError: no such file, no ONNX model, or of an opset that the compiler does not take.
    """
    graph = load_graph(model).graph
    constants, shapes = constant_arrays(graph), known_shapes(graph)
    nodes = [node for node in graph.node if node.output[0] not in constants]
    reasons = [list(_complaints(_describe(node, shapes, constants))) for node in nodes]
    _drag_along(nodes, reasons)
    return [
        CpuOperator(node.name or node.output[0], node.op_type, "; ".join(reason))
        for node, reason in zip(nodes, reasons, strict=True)
        if reason
    ]


def load_graph(model: Path) -> Any:
    """Return an ONNX model with the shapes of its inner tensors.

    Raises:
        ManifestError: as for :func:`check_bpu`.
    """
    if not model.is_file():
        raise ManifestError(f"{model}: no such model file")
    try:
        loaded = shape_inference.infer_shapes(onnx.load(str(model)), data_prop=True)
    except (OSError, ValueError, RuntimeError, DecodeError) as error:
        raise ManifestError(f"{model}: not a readable ONNX model ({error})") from error
    if not loaded.graph.node:
        raise ManifestError(f"{model}: not an ONNX model, or one without operators")
    opset = next((entry.version for entry in loaded.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset not in (10, 11):
        raise ManifestError(f"{model}: opset {opset}; the compiler of the RDK X5 takes 10 and 11")
    return loaded


def constant_arrays(graph: Any) -> dict[str, Any]:
    """Return the arrays that the file itself holds, by name; the compiler folds the rest into them."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            arrays[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Identity" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]]
    return arrays


def known_shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor where every dimension is known."""
    shapes = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        shape = tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
        if value.type.tensor_type.HasField("shape") and all(shape):  # an unknown dimension reads as 0
            shapes[value.name] = shape
    return shapes


def _drag_along(nodes: Sequence[Any], reasons: Sequence[list[str]]) -> None:
    """Add a reason to each Pow beside the CPU: in ``lpr.bin`` it went there with its ReduceMean."""
    on_cpu = [node for node, reason in zip(nodes, reasons, strict=True) if reason]
    produced = {name for node in on_cpu for name in node.output}
    consumed = {name for node in on_cpu for name in node.input}
    for node, reason in zip(nodes, reasons, strict=True):
        if node.op_type == "Pow" and (produced & set(node.input) or consumed & set(node.output)):
            reason.append("a neighbour on the CPU takes it along; write x * x")


class _Node(NamedTuple):
    """What the rules ask of an operator."""

    operator: str
    attributes: Mapping[str, Any]
    inputs: Sequence[Any]  # the shape of each; None where it is not known
    outputs: Sequence[tuple[int, ...]]
    constants: Sequence[Any | None]  # the array of each input; None where it is computed


def _describe(node: Any, shapes: Mapping[str, Any], constants: Mapping[str, Any]) -> _Node:
    names = [name for name in node.input if name]  # an optional input left out has no name
    return _Node(
        operator=node.op_type,
        attributes={attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute},
        inputs=[constants[name].shape if name in constants else shapes.get(name) for name in names],
        outputs=[shapes[name] for name in node.output if name in shapes],
        constants=[constants.get(name) for name in names],
    )


def _complaints(node: _Node) -> Iterator[str]:
    """Yield each limit that an operator breaks."""
    if node.operator not in _LIMITS:
        yield _ON_CPU.get(node.operator, "not in the list of operators that the BPU computes")
        return
    dimensions, attributes, rule = _LIMITS[node.operator]
    shapes = [shape for shape, array in zip(node.inputs, node.constants, strict=True) if array is None]
    if None in shapes:
        yield "the shape of its input is not fixed"
        return
    has_axes = all(dimensions[0] <= len(shape) <= dimensions[1] for shape in shapes)
    shapes += node.outputs
    yield from _range("dimensions", [len(shape) for shape in shapes], dimensions)
    if not has_axes:  # the other limits speak of axes that are not there
        return
    for shape in shapes:
        yield from _range("sizes", shape, (1, 65536))
    for name, allowed in attributes.items():
        value = node.attributes.get(name)
        if isinstance(value, bytes) and value.decode() not in allowed:
            yield f"{name} {value.decode()}, expected {' or '.join(allowed)}"
        elif isinstance(value, int | list):
            yield from _range(name, [value] if isinstance(value, int) else value, allowed)
    if rule is not None:
        yield from rule(node)


def _range(what: str, found: Sequence[int], allowed: Sequence[int]) -> Iterator[str]:
    if not all(allowed[0] <= value <= allowed[-1] for value in found):
        expected = " to ".join(map(str, dict.fromkeys(allowed)))
        yield f"{what} {', '.join(map(str, found))}, expected {expected}"


def _convolution(node: _Node) -> Iterator[str]:
    data, (outputs, inputs, *kernel) = node.inputs[0], node.inputs[1]
    yield from _range("kernel", kernel, (1, 31))
    yield from _range("channels x kernel", [inputs * prod(kernel)], (1, 32767))
    yield from _range("channels a group", [inputs, outputs // node.attributes.get("group", 1)], (1, 8192))
    dilations = node.attributes.get("dilations", [1, 1])
    if max(dilations) > 1:
        yield from _range("strides beside a dilation", node.attributes.get("strides", [1]), (1,))
        if any(size % dilation for size, dilation in zip(data[2:], dilations, strict=True)):
            yield f"height and width {data[2:]} are no multiples of the dilation {dilations}"


def _average_pool(node: _Node) -> Iterator[str]:
    yield from _range("values under the kernel", [prod(node.attributes["kernel_shape"])], (2, 8192))


def _reduce_mean(node: _Node) -> Iterator[str]:
    rank = len(node.inputs[0])
    axes = sorted(axis % rank for axis in node.attributes.get("axes", range(rank)))
    if len(axes) != 1 and (rank, axes) != (4, [2, 3]):
        yield f"mean over the axes {', '.join(map(str, axes))}, expected one axis, or height and width"


def _power(node: _Node) -> Iterator[str]:
    if node.constants[1] is None or node.constants[1].size != 1:
        yield "the exponent is no constant number"


def _arithmetic(node: _Node) -> Iterator[str]:
    yield from _range("constant inputs", [sum(array is not None for array in node.constants)], (0, 1))


def _not_along_batch(node: _Node) -> Iterator[str]:
    if node.attributes.get("axis", 0) % len((*node.outputs, *node.inputs)[0]) == 0:
        yield "works along the batch (axis 0)"


def _resize(node: _Node) -> Iterator[str]:
    before, after = node.inputs[0], (*node.outputs, node.inputs[0])[0]
    if after[:2] != before[:2]:
        yield "resizes more than height and width"
    factors = [large / small for large, small in zip(after[2:], before[2:], strict=True)]
    is_nearest = node.attributes.get("mode", b"nearest") == b"nearest"
    if is_nearest and not all(factor >= 1 and log2(factor).is_integer() for factor in factors):
        yield f"nearest by the factors {factors}, expected 1, 2, 4 and so on"


_Limits = tuple[tuple[int, int], Mapping[str, tuple[Any, ...]], Callable[[_Node], Iterator[str]] | None]
_POOL = {"kernel_shape": (1, 256), "strides": (1, 256)}
_RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice")
_ELEMENTS = ("Sigmoid", "HardSigmoid", "Exp", "Log", "Sqrt", "Reciprocal", "Clip", "Tanh", "LeakyRelu")
# how many dimensions the computed inputs and the outputs may have; least and most of an attribute,
# or the words that it may be (left out, each fits); the limits that need more than one number
_LIMITS: Mapping[str, _Limits] = {
    "Conv": ((4, 4), {"strides": (1, 256), "pads": (0, 256), "dilations": (1, 16)}, _convolution),
    "MaxPool": ((4, 4), _POOL | {"pads": (0, 256), "dilations": (1,)}, None),
    "AveragePool": ((4, 4), _POOL | {"pads": (0, 255)}, _average_pool),
    "ReduceMean": ((2, 5), {"keepdims": (1,)}, _reduce_mean),
    "Pow": ((1, 10), {}, _power),
    "Concat": ((4, 4), {}, _not_along_batch),
    "Split": ((1, 10), {}, _not_along_batch),
    "Resize": ((4, 4), {"mode": ("nearest", "linear")}, _resize),
    "Pad": ((1, 10), {"mode": ("constant",)}, None),
    **dict.fromkeys(("Relu", "GlobalAveragePool", "BatchNormalization"), ((4, 4), {}, None)),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), ((1, 10), {}, _arithmetic)),
    **dict.fromkeys(_RESHAPES + _ELEMENTS, ((1, 10), {}, None)),
}
_ON_CPU: Mapping[str, str] = {
    "Softmax": "runs on the CPU unless the compiler's run_on_bpu names it",
    "Shape": "runs on the CPU unless the compiler can fold it away; write the shape as numbers",
    "ArgMax": "its whole numbers are cast on the CPU",
    **dict.fromkeys(("Cast", "Where", "GatherND"), "always runs on the CPU"),
}
