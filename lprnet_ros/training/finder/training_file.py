"""What a training of the finder depends on, read from a YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lprnet_ros.models.manifest import ManifestError
from lprnet_ros.text.fields import FieldError, read_yaml
from lprnet_ros.training.finder.composing import SceneShares

NETWORK = "finder"
"""The value of ``network`` by which a YAML says what it trains."""


@dataclass(frozen=True)
class FinderTraining:
    """Everything a run depends on; the YAML holds the same names.

    Attributes:
        network: ``finder``.
        frames: CSV of pictures with the corners of their plates.
        background: CSV of pictures without a plate.
        plates: CSV of plates cut out, to paint into pictures, or None.
        glyphs: folder of glyph pictures; None draws with the open font alone.
        output: folder for checkpoints and the log.
        steps: optimiser steps.
        tile: height and width of most training pictures; multiples of 32.
        batch_size: pictures of that size a step.
        whole_every: each so many steps a batch of the size of the real input, with as many pixels.
        learning_rate: the peak of the one-cycle schedule.
        weight_decay: of AdamW.
        ema_decay: of the averaged weights that are validated and exported.
        drawn_plates: plates that are rendered before the start.
        shares: how often what is composed.
        validate_every: steps between validations.
        workers: processes that compose pictures.
        seed: of weights and pictures.
        initial: checkpoint whose averaged weights are the start, or None.
    """

    frames: Path
    background: Path
    network: str = NETWORK
    plates: Path | None = None
    glyphs: Path | None = None
    output: Path = Path("runs/finder")
    steps: int = 12000
    tile: tuple[int, int] = (256, 384)
    batch_size: int = 24
    whole_every: int = 5
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    ema_decay: float = 0.998
    drawn_plates: int = 1500
    shares: SceneShares = field(default_factory=SceneShares)
    validate_every: int = 500
    workers: int = 1
    seed: int = 1
    initial: Path | None = None


def is_finder_training(path: Path) -> bool:
    """Tell whether a training YAML is one of the finder's: it begins with ``network: finder``.

    Raises:
        ManifestError: it cannot be read as YAML.
    """
    return _values(path).get("network") == NETWORK


def load_finder_training(path: Path, overrides: Mapping[str, object] | None = None) -> FinderTraining:
    """Read a YAML with the fields of ``FinderTraining``; paths are relative to the working folder.

    Args:
        path: the YAML.
        overrides: values that replace the file's.

    Raises:
        ManifestError: it is no YAML, or a name or a number in it is wrong.
    """
    values = {**_values(path), **(overrides or {})}
    unknown = sorted(set(values) - {each.name for each in fields(FinderTraining)})
    missing = sorted({"frames", "background"} - set(values))
    for what, names in (("unknown", unknown), ("missing", missing)):
        if names:
            raise ManifestError(f"{path}: {what} {', '.join(names)}")
    for name in ("frames", "background", "plates", "glyphs", "output", "initial"):
        if values.get(name) is not None:
            values[name] = Path(str(values[name]))
    try:
        shares = SceneShares(**values.pop("shares", {}))
        tile = values.pop("tile", FinderTraining.tile)
        height, width = (int(side) for side in tile)
        config = FinderTraining(**values, shares=shares, tile=(height, width))
    except (TypeError, ValueError) as error:
        raise ManifestError(f"{path}: {error}") from error
    for name, least in (("steps", 4), ("batch_size", 1), ("whole_every", 1), ("validate_every", 1)):
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ManifestError(f"{path}: {name} is {value!r}, expected a whole number from {least} on")
    if any(side % 32 or side < 32 for side in config.tile):
        raise ManifestError(f"{path}: tile is {list(config.tile)}, expected multiples of 32")
    return config


def _values(path: Path) -> dict[str, Any]:
    try:
        values = read_yaml(path) or {}
    except FieldError as error:
        raise ManifestError(str(error)) from error
    if not isinstance(values, dict):
        raise ManifestError(f"{path}: expected a mapping of names to values")
    return values
