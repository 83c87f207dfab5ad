"""Crop in, reading out: preprocessing, a runtime and the decoder behind one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.reading.ctc import Decoding, LogitsError
from lprnet_ros.reading.decoding import CERTAIN, Decoder
from lprnet_ros.reading.deskew import level_views
from lprnet_ros.reading.plate_reading import PlateReading, Timings
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.reading.rules import ReadingRules, is_plate
from lprnet_ros.reading.self_test import SelfTestError, run_self_test
from lprnet_ros.runtimes import InferenceError, Runtime, open_runtime

__all__ = ["PlateRecognizer", "ReadingRules", "SelfTestError"]


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
            model: the model file; None is the bundled one.
            runtime: ``auto``, ``onnx``, ``hbm`` or ``bpu``.
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
        manifest = load_manifest(model if model is not None else bundled_model())
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
        """Read one crop; where the confidence stays below ``CERTAIN``, a second time with its tilt taken out.

        Args:
            image: BGR, uint8, height x width x 3.

        Returns:
            The reading; after a second look the one with the highest confidence.
            The time of a second look counts as inference.

        Raises:
            ValueError: the image is empty or of another type.
            InferenceError: the runtime failed.
            LogitsError: the network's output is not finite.
        """
        (result,) = self.read_many([image])
        if isinstance(result, Exception):
            raise result
        return result

    def read_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[PlateReading | Exception]:
        """Read several crops, step by step: code and weights stay in the processor's caches meanwhile.

        Args:
            images: each as for ``read``.

        Returns:
            For each its reading, or the error that ``read`` would raise.
        """
        attempts = [_Attempt(image) for image in images]
        _take(self._prepare, attempts)
        cpu = time.thread_time()
        _take(self._infer, attempts)
        share = (time.thread_time() - cpu) / max(1, len(attempts))
        for attempt in attempts:
            attempt.inference_cpu_seconds = share
        _take(self._decode, attempts)
        return [self._finish(attempt) if attempt.error is None else attempt.error for attempt in attempts]

    def _prepare(self, attempt: _Attempt) -> None:
        started = time.perf_counter()
        attempt.tensor = preprocess(attempt.image, self.manifest.input)
        attempt.preprocess_seconds = time.perf_counter() - started

    def _infer(self, attempt: _Attempt) -> None:
        started = time.perf_counter()
        attempt.logits = self.runtime.infer(attempt.tensor)[0]
        attempt.inference_seconds = time.perf_counter() - started

    def _decode(self, attempt: _Attempt) -> None:
        started = time.perf_counter()
        decoding = self._decoder.decode(attempt.logits)
        attempt.decode_seconds = time.perf_counter() - started
        if self._rules.second_look and decoding.confidence < CERTAIN:
            cpu, started = time.thread_time(), time.perf_counter()
            views = self._look_again(attempt.image)
            decoding = max(decoding, *views, key=lambda view: view.confidence)
            attempt.inference_seconds += time.perf_counter() - started
            attempt.inference_cpu_seconds += time.thread_time() - cpu
        attempt.decoding = decoding

    def _finish(self, attempt: _Attempt) -> PlateReading:
        decoding = attempt.decoding
        return PlateReading(
            text=decoding.text,
            confidence=decoding.confidence,
            character_confidences=decoding.character_confidences,
            alternatives=decoding.alternatives,
            rejection=self._rules.acceptance.judge(decoding, is_plate=is_plate(self.manifest, decoding.text)),
            timings=Timings(
                preprocess_ms=attempt.preprocess_seconds * 1e3,
                inference_ms=attempt.inference_seconds * 1e3,
                decode_ms=attempt.decode_seconds * 1e3,
                inference_cpu_ms=attempt.inference_cpu_seconds * 1e3,
            ),
        )

    def _look_again(self, image: npt.NDArray[np.uint8]) -> list[Decoding]:
        """Read a crop with its tilt taken out."""
        rule = self.manifest.input
        return [
            self._decoder.decode(self.runtime.infer(preprocess(view, rule))[0]) for view in level_views(image)
        ]

    def self_test(self) -> None:
        """Check that the model answers as its manifest says; errors are those of ``run_self_test``."""
        run_self_test(self.manifest, self.runtime)

    def close(self) -> None:
        """Release the runtime."""
        self.runtime.close()


class _Attempt:
    """A crop while it is being read."""

    __slots__ = (
        "decode_seconds",
        "decoding",
        "error",
        "image",
        "inference_cpu_seconds",
        "inference_seconds",
        "logits",
        "preprocess_seconds",
        "tensor",
    )

    tensor: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]
    decoding: Decoding
    preprocess_seconds: float
    inference_seconds: float
    inference_cpu_seconds: float
    decode_seconds: float

    def __init__(self, image: npt.NDArray[np.uint8]) -> None:
        self.image = image
        self.error: Exception | None = None


def _take(step: Callable[[_Attempt], None], attempts: Iterable[_Attempt]) -> None:
    """Take a step with every crop that has not failed yet."""
    for attempt in attempts:
        if attempt.error is None:
            try:
                step(attempt)
            except (InferenceError, LogitsError, ValueError, cv2.error) as error:
                attempt.error = error
