"""Writes a trained network as ONNX with the manifest that tells how to use it."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn

from lprnet_ros.models.manifest import ManifestError, manifest_path, sha256_of
from lprnet_ros.models.tensor_spec import TensorSpec, shared_number
from lprnet_ros.plates.alphabet import CHINESE_PLATES
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.self_test import logits_cosine
from lprnet_ros.sources.labelled import read_image
from lprnet_ros.training.classic import CLASSIC_PREPROCESSING, load_classic
from lprnet_ros.training.network import INPUT_SHAPE, TIME_STEPS, PlateNet
from lprnet_ros.training.trainer import PREPROCESSING

OPSET = 11
"""The newest ONNX opset that the RDK X5's compiler takes (hb_mapper: 10 and 11)."""


def export_checkpoint(checkpoint: Path, output: Path, self_test: Path) -> Path:
    """Export a trained network, of this project or of LPRNet_Pytorch.

    Args:
        checkpoint: ``checkpoint.pt`` of a training run, whose averaged weights are
            taken, or a state dict of LPRNet_Pytorch.
        output: the ``.onnx`` file to write.
        self_test: picture of a plate whose name begins with its text; copied
            beside the model.

    Returns:
        The manifest's path.

    Raises:
        ManifestError: no such checkpoint, or the network misreads the self-test.
    """
    network, rule = load_checkpoint(checkpoint)
    tensor = preprocess(read_image(self_test), rule)
    with torch.no_grad():
        logits = network(torch.from_numpy(tensor))[0].numpy()
        swapped = network(torch.from_numpy(np.ascontiguousarray(tensor[:, ::-1])))[0].numpy()
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
    # halfway between the right channel order and the wrong one, which must be told apart
    minimum_cosine = round((1.0 + logits_cosine(swapped, logits)) / 2, 4)
    test = {
        "image": image_copy.name,
        "text": text,
        "logits": logits_copy.name,
        "minimum_cosine": minimum_cosine,
    }
    return write_manifest(output, rule, test)


def load_state(checkpoint: Path) -> dict[str, Any]:
    """Load what a checkpoint holds.

    Raises:
        ManifestError: the file is missing.
    """
    if not checkpoint.is_file():
        raise ManifestError(f"{checkpoint}: no such checkpoint")
    return dict(torch.load(checkpoint, map_location="cpu", weights_only=True))


def load_checkpoint(checkpoint: Path) -> tuple[nn.Module, TensorSpec]:
    """Load a network, ready to infer, and say how it wants its input.

    Args:
        checkpoint: of a training run, or a state dict of LPRNet_Pytorch.

    Raises:
        ManifestError: the file is missing, or is neither.
    """
    state = load_state(checkpoint)
    if "averaged" not in state:
        return load_classic(checkpoint), CLASSIC_PREPROCESSING
    network = PlateNet()
    network.load_state_dict(state["averaged"])
    return network.eval(), PREPROCESSING


def write_onnx(
    network: nn.Module, output: Path, shape: tuple[int, ...] = INPUT_SHAPE, answer: str = "logits"
) -> None:
    """Export a network with static shapes; the input is called ``image``, the output as ``answer`` says.

    Batch normalisation is folded into the convolutions by the exporter.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(shape)
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
            output_names=[answer],
            do_constant_folding=True,
        )


def write_manifest(model: Path, rule: TensorSpec, self_test: Mapping[str, object]) -> Path:
    """Write the manifest of an exported model.

    Args:
        model: the file, already written.
        rule: how it wants its input.
        self_test: fields of the manifest's ``self_test`` besides ``blue_pixel``.

    Returns:
        The manifest's path.
    """
    values = {
        "name": model.stem,
        "sha256": sha256_of(model),
        "input": {
            "channel_order": rule.channel_order,
            "mean": shared_number(rule.mean),
            "scale": shared_number(rule.scale),
            "width": rule.width,
            "height": rule.height,
        },
        "output": {
            "alphabet": "".join(CHINESE_PLATES.characters),
            "blank": CHINESE_PLATES.characters[CHINESE_PLATES.blank],
            "time_steps": TIME_STEPS,
            "syntax": "ga36",
        },
        "self_test": {"blue_pixel": list(rule.normalise(blue=255, green=0, red=0)), **self_test},
    }
    path = manifest_path(model)
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
    return path
