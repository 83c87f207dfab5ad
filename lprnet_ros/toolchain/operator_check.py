"""Finds the operators of an ONNX graph that would leave the BPU of an RDK X5.

An operator that runs on the CPU cuts the graph in two: the published LPRNet
loses most of its time in the conversions around Pow and a mean over all axes.

Its limits are in ``operator_limits``; what depends on the neighbours is here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper, shape_inference

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.toolchain.operator_limits import SHAPERS, Operator, broken_limits

_POOLS = ("MaxPool", "AveragePool")
_SHAPED_AT_THE_END = ("ReduceMean", "GlobalAveragePool", "Add")
"""What a shaper may follow as the last operator and stay on the BPU."""


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
    reasons = [list(broken_limits(_describe(node, shapes, constants))) for node in nodes]
    _drag_along(nodes, reasons)
    _end(nodes, reasons, {output.name for output in graph.output})
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


def _end(nodes: Sequence[Any], reasons: Sequence[list[str]], outputs: set[str]) -> None:
    """Add a reason to what runs on the CPU as the last operator: pools, most of what changes the shape."""
    found = zip(nodes, reasons, strict=True)
    makers = {name: (node, reason) for node, reason in found for name in node.output}
    for name in outputs & set(makers):
        node, reason = makers[name]
        before, before_reason = makers.get(node.input[0], (node, reason))
        if node.op_type in SHAPERS and before.op_type not in _SHAPED_AT_THE_END:
            reason.append("only changes the output's shape, on the CPU; leave it away")
        if node.op_type in _POOLS:
            reason.append("pools on the CPU as the last operator")
        elif node.op_type in SHAPERS and before.op_type in _POOLS:
            before_reason.append("pools on the CPU, since nothing but a change of the shape follows")


def _describe(node: Any, shapes: Mapping[str, Any], constants: Mapping[str, Any]) -> Operator:
    names = [name for name in node.input if name]  # an optional input left out has no name
    return Operator(
        operator=node.op_type,
        attributes={attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute},
        inputs=[constants[name].shape if name in constants else shapes.get(name) for name in names],
        outputs=[shapes[name] for name in node.output if name in shapes],
        constants=[constants.get(name) for name in names],
    )
