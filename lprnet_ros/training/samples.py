"""Endless training samples: rendered plates, augmented real crops, and pictures without a plate."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import IterableDataset, get_worker_info
from tqdm import tqdm

from lprnet_ros.evaluation.background import text_like_windows
from lprnet_ros.plates.alphabet import CHINESE_PLATES
from lprnet_ros.plates.label import foreign_characters
from lprnet_ros.sources.labelled import (
    LabelledCrop,
    LabelledDataError,
    is_held_out,
    list_images,
    read_image,
    read_labelled,
)
from lprnet_ros.training.camera import HEIGHT, WIDTH, Camera, Quad
from lprnet_ros.training.glyphs import GlyphStyle
from lprnet_ros.training.lettering import Lettering
from lprnet_ros.training.relettering import LetteredCrop, reletter, take_apart
from lprnet_ros.training.renderer import PlateRenderer
from lprnet_ros.training.spoiled import cut_off, paint_over, turn

Image = npt.NDArray[np.uint8]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Images N x 24 x 94 x 3 uint8 BGR; all targets, concatenated; N target lengths."""

_CROP_ANEW_CHANCE = 0.5  # real plates with a known quad are also cropped and tilted like rendered ones
_GREY_CHANCE = 0.3  # of cut plates: where no colour tells that a character is missing

UNREADABLE_SETS = frozenset({"special"})
"""Data sets of plates outside the alphabet or the layout."""


@dataclass(frozen=True)
class RealCrops:
    """Real crops in memory, with sampling probabilities.

    Attributes:
        images: BGR, uint8, of any size.
        labels: one text for each image.
        parts: for each image the crop decomposed for relettering, or None if that failed.
        weights: one probability for each image; they sum to 1.
    """

    images: Sequence[Image]
    labels: Sequence[str]
    parts: Sequence[LetteredCrop | None]
    weights: npt.NDArray[np.float64]


def balanced_weights(crops: Sequence[LabelledCrop]) -> npt.NDArray[np.float64]:
    """Weight crops by 1 / sqrt(count) of their data set and of their province, to favour rare ones."""
    sets = Counter(crop.columns.get("set", "") for crop in crops)
    provinces = Counter(crop.label[:1] for crop in crops)
    weights = np.array(
        [(sets[crop.columns.get("set", "")] * provinces[crop.label[:1]]) ** -0.5 for crop in crops]
    )
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def load_training_crops(
    indexes: Sequence[Path],
    styles: Sequence[GlyphStyle],
    unseen_provinces: str = "",
    most_taken_apart: int | None = None,
) -> RealCrops:
    """Load the crops that may be trained on, and decompose them.

    Args:
        indexes: CSVs of crops; of one with a column ``role`` the rows with ``train`` alone count.
        styles: glyphs to find the plates with.
        unseen_provinces: provinces whose crops are skipped, like those of held-out
            plates, of unreadable data sets and of two rows.
        most_taken_apart: crops decomposed, those that are drawn most often first; None takes all.
    """
    crops = [
        crop
        for index in indexes
        for crop in read_labelled(index)
        if not is_held_out(crop.label)
        and crop.columns.get("role", "train") == "train"
        and crop.columns.get("rows", "1") == "1"
        and crop.columns.get("set") not in UNREADABLE_SETS
        and crop.label[:1] not in unseen_provinces
    ]
    images = [_at_most(_picture_of(crop), 3 * HEIGHT) for crop in crops]
    weights = balanced_weights(crops)
    parts: list[LetteredCrop | None] = [None] * len(crops)
    for place in tqdm(np.argsort(-weights, kind="stable")[:most_taken_apart].tolist(), "finding the plates"):
        parts[place] = take_apart(images[place], crops[place].label, styles)
    return RealCrops(images, [crop.label for crop in crops], parts, weights)


def _picture_of(crop: LabelledCrop) -> Image:
    if foreign := foreign_characters(crop.label, CHINESE_PLATES):
        where = f"line {crop.line} ({crop.path.name})" if crop.line else str(crop.path)
        raise LabelledDataError(f"{where}: the label {crop.label} holds {foreign}, which no class stands for")
    return crop.read()


def load_negatives(folder: Path, *, held_out: bool) -> list[Image]:
    """Load pictures without a plate from one side of the split, which is by file name."""
    return [read_image(p) for p in list_images(folder) if is_held_out(p.name) is held_out]


def load_background(index: Path) -> list[Image]:
    """Cut patches out of pictures without a Chinese plate, of the rows of a CSV with the role ``train``."""
    with index.open(encoding="utf-8", newline="") as stream:
        names = [row["file"] for row in csv.DictReader(stream) if row["role"] == "train"]
    pictures = [read_image(index.parent / name) for name in names]
    return [_at_most(each, 3 * HEIGHT) for picture in pictures for each in text_like_windows(picture, 16)]


def _at_most(image: Image, height: int) -> Image:
    if image.shape[0] <= height:
        return image
    size = (round(image.shape[1] * height / image.shape[0]), height)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass(frozen=True)
class _Tools:
    """The tools with which a worker makes samples."""

    generator: np.random.Generator
    renderer: PlateRenderer
    lettering: Lettering
    camera: Camera


