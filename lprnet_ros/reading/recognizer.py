"""Crop in, reading out: the way of a crop through preprocessing, the network and the decoder."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.images.crop_image import BgrImage, CropImage, ImageRejectedError
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.reading.ctc import LogitsError
from lprnet_ros.reading.decoding import CERTAIN, Decoder
from lprnet_ros.reading.deskew import level_views
from lprnet_ros.reading.plate_reading import PlateReading, ReadingFailedError, Timings
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.reading.self_test import run_self_test
from lprnet_ros.runtimes import InferenceError, Runtime, default_model, open_runtime
from lprnet_ros.runtimes.self_test_input import SelfTestError

__all__ = ["PlateRecognizer", "ReadResult", "ReadingRules", "SelfTestError"]

ReadResult = PlateReading | ImageRejectedError | ReadingFailedError
"""What reading a crop gives: a reading, or why there is none."""

_Made = TypeVar("_Made")
_Look = tuple[PlateReading, npt.NDArray[np.float32]]
"""A reading and the logits that it is from."""


class PlateRecognizer:
    """Reads plate crops with one model.

    Args:
        manifest: how to use the model.
        runtime: the opened model.
        rules: how crops are read and judged.

    Raises:
        ManifestError: the rules need a plate syntax, and the manifest names none.
        ValueError: there is no such decoder.
    """

    def __init__(
        self, manifest: RecognizerManifest, runtime: Runtime, rules: ReadingRules | None = None
    ) -> None:
        self.manifest = manifest
        self.runtime = runtime
        self.set_rules(rules if rules is not None else ReadingRules())

    @property
    def rules(self) -> ReadingRules:
        """How crops are read and judged."""
        return self._rules

    def set_rules(self, rules: ReadingRules) -> None:
        """Change how crops are read and judged; an error, as of the class, leaves all as it was."""
        rules.check(self.manifest)
        manifest = self.manifest
        self._decoder = Decoder(
            manifest.alphabet, manifest.syntax, rules.decoder, calibration=manifest.calibration
        )
        self._rules = rules

    @classmethod
    def open(
        cls,
        model: Path | None = None,
        runtime: str = "auto",
        *,
        threads: int = 1,
        rules: ReadingRules | None = None,
    ) -> PlateRecognizer:
        """Open a model, check its file and let it answer its self-test.

        Args:
            model: the model file; None is the bundled one for the runtime.
            runtime: one of ``RUNTIME_NAMES``.
            threads: CPU threads of the runtime, where it has any.
            rules: how crops are read and judged.

        Raises:
            ManifestError: the model or its manifest is missing, broken or does not fit.
            RuntimeUnavailableError: the runtime's library is not installed.
            InferenceError: the runtime cannot load or run the model.
            SelfTestError: the model answers wrongly.
            LogitsError: the model's answer is not finite.
            ValueError: there is no such decoder.
        """
        manifest = load_manifest(model if model is not None else default_model(runtime))
        manifest.verify_file()
        opened = open_runtime(runtime, manifest, threads=threads)
        try:
            recognizer = cls(manifest, opened, rules)
            recognizer.self_test()
        except (ValueError, RuntimeError):  # those above
            opened.close()
            raise
        return recognizer

    def read(self, image: npt.NDArray[np.uint8]) -> PlateReading:
        """Read one crop.

        Args:
            image: BGR, uint8, height x width x 3.

        Raises:
            ValueError: the image is empty or of another type.
            InferenceError: the runtime failed.
            LogitsError: the network's output is not finite.
        """
        (result,) = self.read_batch([CropImage(image)])
        if isinstance(result, Exception):
            raise result.__cause__ or result
        return result

    def read_batch(self, crops: Sequence[CropImage], rules: ReadingRules | None = None) -> list[ReadResult]:
        """Read several crops, step by step: code and weights stay in the processor's caches meanwhile.

        A crop whose confidence stays below ``CERTAIN`` is deskewed and read again; of all looks
        the most confident one counts, as far as the others agree.  The time of that counts as inference.

        Args:
            crops: at least one.
            rules: how to read and judge them from now on; None changes nothing.

        Returns:
            One result a crop, in their order; what is wrong with one does not touch the others.  The
            times of a step are shared equally among the crops of the batch.

        Raises:
            ManifestError, ValueError: the rules do not go with the model, as of ``set_rules``.
        """
        if rules is not None and rules is not self._rules:
            self.set_rules(rules)
        images = [_attempt(CropImage.to_bgr, crop) for crop in crops]
        started = time.perf_counter()
        tensors = [_attempt(self._preprocess, image) for image in images]
        prepared, cpu = time.perf_counter(), time.thread_time()
        logits = [_attempt(self._infer, tensor) for tensor in tensors]
        inferred, inference_cpu = time.perf_counter(), time.thread_time() - cpu
        readings = [_attempt(self._decoder.decode, each) for each in logits]
        decoded = time.perf_counter()
        share = 1e3 / max(1, len(crops))
        timings = Timings(
            preprocess_ms=(prepared - started) * share,
            inference_ms=(inferred - prepared) * share,
            decode_ms=(decoded - inferred) * share,
            inference_cpu_ms=inference_cpu * share,
        )
        steps = zip(readings, images, logits, strict=True)
        return [_attempt(self._finish, *step, timings) for step in steps]

    def _preprocess(self, image: BgrImage) -> npt.NDArray[Any]:
        return preprocess(image, self.manifest.input)

    def _infer(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the logits, classes x time steps."""
        logits: npt.NDArray[np.float32] = self.runtime.infer(tensor)[0]
        return logits

    def _finish(
        self, reading: PlateReading, image: BgrImage, logits: npt.NDArray[np.float32], timings: Timings
    ) -> PlateReading:
        """Look again where the reading is unsure, and judge it."""
        if self._rules.second_look and reading.confidence < CERTAIN:
            started, cpu = time.perf_counter(), time.thread_time()
            views = [self._infer(self._preprocess(view)) for view in level_views(image)]
            looks = [(reading, logits), *((self._decoder.decode(view), view) for view in views)]
            reading, logits = _best_look(looks)
            timings = dataclasses.replace(
                timings,
                inference_ms=timings.inference_ms + (time.perf_counter() - started) * 1e3,
                inference_cpu_ms=timings.inference_cpu_ms + (time.thread_time() - cpu) * 1e3,
            )
        places = partial(self._decoder.places, logits)
        verdict = self._rules.judge(reading, self.manifest.syntax, image, places)
        return reading.judged(verdict, timings)

    def self_test(self) -> None:
        """Check that the model answers as its manifest says; errors are those of ``run_self_test``."""
        run_self_test(self.manifest, self.runtime)

    def close(self) -> None:
        """Release the runtime."""
        self.runtime.close()


