"""Writes a trained network as ONNX with the manifest that tells how to use it."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import nn

from lprnet_ros.alphabet import CHINESE_PLATES
from lprnet_ros.ctc import decode_greedy
from lprnet_ros.labelled import read_image
from lprnet_ros.model import ManifestError, manifest_path
from lprnet_ros.preprocess import preprocess
from lprnet_ros.recognizer import logits_cosine
from lprnet_ros.training.network import INPUT_SHAPE, TIME_STEPS, PlateNet
from lprnet_ros.training.trainer import PREPROCESSING

OPSET = 11
"""The newest ONNX opset that the RDK X5's compiler takes (hb_mapper: 10 and 11)."""


def export_checkpoint(checkpoint: Path, output: Path, self_test: Path) -> Path:
    """Export the averaged weights of a checkpoint.

    Args:
        checkpoint: ``checkpoint.pt`` of a training run.
        output: the ``.onnx`` file to write.
        self_test: picture of a plate whose name begins with its text; copied
            beside the model.

    Returns:
        The manifest's path.

    Raises:
        ManifestError: no such checkpoint, or the network misreads the self-test.
    """
    if not checkpoint.is_file():
        raise ManifestError(f"{checkpoint}: no such checkpoint")
    network = PlateNet()
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network.load_state_dict(state["averaged"])
    network.eval()
    tensor = preprocess(read_image(self_test), PREPROCESSING)
    with torch.no_grad():
        logits = network(torch.from_numpy(tensor))[0].numpy()
    text = self_test.stem.split("_")[0]
    answer = decode_greedy(logits, CHINESE_PLATES).text
    if answer != text:
        raise ManifestError(f"{self_test}: the network reads {answer!r} there; take a picture that it reads")
    write_onnx(network, output)
    image_copy = output.with_name(f"{output.stem}.self_test.png")
    logits_copy = output.with_name(f"{output.stem}.self_test.npy")
    if self_test.resolve() != image_copy.resolve():
        shutil.copyfile(self_test, image_copy)
    np.save(logits_copy, logits.astype(np.float32))
    with torch.no_grad():
        swapped = network(torch.from_numpy(np.ascontiguousarray(tensor[:, ::-1])))[0].numpy()
    # halfway between the right channel order and the wrong one, which must be told apart
    minimum_cosine = round((1.0 + logits_cosine(swapped, logits)) / 2, 4)
    return write_manifest(output, text, image_copy.name, logits_copy.name, minimum_cosine)


def write_onnx(network: nn.Module, output: Path) -> None:
    """Export a network with static shapes, 1 x 3 x 24 x 94 to 1 x 68 x 18.

    Batch normalisation is folded into the convolutions by the exporter.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(INPUT_SHAPE)
    with warnings.catch_warnings():
        # deprecated, but the only exporter that writes an opset the board's compiler takes
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (example,),
            str(output),
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=["logits"],
            do_constant_folding=True,
        )


def write_manifest(model: Path, text: str, image: str, logits: str, minimum_cosine: float) -> Path:
    """Write the manifest of an exported model and return its path."""
    pixel = PREPROCESSING.normalise(blue=255, green=0, red=0)
    values = {
        "name": model.stem,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "input": {
            "channel_order": PREPROCESSING.channel_order,
            "mean": PREPROCESSING.mean,
            "scale": PREPROCESSING.scale,
            "width": PREPROCESSING.width,
            "height": PREPROCESSING.height,
        },
        "output": {
            "alphabet": "".join(CHINESE_PLATES.characters),
            "blank": CHINESE_PLATES.characters[CHINESE_PLATES.blank],
            "time_steps": TIME_STEPS,
        },
        "self_test": {
            "blue_pixel": list(pixel),
            "image": image,
            "text": text,
            "logits": logits,
            "minimum_cosine": minimum_cosine,
        },
    }
    path = manifest_path(model)
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
    return path