class SampleStream(IterableDataset[Batch]):
    """Endless batches; each worker process makes its own.

    Args:
        styles: glyphs for the renderer.
        real: real crops, or None to train on rendered plates alone.
        negatives: pictures without a plate; also used as background of rendered plates.
        batch_size: samples per batch.
        rendered_share: share of rendered plates among the samples, 0..1.
        relettered_share: share of real crops that get other characters, 0..1.
        negative_share: share of pictures without a plate, 0..1.
        cut_share: share of plates through which an edge of the crop runs, 0..1.
        painted_share: share of plates of which one character is covered, 0..1.
        turned_share: share of plates that are turned or mirrored, and so must not be read, 0..1.
        seed: the same seed and number of workers give the same samples.
    """

    def __init__(
        self,
        styles: Sequence[GlyphStyle],
        real: RealCrops | None,
        negatives: Sequence[Image],
        *,
        batch_size: int,
        rendered_share: float,
        relettered_share: float,
        negative_share: float,
        cut_share: float = 0.0,
        painted_share: float = 0.0,
        turned_share: float = 0.0,
        seed: int,
    ) -> None:
        super().__init__()
        self._styles = styles
        self._real = real
        self._negatives = negatives
        self._batch_size = batch_size
        self._rendered_share = rendered_share if real is not None else 1.0
        self._relettered_share = relettered_share
        self._negative_share = negative_share
        self._cut_share = cut_share
        self._painted_share = painted_share
        self._turned_share = turned_share
        self._seed = seed
        self._cumulative = np.cumsum(real.weights) if real is not None else np.ones(1)

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches forever."""
        cv2.setNumThreads(0)
        info = get_worker_info()
        worker = info.id if info is not None else 0
        generator = np.random.default_rng((self._seed, worker))
        tools = _Tools(
            generator,
            PlateRenderer(self._styles, self._negatives, generator),
            Lettering(self._styles, generator),
            Camera(generator),
        )
        while True:
            samples = [self._draw(tools) for _ in range(self._batch_size)]
            images = torch.from_numpy(np.stack([image for image, _ in samples]))
            targets = [CHINESE_PLATES.encode(text) for _, text in samples]
            yield (
                images,
                torch.tensor([index for target in targets for index in target], dtype=torch.long),
                torch.tensor([len(target) for target in targets], dtype=torch.long),
            )

    def _draw(self, tools: _Tools) -> tuple[Image, str]:
        generator = tools.generator
        if generator.random() < self._negative_share:
            return self._no_plate(generator, tools.camera), ""
        image, quad, text = self._plate(tools)
        is_whole = True
        if quad is not None and len(text) in (7, 8):
            chance = generator.random()
            is_whole = chance >= self._cut_share
            if not is_whole:
                quad, text = cut_off(quad, text, generator)
            elif chance < self._cut_share + self._painted_share:
                image, text = paint_over(image, quad, text, generator)
        if quad is None:
            crop = tools.camera.photograph(image, _whole(image), crop_error=0.05, tilt=0.35)
        elif is_whole:
            crop = tools.camera.photograph(image, quad)
        else:  # what the edge takes must stay what the text says
            crop = tools.camera.photograph(image, quad, crop_error=0.02, tilt=0.35)
            if generator.random() < _GREY_CHANCE:
                crop = np.repeat(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[:, :, None], 3, axis=2)
        if generator.random() < self._turned_share:
            return turn(crop, generator), ""
        return crop, text

    def _plate(self, tools: _Tools) -> tuple[Image, Quad | None, str]:
        """Choose a plate: the picture, where in it the plate lies (None: everywhere), and its text."""
        generator = tools.generator
        if self._real is None or generator.random() < self._rendered_share:
            plate = tools.renderer.render()
            return plate.image, plate.quad, plate.text
        chosen = int(np.searchsorted(self._cumulative, generator.random() * self._cumulative[-1]))
        image, text, parts = self._real.images[chosen], self._real.labels[chosen], self._real.parts[chosen]
        if parts is not None and generator.random() < self._relettered_share:
            image, text = reletter(parts, tools.lettering, generator)
        is_anew = parts is not None and generator.random() < _CROP_ANEW_CHANCE
        return image, parts.quad if parts is not None and is_anew else None, text

    def _no_plate(self, generator: np.random.Generator, camera: Camera) -> Image:
        """Return a patch without a plate: from a picture, noise, or a uniform area."""
        if self._negatives and generator.random() < 0.8:
            image = self._negatives[int(generator.integers(len(self._negatives)))]
            if generator.random() < 0.5:
                image = np.ascontiguousarray(image[:, ::-1])
            return camera.photograph(image, _whole(image), crop_error=0.3)
        flat = generator.uniform(0, 255, size=3)
        sigma = generator.choice([0.0, 5.0, 60.0])
        noise = generator.normal(0, sigma, size=(HEIGHT, WIDTH, 3)) + flat
        image = np.clip(noise, 0, 255).astype(np.uint8)
        return camera.photograph(image, _whole(image))


def _whole(image: Image) -> npt.NDArray[np.float32]:
    height, width = image.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