def _best_look(looks: Sequence[_Look]) -> _Look:
    """Return the most confident of several looks at one crop; its alternatives share what its text leaves.

    Looks that read the same make each other surer: the root of the mean of their probabilities may be
    higher than each.  The last one, with more room at the sides, may make up what the crop's edge took:
    it counts half, and no more than all looks together.
    """
    best, logits = max(looks, key=lambda look: look[0].confidence)
    found = [
        look.confidence if look.text == best.text else dict(look.alternatives).get(best.text, 0.0)
        for look, _ in looks
    ]
    confidence = math.sqrt(sum(found) / len(found))
    if best is looks[-1][0]:
        confidence = min(confidence, (found[-1] + max(found[:-1])) / 2)
    elif sum(look.text == best.text for look, _ in looks) > 1:
        confidence = max(confidence, best.confidence)
    left = min(1.0, (1.0 - confidence) / max(1e-9, 1.0 - best.confidence))
    alternatives = tuple([(text, left * probability) for text, probability in best.alternatives])
    return dataclasses.replace(best, confidence=confidence, alternatives=alternatives), logits


def _attempt(
    step: Callable[..., _Made], value: object, *more: object
) -> _Made | ImageRejectedError | ReadingFailedError:
    """Take one step with one crop; an error of this step, or of an earlier one, becomes its result."""
    if isinstance(value, (ImageRejectedError, ReadingFailedError)):
        return value
    try:
        return step(value, *more)
    except ImageRejectedError as error:
        return error
    except (InferenceError, LogitsError, ValueError, cv2.error) as error:
        return _failed(str(error), error)
    except Exception as error:  # noqa: BLE001 - a library may raise what no manual names: it costs this crop
        return _failed(f"unforeseen: {error!r}", error)


def _failed(why: str, cause: Exception) -> ReadingFailedError:
    failure = ReadingFailedError(why)
    failure.__cause__ = cause
    return failure
