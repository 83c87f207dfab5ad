"""Turns a float ONNX model into an 8-bit one (QDQ), and shows what each node loses by it.

Weights become int8, with a scale for each channel, activations uint8, with a
scale for each tensor: products of uint8 and int8 are what AVX-512 VNNI
computes; with int8 activations the bundled network is slower than in float.
The last layer stays float: its rounding would be that of the logits.

onnxruntime.quantization needs the package onnx, of the extra 'training'.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from lprnet_ros.runtimes.runtime import InferenceError, RuntimeUnavailableError

Tensor = npt.NDArray[np.float32]
PERCENTILE = 99.99
"""Share of an activation's values that the 8 bits hold, in percent.

Of 4000 degraded plates that training never saw, 8 bits read 80 otherwise than float where the ranges hold
every value (MinMax), 66 at this percentile, and 42 where the last layer stays float as well; the number of
right ones is the same in all.  Entropy, a first layer in float and bias correction changed nothing.
"""
_OPSET = 13
"""The first ONNX opset in which weights have a scale for each channel."""
_LAYERS = ("Conv", "Gemm", "MatMul")
_ROUNDING = ("QuantizeLinear", "DequantizeLinear")
_COMPARED = 32
"""Calibration inputs on which the table's similarities are measured."""


@dataclass(frozen=True)
class NodeLoss:
    """What 8 bits cost at one node; a row of the table that the board's hb_mapper prints.

    Attributes:
        node: its name; a Relu behind it is part of it.
        kind: its ONNX operator.
        cosine: mean cosine similarity of its output with the float model's, -1..1.
        threshold: the largest magnitude of its output that the 8 bits hold; None
            where the output stays float.
    """

    node: str
    kind: str
    cosine: float
    threshold: float | None


def quantise(
    model: Path, output: Path, calibration: Sequence[Tensor], *, percentile: float | None = PERCENTILE
) -> list[NodeLoss]:
    """Write an 8-bit model.

    Args:
        model: the float ONNX model, of one input.
        output: the QDQ model to write.
        calibration: inputs from which the ranges of the activations are taken, each
            of the model's input shape.
        percentile: of an activation's values that the 8 bits hold; None: all of them, as a finder needs it,
            whose plates are fewer of the values than are left out otherwise.

    Returns:
        What each node loses, in the graph's order.

    Raises:
        RuntimeUnavailableError: onnx or ONNX Runtime is not installed.
        InferenceError: the model cannot be quantised, or already is.
    """
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise RuntimeUnavailableError(
            f"quantising needs onnx and ONNX Runtime: pip install 'lprnet_ros[training]' ({error})"
        ) from error
    with TemporaryDirectory() as folder:
        prepared, eight_bits = Path(folder) / "prepared.onnx", Path(folder) / "eight_bits.onnx"
        try:
            name, last_layer = _prepare(model, prepared)
            inputs = iter([{name: tensor} for tensor in calibration])
            methods = quantization.CalibrationMethod
            method = methods.MinMax if percentile is None else methods.Percentile
            feeds = SimpleNamespace(get_next=lambda: next(inputs, None))  # as a CalibrationDataReader
            with contextlib.redirect_stdout(io.StringIO()):  # the library's progress
                quantization.quantize_static(
                    str(prepared),
                    str(eight_bits),
                    feeds,
                    quant_format=quantization.QuantFormat.QDQ,
                    per_channel=True,
                    activation_type=quantization.QuantType.QUInt8,
                    weight_type=quantization.QuantType.QInt8,
                    nodes_to_exclude=[last_layer],
                    calibrate_method=method,
                    extra_options={} if percentile is None else {"CalibPercentile": percentile},
                )
            losses = _compare(prepared, eight_bits, [{name: x} for x in calibration[:_COMPARED]])
        except InferenceError:
            raise
        except Exception as error:  # the exceptions of onnx and onnxruntime share no public base class
            raise InferenceError(f"ONNX Runtime cannot quantise {model}: {error}") from error
        shutil.copyfile(eight_bits, output)
    return losses


