"""What the BPU of an RDK X5 computes of each ONNX operator.

Sources: D-Robotics rdk_doc, supported_op_list.md, "ONNX operators supported on RDK X5"; where the checker
of hb_mapper 1.24.3 decides otherwise it is right: test/toolchain/test_vendor_verdicts.py holds its verdict on
each of 145 small graphs.  What neither speaks of counts as running on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log2, prod
from typing import Any, NamedTuple

SHAPERS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that only change the shape."""


class Operator(NamedTuple):
    """What the rules ask of an operator."""

    operator: str
    attributes: Mapping[str, Any]
    inputs: Sequence[Any]  # the shape of each; None where it is not known
    outputs: Sequence[tuple[int, ...]]
    constants: Sequence[Any | None]  # the array of each input; None where it is computed


def broken_limits(node: Operator) -> Iterator[str]:
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


def _convolution(node: Operator) -> Iterator[str]:
    outputs, inputs, *kernel = node.inputs[1]
    yield from _range("kernel", kernel, (1, 65))
    yield from _range("channels x kernel", [inputs * prod(kernel)], (1, 32767))
    yield from _range("channels a group", [inputs, outputs // node.attributes.get("group", 1)], (1, 8192))
    dilations = node.attributes.get("dilations", [1, 1])
    if max(dilations) > 1:
        yield from _range("strides beside a dilation", node.attributes.get("strides", [1]), (1,))


def _average_pool(node: Operator) -> Iterator[str]:
    yield from _range("values under the kernel", [prod(node.attributes["kernel_shape"])], (1, 8192))


def _reduce_mean(node: Operator) -> Iterator[str]:
    axes = _axes(node)
    if len(axes) != 1 and (len(node.inputs[0]), axes) != (4, [2, 3]):
        yield f"mean over the axes {', '.join(map(str, axes))}, expected one axis, or height and width"


def _reduce(node: Operator) -> Iterator[str]:
    if len(_axes(node)) != 1:
        yield f"reduces the axes {', '.join(map(str, _axes(node)))}, expected one"


def _axes(node: Operator) -> list[int]:
    rank = len(node.inputs[0])
    return sorted(axis % rank for axis in node.attributes.get("axes", range(rank)))


def _slice(node: Operator) -> Iterator[str]:
    if len(node.constants) > 4 and (node.constants[4] is None or min(node.constants[4]) < 1):
        yield "a step that is no constant, or goes backwards"


def _constant_second(node: Operator) -> Iterator[str]:
    if node.constants[1] is None:
        yield "its second input is no constant"


def _power(node: Operator) -> Iterator[str]:
    if node.constants[1] is None or node.constants[1].size != 1:
        yield "the exponent is no constant number"


def _arithmetic(node: Operator) -> Iterator[str]:
    yield from _range("constant inputs", [sum(array is not None for array in node.constants)], (0, 1))


def _not_along_batch(node: Operator) -> Iterator[str]:
    if node.attributes.get("axis", 0) % len((*node.outputs, *node.inputs)[0]) == 0:
        yield "works along the batch (axis 0)"


def _resize(node: Operator) -> Iterator[str]:
    before, after = node.inputs[0], (*node.outputs, node.inputs[0])[0]
    if after[:2] != before[:2]:
        yield "resizes more than height and width"
    factors = [large / small for large, small in zip(after[2:], before[2:], strict=True)]
    is_nearest = node.attributes.get("mode", b"nearest") == b"nearest"
    if is_nearest and not all(factor >= 1 and log2(factor).is_integer() for factor in factors):
        yield f"nearest by the factors {factors}, expected 1, 2, 4 and so on"


_Limits = tuple[tuple[int, int], Mapping[str, tuple[Any, ...]], Callable[[Operator], Iterator[str]] | None]
_POOL = {"kernel_shape": (1, 256), "strides": (1, 256)}
_FOUR_DIMENSIONS = (
    *("GlobalAveragePool", "GlobalMaxPool", "BatchNormalization", "InstanceNormalization", "PRelu"),
    *("ConvTranspose", "MatMul", "DepthToSpace", "SpaceToDepth", "Sum", "Max", "Elu", "Selu", "Softplus"),
    *("Softsign", "Abs", "Floor", "Ceil", "Round", "Erf", "Sin", "Cos", "Sign"),
)
_ELEMENTS = ("Sigmoid", "HardSigmoid", "Exp", "Log", "Sqrt", "Reciprocal", "Clip", "Tanh", "LeakyRelu")
# how many dimensions the computed inputs and the outputs may have; least and most of an attribute,
# or the words that it may be (left out, each fits); the limits that need more than one number
_LIMITS: Mapping[str, _Limits] = {
    "Conv": ((4, 4), {"strides": (1, 256), "pads": (0, 256), "dilations": (1, 18)}, _convolution),
    "MaxPool": ((4, 4), _POOL | {"pads": (0, 256), "dilations": (1,)}, None),
    "AveragePool": ((4, 4), _POOL | {"pads": (0, 255)}, _average_pool),
    "ReduceMean": ((2, 5), {}, _reduce_mean),
    "Slice": ((1, 10), {}, _slice),
    "Pow": ((1, 10), {}, _power),
    "Concat": ((3, 4), {}, None),
    "Split": ((1, 10), {}, _not_along_batch),
    "Resize": ((4, 4), {"mode": ("nearest", "linear")}, _resize),
    "Pad": ((1, 10), {"mode": ("constant", "edge")}, None),
    "Relu": ((3, 4), {}, None),
    **dict.fromkeys(_FOUR_DIMENSIONS, ((4, 4), {}, None)),
    **dict.fromkeys(("ReduceMax", "ReduceSum", "ReduceL2"), ((4, 4), {}, _reduce)),
    **dict.fromkeys(("Gather", "Tile", "Expand"), ((4, 4), {}, _constant_second)),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), ((1, 10), {}, _arithmetic)),
    **dict.fromkeys(("Identity", "Transpose", *SHAPERS, *_ELEMENTS), ((1, 10), {}, None)),
}
_ON_CPU: Mapping[str, str] = {
    "Softmax": "runs on the CPU unless the compiler's run_on_bpu names it",
    "Shape": "runs on the CPU unless the compiler can fold it away; write the shape as numbers",
    "ArgMax": "its whole numbers are cast on the CPU",
    **dict.fromkeys(("Cast", "Where", "GatherND"), "always runs on the CPU"),
}
