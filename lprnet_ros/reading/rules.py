"""The rules by which crops are read and readings judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lprnet_ros.images.crop_image import BgrImage
from lprnet_ros.models.manifest import ManifestError, RecognizerManifest
from lprnet_ros.plates.alphabet import UNREADABLE
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.ground import fits_ground, may_be_white
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

_LONG_PLATES = frozenset({"GA 36-2018"})
"""Syntaxes of plates in one row, three times as wide as high."""

_NARROW = 1.2
"""Width in heights of the narrowest crops; of 5,281 real ones the narrowest has 1.25."""
_DOUBT_LEFT = 0.25
"""Share of the doubt that the minimum confidence leaves: so much is allowed in a narrower crop, since a plate
seen so far from the side shows too little of its characters, and for dark characters without a colour, which
may be those of the army on white.  A minimum of 0.8 becomes 0.95."""


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
            places: gives the time step of each character on the best path; called for dark characters.
        """
        if not reading.text:
            return Verdict.EMPTY
        if self.require_syntax and (syntax is None or syntax.kind(reading.text) is None):
            is_cut = UNREADABLE in (reading.text[0], reading.text[-1])
            return Verdict.CUT_OFF if is_cut else Verdict.SYNTAX
        least = self._least(reading, image, syntax)
        if reading.confidence >= least:
            fits = image is None or syntax is None or fits_ground(image, reading, syntax, places)
            return Verdict.ACCEPTED if fits else Verdict.WRONG_LENGTH
        together = reading.confidence + sum(confidence for _, confidence in reading.alternatives)
        return Verdict.AMBIGUOUS if together >= least else Verdict.LOW_CONFIDENCE

    def _least(self, reading: PlateReading, image: BgrImage | None, syntax: PlateSyntax | None) -> float:
        """Return the lowest confidence that is accepted for what a crop shows."""
        strict = 1.0 - _DOUBT_LEFT * (1.0 - self.minimum_confidence)
        if reading.confidence >= strict or image is None or syntax is None:
            return self.minimum_confidence
        is_narrow = syntax.name in _LONG_PLATES and image.shape[1] < _NARROW * image.shape[0]
        is_doubtful = is_narrow or may_be_white(image, reading.text, syntax)
        return strict if is_doubtful else self.minimum_confidence
