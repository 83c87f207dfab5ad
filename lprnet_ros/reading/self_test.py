"""The self-test that a model must pass before it is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lprnet_ros.models.manifest import ManifestError, RecognizerManifest
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.runtimes import Runtime
from lprnet_ros.runtimes.self_test_input import SelfTestError, check_blue_pixel, read_self_test_picture


def run_self_test(manifest: RecognizerManifest, runtime: Runtime) -> None:
    """Run a model on its self-test picture and compare the answer with its manifest.

    Raises:
        ManifestError: a file of the self-test is missing or broken.
        SelfTestError: the input or the answer is wrong.
        InferenceError: the runtime failed.
        LogitsError: the network's output is not finite.
    """
    test, name = manifest.self_test, manifest.path.name
    check_blue_pixel(manifest)
    if test.image is None:
        return
    logits = runtime.infer(preprocess(read_self_test_picture(test.image), manifest.input))[0]
    text = decode_greedy(logits, manifest.alphabet).text
    if text != test.text:
        raise SelfTestError(
            f"{name} read {text!r} on {test.image.name} instead of {test.text!r}; the model file, "
            "its channel order, mean or scale is not what its manifest says"
        )
    if test.logits is not None:
        cosine = logits_cosine(logits, _load_logits(test.logits))
        if cosine < test.minimum_cosine:
            raise SelfTestError(
                f"{name} read {test.image.name}, but its logits have a cosine of {cosine:.3f} with "
                f"the expected ones, least {test.minimum_cosine}; is channel_order right?"
            )


def _load_logits(path: Path) -> npt.NDArray[np.float32]:
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    except (OSError, EOFError, ValueError) as error:
        raise ManifestError(f"{path}: the logits of the self-test are missing or broken ({error})") from error


def logits_cosine(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    """Return the cosine similarity of two networks' logits for one crop.

    Args:
        first: classes x time steps.
        second: the same.

    Returns:
        -1 to 1; the mean of each time step is taken off before, since what all
        classes share changes no probability and would hide what differs.

    Raises:
        ManifestError: the shapes differ.
    """
    if first.shape != second.shape:
        raise ManifestError(f"the self-test's logits have shape {second.shape}, the model's {first.shape}")
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.vdot(first, second)) / norms if norms > 0 else 0.0
