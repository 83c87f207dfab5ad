"""A network of two convolutions that finds what is red: a real finder for real runtimes; needs onnx."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from lprnet_ros.models.manifest import manifest_path, sha256_of

WIDTH, HEIGHT, STRIDE = 160, 96, 8
PLATE = (64, 40, 32, 8)
"""x, y, width, height of the red plate in ``red_picture``, the only size that the network knows."""
QUAD = ((64, 40), (96, 40), (96, 48), (64, 48))


def red_picture(scale: int = 1) -> np.ndarray:
    """A grey picture with one red plate, so many times as large as the input."""
    picture = np.full((HEIGHT * scale, WIDTH * scale, 3), 90, np.uint8)
    x, y, width, height = (value * scale for value in PLATE)
    picture[y : y + height, x : x + width] = (0, 0, 255)
    return picture


def write_red_finder(folder: Path, name: str = "red.onnx") -> Path:
    """Write the network, its manifest and its self-test picture."""
    onnx = pytest.importorskip("onnx", reason="needs onnx (extra 'training')")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    # over 32 x 8 pixels whose middle one cell is: the plate's middle lies between two cells
    redness = np.zeros((2, 3, STRIDE, 4 * STRIDE), np.float32)
    redness[0, 0], redness[0, 1], redness[0, 2] = 1 / 256, -0.5 / 256, -0.5 / 256
    redness[1, :] = 1 / 768
    answer, bias = np.zeros((11, 2, 1, 1), np.float32), np.zeros(11, np.float32)
    answer[0, 0], bias[0] = 8.0, -10.0
    bias[1] = math.log2(PLATE[2] / STRIDE)
    middle = 12.0, 4.0  # of the window, from that of the cell in which it begins
    corners = ((-16, -4), (16, -4), (16, 4), (-16, 4))
    bias[2:10] = [
        (m + v) / PLATE[2] for corner in corners for m, v in zip((middle[0], 0.0), corner, strict=True)
    ]
    bias[10] = -3.0
    constants = {"redness": redness, "zero": np.zeros(2, np.float32), "answer": answer, "bias": bias}
    graph = helper.make_graph(
        [
            helper.make_node(
                "Conv", ["image", "redness", "zero"], ["all"], "first", strides=[8, 8], pads=[0, 0, 0, 24]
            ),
            helper.make_node("Relu", ["all"], ["red"], "relu"),
            helper.make_node("Conv", ["red", "answer", "bias"], ["cells"], "last"),
        ],
        "red",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("cells", onnx.TensorProto.FLOAT, [1, 11, HEIGHT // 8, WIDTH // 8])],
        [numpy_helper.from_array(array, key) for key, array in constants.items()],
    )
    model = folder / name
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7), str(model))
    cv2.imwrite(str(folder / "red.png"), red_picture())
    values = {
        "name": "red",
        "sha256": sha256_of(model),
        "input": {
            "channel_order": "rgb",
            "mean": 127.5,
            "scale": 1 / 127.5,
            "width": WIDTH,
            "height": HEIGHT,
        },
        "output": {"stride": STRIDE, "minimum_score": 0.5},
        "self_test": {
            "blue_pixel": [-1.0, -1.0, 1.0],
            "image": "red.png",
            "quads": [[float(value) for corner in QUAD for value in corner]],
        },
    }
    manifest_path(model).write_text(yaml.safe_dump(values), encoding="utf-8")
    return model
