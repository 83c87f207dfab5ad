"""Rewrites an ONNX graph so that every operator can run on the BPU of an RDK X5.

The operators that LPRNet is published with are replaced by others of the same result: ``Pow(x, 2)`` by
``x * x``, a mean over a whole crop by one over height and width and one over the channels, and what
takes the height out of the output is left away, so that all stays four-dimensional: 1 x classes x 1 x
time steps.  Needs onnx, not PyTorch.

Source: D-Robotics rdk_doc, supported_op_list.md; why it matters: see ``operator_check``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, shape_inference
from onnx.reference import ReferenceEvaluator

from lprnet_ros.models.derive import write_manifest_like
from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.toolchain.operator_check import check_bpu, constant_arrays, known_shapes, load_graph

_TOLERANCE = 1e-4
"""Greatest difference of the rewritten graph's output, as a share of the output's range."""


def export_for_bpu(model: Path, output: Path) -> Path:
    """Write a model for the board's compiler, and its manifest.

    Args:
        model: an ONNX file with its manifest beside it.
        output: the ``.onnx`` file to write; may be the same.

    Returns:
        The manifest's path.

    Raises:
        ManifestError: the model has another opset than 10 and 11, or an operator or a shape that
            is no way to bring onto the BPU; then nothing is written.
    """
    part = output.with_name(f".{output.name}.part")
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        onnx.save(fit_for_bpu(model), str(part))
        left = check_bpu(part)
        if left:
            reasons = ", ".join(f"{found.operator} {found.node} ({found.reason})" for found in left)
            raise ManifestError(f"{model}: these operators cannot run on the BPU of an RDK X5: {reasons}")
        os.replace(part, output)
    finally:
        part.unlink(missing_ok=True)
    return write_manifest_like(model, output)


def fit_for_bpu(model: Path) -> Any:
    """Return a graph that computes the same as a model, in operators for the BPU where there are such.

    Raises:
        ManifestError: no ONNX model of opset 10 or 11, its input is not 1 x channels x height x width or
            its output not 1 x classes x time steps, a tensor between them has not four dimensions,
            or the rewritten graph computes something else.
    """
    before = load_graph(model)
    after = onnx.ModelProto()
    after.CopyFrom(before)
    _fix_batch(after, model)
    after = shape_inference.infer_shapes(after, data_prop=True)
    for rewrite in (_square_by_multiplying, _mean_in_two_steps, _keep_the_height):
        rewrite(after.graph)
        del after.graph.value_info[:]
        after = shape_inference.infer_shapes(after, data_prop=True)
    _drop_unused(after.graph)
    _check_dimensions(after.graph, model)
    _check_same(before, after, model)
    return after


def _fix_batch(model: Any, path: Path) -> None:
    """Set a batch of unknown size to 1, and forget all shapes but the input's."""
    graph = model.graph
    inputs, outputs = _inputs(graph), list(graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        raise ManifestError(f"{path}: has {len(inputs)} inputs and {len(outputs)} outputs, expected one each")
    dimensions = inputs[0].type.tensor_type.shape.dim
    if dimensions and not dimensions[0].dim_value:
        dimensions[0].dim_value = 1
    shape = known_shapes(graph).get(inputs[0].name, ())
    if len(shape) != 4 or shape[0] != 1:
        found = "x".join(str(dimension.dim_value or "?") for dimension in dimensions)
        raise ManifestError(f"{path}: its input is {found}, expected 1 x channels x height x width")
    del graph.value_info[:]
    outputs[0].type.tensor_type.ClearField("shape")


def _inputs(graph: Any) -> list[Any]:
    """Return the inputs that are no constants; older files list these too."""
    constants = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def _square_by_multiplying(graph: Any) -> None:
    arrays = constant_arrays(graph)
    for node in graph.node:
        exponent = arrays.get(node.input[1]) if node.op_type == "Pow" else None
        if exponent is not None and exponent.size == 1 and exponent.item() == 2:
            node.op_type = "Mul"
            node.input[1] = node.input[0]


def _mean_in_two_steps(graph: Any) -> None:
    """Replace each mean over a whole crop; a batch of one changes nothing."""
    shapes, replaced = known_shapes(graph), []
    for node in graph.node:
        shape = shapes.get(node.input[0], ()) if node.op_type == "ReduceMean" else ()
        axes = sorted(axis % 4 for axis in _attribute(node, "axes", range(4)))
        users = [user for user in graph.node if node.output[0] in user.input]
        # where the axes go with the mean, it is the same only to those that broadcast it
        fits = _attribute(node, "keepdims", 1) or all(
            user.op_type in ("Add", "Sub", "Mul", "Div")
            and any(len(shapes.get(name, ())) == 4 for name in user.input)
            for user in users
        )
        if len(shape) != 4 or axes not in ([1, 2, 3], [0, 1, 2, 3]) or not users or not fits:
            replaced.append(node)
            continue
        inner, (outer,) = f"{node.output[0]}_by_channel", node.output
        name = node.name or outer
        replaced += [
            _mean(node.input[0], inner, f"{name}_plane", [2, 3]),
            _mean(inner, outer, f"{name}_channels", [1]),
        ]
    del graph.node[:]
    graph.node.extend(replaced)


def _keep_the_height(graph: Any) -> None:
    """Leave away what takes the height, which is 1, out of the output."""
    shapes, (output,) = known_shapes(graph), graph.output
    (last,) = [node for node in graph.node if output.name in node.output]
    shape = shapes.get(last.input[0], ())
    if last.op_type == "ReduceMean" and list(_attribute(last, "axes", ())) in ([2], [-2]) and len(shape) == 4:
        last.CopyFrom(_mean(last.input[0], output.name, last.name, [2]))
    elif last.op_type in ("Squeeze", "Reshape", "Flatten") and len(shape) == 4 and shape[2] == 1:
        squeezed = shapes.get(output.name, ())
        maker = [node for node in graph.node if last.input[0] in node.output]
        users = [node for node in graph.node if last.input[0] in node.input]
        if squeezed == shape[:2] + shape[3:] and maker and users == [last]:
            maker[0].output[list(maker[0].output).index(last.input[0])] = output.name
            graph.node.remove(last)
    output.type.tensor_type.ClearField("shape")  # another one now; inferred anew


def _mean(source: str, target: str, name: str, axes: list[int]) -> Any:
    return helper.make_node("ReduceMean", [source], [target], name, axes=axes, keepdims=1)


def _attribute(node: Any, name: str, default: Any) -> Any:
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def _drop_unused(graph: Any) -> None:
    """Take out constants that no operator reads any more."""
    used = {name for node in graph.node for name in node.input}
    for kept, items in (
        ([tensor for tensor in graph.initializer if tensor.name in used], graph.initializer),
        ([node for node in graph.node if node.op_type != "Constant" or node.output[0] in used], graph.node),
    ):
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del items[:]
        items.extend(copies)


def _check_dimensions(graph: Any, path: Path) -> None:
    shapes, arrays = known_shapes(graph), constant_arrays(graph)
    for node in graph.node:
        for name in node.output:
            if name not in arrays and len(shapes.get(name, ())) != 4:
                found = shapes.get(name, "unknown")
                raise ManifestError(
                    f"{path}: {node.op_type} {node.name or name} makes a tensor of the shape {found}, "
                    "expected four dimensions throughout"
                )


def _check_same(before: Any, after: Any, path: Path) -> None:
    """Compute both graphs for a picture of noise; one in which nothing was rewritten needs no proof."""
    if list(before.graph.node) == list(after.graph.node):
        return
    (value,) = _inputs(after.graph)
    noise = np.random.default_rng(0).uniform(-1, 1, known_shapes(after.graph)[value.name])
    feed = {value.name: noise.astype(np.float32)}
    expected, found = (ReferenceEvaluator(model).run(None, feed)[0] for model in (before, after))
    difference = np.abs(found.reshape(-1) - expected.reshape(-1)).max()
    if not difference <= _TOLERANCE * np.ptp(expected):
        raise ManifestError(f"{path}: the rewritten graph computes something else (by {difference:.3g})")