def _prepare(model: Path, prepared: Path) -> tuple[str, str]:
    """Write the model folded and in an opset for 8 bits; name its input and its last layer."""
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from onnxruntime.tools.onnx_model_utils import update_onnx_opset

    copy = prepared.with_name("float.onnx")  # a copy: the library writes files beside a model
    shutil.copyfile(model, copy)
    loaded = _load(copy)
    if any(node.op_type in _ROUNDING for node in loaded.graph.node):
        raise InferenceError(f"{model} is an 8-bit model already")
    if max(entry.version for entry in loaded.opset_import if entry.domain in ("", "ai.onnx")) < _OPSET:
        update_onnx_opset(copy, _OPSET, copy)
    quant_pre_process(str(copy), str(prepared), skip_symbolic_shape=True)
    loaded = _load(prepared)
    for index, node in enumerate(loaded.graph.node):
        node.name = node.name or f"{node.op_type}_{index}"  # layers are chosen by name
    prepared.write_bytes(loaded.SerializeToString())
    layers = [node.name for node in loaded.graph.node if node.op_type in _LAYERS]
    if not layers:
        raise InferenceError(f"{model} has no layer with weights")
    return loaded.graph.input[0].name, layers[-1]


def _load(model: Path) -> Any:
    from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

    return load_model_with_shape_infer(model)


def _compare(prepared: Path, eight_bits: Path, feeds: Sequence[Mapping[str, Tensor]]) -> list[NodeLoss]:
    """Compare the output of each node of the 8-bit graph with the float graph's tensor of that name."""
    nodes = _load(eight_bits).graph.node
    known = {name for node in _load(prepared).graph.node for name in node.output}
    quantizers = {node.input[0]: node for node in nodes if node.op_type == "QuantizeLinear"}
    restored = {node.input[0]: node.output[0] for node in nodes if node.op_type == "DequantizeLinear"}
    # the node, its output's name in the float graph and, rounded, in the 8-bit one; scale and zero point
    rows: list[tuple[Any, str, str, list[str]]] = []
    for node in nodes:
        name = node.output[0].removesuffix("_QuantizeLinear_Input")  # so the library renames an output
        if node.op_type in _ROUNDING or name not in known:
            continue
        quantizer = quantizers.get(node.output[0])
        if quantizer is None:
            rows.append((node, name, node.output[0], []))
        else:
            rows.append((node, name, restored[quantizer.output[0]], list(quantizer.input[1:])))
    floats = _run(prepared, {name for _, name, _, _ in rows}, feeds)
    rounded = _run(eight_bits, {name for _, _, seen, scale in rows for name in (seen, *scale)}, feeds)
    return [
        NodeLoss(
            node=node.name or name,
            kind=node.op_type,
            cosine=float(np.mean([_cosine(a[name], b[seen]) for a, b in zip(floats, rounded, strict=True)])),
            threshold=_threshold(*(rounded[0][part] for part in scale)) if scale else None,
        )
        for node, name, seen, scale in rows
    ]


def _run(model: Path, names: Iterable[str], feeds: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Any]]:
    """Return, for each input, the values of inner tensors by name."""
    import onnxruntime

    loaded = _load(model)
    for name in set(names) - {output.name for output in loaded.graph.output}:
        loaded.graph.output.add().name = name
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # keeps them all
    session = onnxruntime.InferenceSession(
        loaded.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    wanted = sorted(names)
    return [dict(zip(wanted, session.run(wanted, dict(feed)), strict=True)) for feed in feeds]


def _threshold(scale: Any, zero_point: Any) -> float:
    """Return the largest magnitude that uint8 holds with a scale and a zero point."""
    return float(scale) * max(int(zero_point), 255 - int(zero_point))


def _cosine(first: Any, second: Any) -> float:
    """Return the cosine similarity of two arrays of one size; two of only zeros are alike."""
    norms = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(np.vdot(first, second)) / norms if norms > 0 else float(not np.any(first - second))
