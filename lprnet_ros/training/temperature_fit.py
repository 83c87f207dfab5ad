"""Temperature scaling: fits a model's calibration to crops that training never saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import yaml
from torch.nn.functional import ctc_loss

from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.models.temperature import TemperatureScaling
from lprnet_ros.plates.alphabet import Alphabet
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.runtimes import open_runtime
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError

_PULL_TO_ZERO = 3e-3  # on the squares of the biases: rare characters keep theirs near 0
_ITERATIONS = 100


def fit_calibration(
    logits: npt.NDArray[np.float32],
    labels: Sequence[str],
    alphabet: Alphabet,
    *,
    biased: str = "",
) -> TemperatureScaling:
    """Find the temperature, and biases, under which the right texts are most probable.

    Args:
        logits: N x classes x time steps, float32.
        labels: N texts.
        alphabet: the classes.
        biased: characters that get a bias.

    Returns:
        The calibration with the least mean CTC loss.
    """
    scores = torch.from_numpy(logits).permute(2, 0, 1).double()
    targets = torch.tensor([index for label in labels for index in alphabet.encode(label)])
    lengths = torch.tensor([len(label) for label in labels])
    steps = torch.full((len(labels),), scores.shape[0])
    log_temperature = torch.zeros(1, dtype=torch.double, requires_grad=True)
    biases = torch.zeros(len(biased), dtype=torch.double, requires_grad=True)
    places = torch.tensor(alphabet.encode(biased), dtype=torch.long)
    parameters = [log_temperature, biases] if biased else [log_temperature]
    optimizer = torch.optim.LBFGS(parameters, max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        moved = scores.index_add(2, places, biases.expand(*scores.shape[:2], -1)) if biased else scores
        likelihoods = (moved * torch.exp(-log_temperature)).log_softmax(-1)
        value = ctc_loss(likelihoods, targets, steps, lengths, blank=alphabet.blank, reduction="none").mean()
        value = value + _PULL_TO_ZERO * (biases**2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    found = {character: round(bias, 3) for character, bias in zip(biased, biases.tolist(), strict=True)}
    return TemperatureScaling(round(float(torch.exp(log_temperature).detach()), 4), found)


def write_calibration(model: Path, crops: Sequence[LabelledCrop], *, biased: str = "") -> TemperatureScaling:
    """Fit a model's calibration, and write it into its manifest.

    Args:
        model: its file.
        crops: what to fit to, at least one.
        biased: characters that get a bias.

    Raises:
        ManifestError: the model or its manifest is missing or broken.
        LabelledDataError: a crop cannot be read, or bears a text outside of the alphabet.
    """
    manifest = load_manifest(model)
    manifest.verify_file()
    runtime = open_runtime("auto", manifest)
    try:
        logits = [runtime.infer(preprocess(crop.read(), manifest.input))[0] for crop in crops]
    finally:
        runtime.close()
    try:
        calibration = fit_calibration(
            np.stack(logits), [crop.label for crop in crops], manifest.alphabet, biased=biased
        )
    except ValueError as error:
        raise LabelledDataError(f"{crops[0].path.parent}: {error}") from error
    path = manifest_path(model)
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["calibration"] = {"temperature": calibration.temperature}
    if calibration.class_bias:
        values["calibration"]["class_bias"] = dict(calibration.class_bias)
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=200), encoding="utf-8")
    return calibration
