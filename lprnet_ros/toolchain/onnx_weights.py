"""Takes the weights of the convolutions back out of an exported network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from lprnet_ros.models.manifest import ManifestError

Weights = npt.NDArray[np.float32]


def convolution_weights(model: Path) -> list[tuple[Weights, Weights]]:
    """Read weights and bias of each convolution, in the order in which they compute.

    Args:
        model: an ``.onnx`` file that ``lpr_export`` wrote.

    Raises:
        ManifestError: the file is missing, no ONNX, or a convolution's weights are not in it.
    """
    try:
        graph = onnx.load(str(model)).graph
    except Exception as error:  # the exceptions of onnx and protobuf share no public base class
        raise ManifestError(f"{model}: cannot be read as ONNX ({error})") from error
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:  # the exporter writes equal weights once
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    inputs = [node.input[1:] for node in graph.node if node.op_type == "Conv"]
    missing = [names for names in inputs if len(names) != 2 or not set(names) <= set(values)]
    if missing:
        raise ManifestError(f"{model}: a convolution has no constant weights and bias: {missing[0]}")
    return [(np.array(values[weights]), np.array(values[bias])) for weights, bias in inputs]
