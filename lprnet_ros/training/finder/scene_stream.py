"""Endless batches of composed pictures, and what they are composed of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from lprnet_ros.models.tensor_spec import TensorSpec
from lprnet_ros.training.finder.composing import Ingredients, SceneComposer
from lprnet_ros.training.finder.pictures import TrainingPicture, load_pictures
from lprnet_ros.training.finder.plate_bank import foreign_plates, real_plates, rendered_plates
from lprnet_ros.training.finder.taught_cells import targets_of
from lprnet_ros.training.finder.training_file import FinderTraining
from lprnet_ros.training.glyphs import default_font, glyphs_from_font, load_glyph_styles

PREPROCESSING = TensorSpec.picture(
    channel_order="rgb", mean=127.5, scale=1 / 127.5, width=640, height=384, name="image"
)
"""How the finder wants its input."""


class SceneStream(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches: pictures N x H x W x 3 uint8 BGR, and what the network should answer.

    Args:
        ingredients: pictures and plates.
        config: sizes and shares.
        first_step: of the first batch; decides its size and its randomness.
    """

    def __init__(self, ingredients: Ingredients, config: FinderTraining, first_step: int) -> None:
        self._ingredients = ingredients
        self._config = config
        self._first_step = first_step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Compose batches, each worker its own."""
        config, worker = self._config, get_worker_info()
        step = self._first_step + (worker.id if worker else 0)
        while True:
            generator = np.random.default_rng((config.seed, step))
            composer = SceneComposer(self._ingredients, config.shares, generator)
            height, width = config.tile
            count = config.batch_size
            if step % config.whole_every == 0:
                pixels = height * width * count
                height, width = PREPROCESSING.height, PREPROCESSING.width
                count = max(1, round(pixels / (height * width)))
            made = [composer.compose(height, width) for _ in range(count)]
            targets = np.stack([targets_of(plates, height, width) for _, plates in made])
            yield torch.from_numpy(np.stack([picture for picture, _ in made])), torch.from_numpy(targets)
            step += worker.num_workers if worker else 1


def load_ingredients(config: FinderTraining) -> Ingredients:
    """Load the pictures that may be trained on, and draw the plates that are painted into them."""
    generator = np.random.default_rng(config.seed)
    styles = load_glyph_styles(config.glyphs) if config.glyphs is not None else []
    styles += [glyphs_from_font(default_font())]
    pictures = [each for each in load_pictures(config.frames, "train") if each.plates]
    sources = Counter(_source(each) for each in pictures)
    weights = np.array([sources[_source(each)] ** -0.5 for each in pictures])
    return Ingredients(
        pictures,
        weights / weights.sum(),
        load_pictures(config.background, "train"),
        real_plates(config.plates) if config.plates is not None else [],
        rendered_plates(styles, config.drawn_plates, generator),
        foreign_plates(styles, config.drawn_plates // 2, generator),
    )


def _source(picture: TrainingPicture) -> str:
    return picture.name.rsplit("_", 1)[0]
