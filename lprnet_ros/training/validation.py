"""Plates that training never sees: real ones, and rendered ones of every province."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.plates.alphabet import CHINESE_PLATES, PROVINCES
from lprnet_ros.plates.kinds import plate_kinds
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.sources.labelled import LabelledCrop, is_held_out, read_labelled
from lprnet_ros.training.camera import Camera
from lprnet_ros.training.glyphs import GlyphStyle
from lprnet_ros.training.renderer import PlateRenderer, random_plate_text
from lprnet_ros.training.samples import UNREADABLE_SETS

_RENDERED_PER_PROVINCE = 20
_RENDERED_STRENGTH = 0.5
_RENDERED_SEED = 31


@dataclass(frozen=True)
class ValidationSet:
    """Crops with their texts, ready for the network.

    Attributes:
        images: N x 3 x 24 x 94 float32, as the network wants them.
        labels: N texts.
        groups: for each kind of group (set, colour, province) N names.
    """

    images: npt.NDArray[np.float32]
    labels: Sequence[str]
    groups: Mapping[str, Sequence[str]]


def held_out_crops(index: Path) -> list[LabelledCrop]:
    """List the real crops whose plates training never sees, exact labels only.

    Of a CSV with a column ``role`` these are the rows with ``choose``: ``exam`` is not looked at here.
    """
    return [
        crop
        for crop in read_labelled(index)
        if (crop.columns["role"] == "choose" if "role" in crop.columns else is_held_out(crop.label))
        and crop.columns.get("rows", "1") == "1"
        and crop.columns.get("set") not in UNREADABLE_SETS
        and not crop.columns.get("set", "").endswith("_pseudo")
    ]


def real_validation(indexes: Sequence[Path], rule: TensorSpec) -> ValidationSet:
    """Load the held-out crops of some indexes."""
    crops = [crop for index in indexes for crop in held_out_crops(index)]
    groups = {
        "set": [crop.columns.get("set", "") for crop in crops],
        "colour": [crop.columns.get("colour", crop.columns.get("kind", "")) for crop in crops],
        "province": [crop.label[:1] for crop in crops],
    }
    images = [preprocess(crop.read(), rule)[0] for crop in crops]
    return ValidationSet(np.stack(images), [crop.label for crop in crops], groups)


def rendered_validation(styles: Sequence[GlyphStyle], rule: TensorSpec) -> ValidationSet:
    """Render plates of every province, blue, yellow and green, at moderate degradation."""
    generator = np.random.default_rng(_RENDERED_SEED)
    renderer = PlateRenderer(styles, [], generator)
    camera = Camera(generator, _RENDERED_STRENGTH)
    kinds = plate_kinds("ga36")
    images, labels, colours = [], [], []
    for province in PROVINCES:
        for number in range(_RENDERED_PER_PROVINCE):
            kind = kinds[number % len(kinds)]
            plate = renderer.draw(province + random_plate_text(generator, kind)[1:], kind.colour)
            images.append(preprocess(camera.photograph(plate.image, plate.quad), rule)[0])
            labels.append(plate.text)
            colours.append(kind.colour)
    groups = {"colour": colours, "province": [label[:1] for label in labels]}
    return ValidationSet(np.stack(images), labels, groups)


def correct_plates(network: nn.Module, plates: ValidationSet, device: torch.device) -> npt.NDArray[np.bool_]:
    """Tell which plates a network reads without a mistake.

    Args:
        network: maps N x 3 x 24 x 94 to N x 68 x 18.
        plates: what to read.
        device: where the network lives.

    Returns:
        N truth values.
    """
    network.eval()
    correct = []
    with torch.no_grad():
        for start in range(0, len(plates.labels), 256):
            batch = torch.from_numpy(plates.images[start : start + 256]).to(device)
            outputs = network(batch).float().cpu().numpy()
            for logits, label in zip(outputs, plates.labels[start : start + 256], strict=True):
                correct.append(decode_greedy(logits, CHINESE_PLATES).text == label)
    return np.array(correct, dtype=bool)


def accuracy_by_group(
    plates: ValidationSet, correct: npt.NDArray[np.bool_]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Count, for each kind of group and each name, the plates and those read right."""
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for kind, names in plates.groups.items():
        members: dict[str, list[bool]] = defaultdict(list)
        for name, is_correct in zip(names, correct.tolist(), strict=True):
            members[name].append(is_correct)
        counts[kind] = {name: (len(values), sum(values)) for name, values in sorted(members.items())}
    return counts
