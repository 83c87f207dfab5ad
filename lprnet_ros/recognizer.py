"""Crop in, reading out: preprocessing, a runtime and the decoder behind one call."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lprnet_ros.ctc import Decoding, decode_greedy
from lprnet_ros.decoding import CERTAIN, Decoder
from lprnet_ros.levelling import level_views
from lprnet_ros.manifest import load_manifest
from lprnet_ros.model import ManifestError, ModelManifest, bundled_model
from lprnet_ros.preprocess import preprocess
from lprnet_ros.reading import Acceptance, PlateReading, Timings
from lprnet_ros.runtimes import Runtime, open_runtime


class SelfTestError(RuntimeError):
    """A model does not answer its self-test as its manifest says; the message says what it did."""


class PlateRecognizer:
    """Reads plate crops with one model.

    Args:
        manifest: how to use the model.
        runtime: the opened model.
        acceptance: the rule for accepting readings.
        decoder: ``syntax``, ``beam`` or ``greedy``.
        second_look: whether unsure crops are read again with their tilt taken out.

    Attributes:
        second_look: the same; may be changed at any time.

    Raises:
        ManifestError: the decoder or the rule needs a plate syntax, and the
            manifest names none.
    """

    def __init__(
        self,
        manifest: ModelManifest,
        runtime: Runtime,
        acceptance: Acceptance | None = None,
        decoder: str = "syntax",
        *,
        second_look: bool = True,
    ) -> None:
        self.manifest = manifest
        self.runtime = runtime
        self.second_look = second_look
        self.set_rules(acceptance if acceptance is not None else Acceptance(), decoder)

    @property
    def acceptance(self) -> Acceptance:
        """The rule for accepting readings."""
        return self._acceptance

    @property
    def decoder(self) -> str:
        """How logits become text: ``syntax``, ``beam`` or ``greedy``."""
        return self._decoder.method

    def set_rules(self, acceptance: Acceptance, decoder: str) -> None:
        """Change how logits are decoded and which readings are accepted; both or, on an error, none.

        Raises:
            ManifestError: they need a plate syntax, and the manifest names none.
            ValueError: there is no such decoder.
        """
        manifest = self.manifest
        if manifest.syntax is None and (acceptance.require_syntax or decoder == "syntax"):
            raise ManifestError(
                f"the manifest of {manifest.path.name} names no plate syntax: add output.syntax (ga36 for "
                "Chinese plates), or set decoder to beam or greedy and require_syntax to false"
            )
        self._decoder = Decoder(manifest.alphabet, manifest.syntax, decoder, calibration=manifest.calibration)
        self._acceptance = acceptance

    @classmethod
    def open(
        cls,
        model: Path | None = None,
        runtime: str = "auto",
        *,
        threads: int = 1,
        acceptance: Acceptance | None = None,
        decoder: str = "syntax",
        second_look: bool = True,
    ) -> PlateRecognizer:
        """Open a model, check its file and let it answer its self-test.

        Args:
            model: the model file; None is the bundled one.
            runtime: ``auto``, ``onnx``, ``hbm`` or ``bpu``.
            threads: CPU threads of the runtime, where it has any.
            acceptance: the rule for accepting readings.
            decoder: ``syntax``, ``beam`` or ``greedy``.
            second_look: whether unsure crops are read again with their tilt taken out.

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
            recognizer = cls(manifest, opened, acceptance, decoder, second_look=second_look)
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
        started = time.perf_counter()
        tensor = preprocess(image, self.manifest.preprocessing)
        prepared = time.perf_counter()
        logits = self.runtime.infer(tensor)
        inferred = time.perf_counter()
        decoding = self._decoder.decode(logits)
        looking = time.perf_counter()
        if self.second_look and decoding.confidence < CERTAIN:
            decoding = max(decoding, *self._look_again(image), key=lambda view: view.confidence)
        looked = time.perf_counter() - looking
        rejection = self._acceptance.judge(decoding, is_plate=self._is_plate(decoding.text))
        decoded = time.perf_counter()
        return PlateReading(
            text=decoding.text,
            confidence=decoding.confidence,
            character_confidences=decoding.character_confidences,
            alternatives=decoding.alternatives,
            rejection=rejection,
            timings=Timings(
                preprocess_ms=(prepared - started) * 1e3,
                inference_ms=(inferred - prepared + looked) * 1e3,
                decode_ms=(decoded - inferred - looked) * 1e3,
            ),
        )

    def _look_again(self, image: npt.NDArray[np.uint8]) -> list[Decoding]:
        """Read a crop with its tilt taken out."""
        rule = self.manifest.preprocessing
        return [
            self._decoder.decode(self.runtime.infer(preprocess(view, rule))) for view in level_views(image)
        ]

    def judge(self, reading: PlateReading) -> PlateReading:
        """Return a reading that was put together elsewhere, judged by the rule for accepting readings."""
        decoding = Decoding(
            reading.text, reading.confidence, reading.character_confidences, reading.alternatives
        )
        rejection = self._acceptance.judge(decoding, is_plate=self._is_plate(reading.text))
        return dataclasses.replace(reading, rejection=rejection)

    def _is_plate(self, text: str) -> bool:
        return self.manifest.syntax is not None and self.manifest.syntax.kind(text) is not None

    def self_test(self) -> None:
        """Check that the model, used as its manifest says, answers as its manifest says.

        Raises:
            ManifestError: a file of the self-test is missing or broken.
            SelfTestError: the input or the answer is wrong.
            InferenceError: the runtime failed.
            LogitsError: the network's output is not finite.
        """
        test, name = self.manifest.self_test, self.manifest.path.name
        pixel = self.manifest.preprocessing.normalise(blue=255, green=0, red=0)
        if not np.allclose(pixel, test.blue_pixel, atol=0.01):
            raise SelfTestError(
                f"{name}: its manifest turns a blue pixel into {_rounded(pixel)}, the model wants "
                f"{_rounded(test.blue_pixel)}; channel_order, mean or scale is wrong"
            )
        if test.image is None:
            return
        image = cv2.imread(str(test.image), cv2.IMREAD_COLOR)
        if image is None:
            raise ManifestError(f"{test.image}: the picture of the self-test is missing or broken")
        logits = self.runtime.infer(preprocess(np.asarray(image, np.uint8), self.manifest.preprocessing))
        text = decode_greedy(logits, self.manifest.alphabet).text
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

    def close(self) -> None:
        """Release the runtime."""
        self.runtime.close()


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


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 3) for value in values]
