"""How many plates of labelled pictures a network in training finds."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.training.finder.network import STRIDE
from lprnet_ros.training.finder.pictures import TrainingPicture

_THRESHOLDS = (0.3, 0.4, 0.5)


def validate(
    network: nn.Module, pictures: Sequence[TrainingPicture], spec: TensorSpec, device: torch.device
) -> dict[str, float]:
    """Search whole pictures; return recall, precision and the median error of the corners."""
    network.eval()
    hits, errors, total, false = dict.fromkeys(_THRESHOLDS, 0), [], 0, dict.fromkeys(_THRESHOLDS, 0)
    for picture in pictures:
        image = picture.levels[0]
        scale = min(spec.width / image.shape[1], spec.height / image.shape[0])
        size = round(image.shape[1] * scale), round(image.shape[0] * scale)
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.full((spec.height, spec.width, 3), 127, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=method)
        tensor = torch.from_numpy(canvas).to(device).permute(2, 0, 1).flip(0).unsqueeze(0).float()
        with torch.no_grad():
            cells = network((tensor - spec.mean[0]) * spec.scale[0])[0].float().cpu().numpy()
        quads, scores = _decode(cells, _THRESHOLDS[0])
        used = np.zeros(len(quads), bool)
        for plate in picture.plates:
            quad = plate.quad * np.float32(scale)
            overlaps = np.array([_overlap(quad, each) for each in quads])
            best = int(overlaps.argmax()) if len(overlaps) else -1
            found = best >= 0 and overlaps[best] > 0.5
            if found:
                used |= overlaps > 0.3
            if not plate.is_known:
                continue
            total += 1
            if found:
                for threshold in _THRESHOLDS:
                    hits[threshold] += bool(scores[best] >= threshold)
                if plate.weight == 1:
                    width = float(np.hypot(*(quad[1] - quad[0])))
                    errors.append(float(np.linalg.norm(quads[best] - quad, axis=1).mean()) / width)
        for threshold in _THRESHOLDS:
            false[threshold] += int((~used & (scores >= threshold)).sum())
    result = {}
    for threshold in _THRESHOLDS:
        result[f"recall_{threshold}_accuracy"] = round(hits[threshold] / max(1, total), 4)
        found_all = hits[threshold] + false[threshold]
        result[f"precision_{threshold}_accuracy"] = round(hits[threshold] / max(1, found_all), 4)
    return result | {"corner_error": round(float(np.median(errors)) if errors else 1.0, 4)}


def _decode(
    cells: npt.NDArray[np.float32], threshold: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    score = 1 / (1 + np.exp(-cells[0]))
    peak = (score >= cv2.dilate(score, np.ones((3, 3), np.uint8))) & (score >= threshold)
    rows, columns = np.nonzero(peak)
    centres = np.stack([columns, rows], axis=1) + 0.5
    corners = cells[2:10, rows, columns].T.reshape(-1, 4, 2) * np.exp2(cells[1, rows, columns])[:, None, None]
    quads = ((corners + centres[:, None]) * STRIDE).astype(np.float32)
    order = np.argsort(-score[rows, columns])
    kept: list[int] = []
    for number in order:
        if all(_overlap(quads[number], quads[other]) < 0.4 for other in kept):
            kept.append(int(number))
    return quads[kept], score[rows, columns][kept]


def _overlap(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    common, _ = cv2.intersectConvexConvex(cv2.convexHull(first), cv2.convexHull(second))
    areas = cv2.contourArea(cv2.convexHull(first)) + cv2.contourArea(cv2.convexHull(second))
    return float(common / max(1e-6, areas - common))
