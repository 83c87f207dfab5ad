"""The rules by which crops are read and readings judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lprnet_ros.images.crop_image import BgrImage
from lprnet_ros.models.manifest import ManifestError, RecognizerManifest
from lprnet_ros.plates.alphabet import UNREADABLE
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.ground import fits_ground
from lprnet_ros.reading.plate_reading import PlateReading, Verdict


@dataclass(frozen=True)
class ReadingRules:
    """How crops are read and which readings are accepted; may change from crop to crop.

    Attributes:
        decoder: ``syntax``, ``beam`` or ``greedy``.
        second_look: whether unsure crops are deskewed and read again.
        minimum_confidence: lowest confidence that is accepted, 0..1.
        require_syntax: whether only plate numbers are accepted.
    """

    decoder: str = "syntax"
    second_look: bool = True
    minimum_confidence: float = 0.8
    require_syntax: bool = True

    def check(self, manifest: RecognizerManifest) -> None:
        """Check that a model can be read by these rules.

        Raises:
            ManifestError: they need a plate syntax, and the manifest names none.
        """
        if manifest.syntax is None and (self.require_syntax or self.decoder == "syntax"):
            raise ManifestError(
                f"the manifest of {manifest.path.name} names no plate syntax: add output.syntax (ga36 for "
                "Chinese plates), or set decoder to beam or greedy and require_syntax to false"
            )

    def judge(
        self,
        reading: PlateReading,
        syntax: PlateSyntax | None,
        image: BgrImage | None = None,
        places: Callable[[], Sequence[float]] = list,
    ) -> Verdict:
        """Tell whether a reading is accepted.

        Args:
            reading: what was read; its own verdict does not count.
            syntax: which texts are plate numbers; without one none is.
            image: the crop, whose ground must fit the text; None leaves that out.
            places: gives the time step of each character on the best path; called for grey pictures.
        """
        if not reading.text:
            return Verdict.EMPTY
        if self.require_syntax and (syntax is None or syntax.kind(reading.text) is None):
            is_cut = UNREADABLE in (reading.text[0], reading.text[-1])
            return Verdict.CUT_OFF if is_cut else Verdict.SYNTAX
        if reading.confidence >= self.minimum_confidence:
            fits = image is None or syntax is None or fits_ground(image, reading, syntax, places)
            return Verdict.ACCEPTED if fits else Verdict.WRONG_LENGTH
        together = reading.confidence + sum(confidence for _, confidence in reading.alternatives)
        return Verdict.AMBIGUOUS if together >= self.minimum_confidence else Verdict.LOW_CONFIDENCE
