"""The rules by which crops are read and readings judged."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from lprnet_ros.models.manifest import ManifestError, RecognizerManifest
from lprnet_ros.reading.ctc import Decoding
from lprnet_ros.reading.plate_reading import Acceptance, PlateReading


@dataclass(frozen=True)
class ReadingRules:
    """How crops are read and which readings are accepted; may change from crop to crop.

    Attributes:
        decoder: ``syntax``, ``beam`` or ``greedy``.
        second_look: whether unsure crops are read again with their tilt taken out.
        acceptance: the rule for accepting readings.
    """

    decoder: str = "syntax"
    second_look: bool = True
    acceptance: Acceptance = field(default_factory=Acceptance)

    def check(self, manifest: RecognizerManifest) -> None:
        """Check that a model can be read by these rules.

        Raises:
            ManifestError: they need a plate syntax, and the manifest names none.
        """
        if manifest.syntax is None and (self.acceptance.require_syntax or self.decoder == "syntax"):
            raise ManifestError(
                f"the manifest of {manifest.path.name} names no plate syntax: add output.syntax (ga36 for "
                "Chinese plates), or set decoder to beam or greedy and require_syntax to false"
            )


def is_plate(manifest: RecognizerManifest, text: str) -> bool:
    """Tell whether a text is a plate number by a model's syntax; without one nothing is."""
    return manifest.syntax is not None and manifest.syntax.kind(text) is not None


def judge(reading: PlateReading, acceptance: Acceptance, manifest: RecognizerManifest) -> PlateReading:
    """Return a reading that was put together elsewhere, judged by the rule for accepting readings."""
    decoding = Decoding(reading.text, reading.confidence, reading.character_confidences, reading.alternatives)
    rejection = acceptance.judge(decoding, is_plate=is_plate(manifest, reading.text))
    return dataclasses.replace(reading, rejection=rejection)
