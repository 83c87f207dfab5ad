"""Frame in, plates out: the way of a frame through scaling, the network and its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lprnet_ros.finding.finder_self_test import run_finder_self_test
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import decode_cells, merged
from lprnet_ros.finding.search_part import SearchPart, part_for
from lprnet_ros.images.camera_frame import BgrFrame, Frame
from lprnet_ros.images.geometry import Box
from lprnet_ros.models.load import load_finder_manifest
from lprnet_ros.models.manifest import FinderManifest
from lprnet_ros.runtimes import Runtime, default_finder, open_runtime


class PlateFinder:
    """Finds plates with one model; may be used by several threads at once.

    Args:
        manifest: how to use the model.
        runtime: the opened model.
        minimum_score: least score of a plate; None is the manifest's.

    Raises:
        ValueError: the score is not above 0 and below 1.
    """

    def __init__(
        self, manifest: FinderManifest, runtime: Runtime, minimum_score: float | None = None
    ) -> None:
        self.manifest = manifest
        self.runtime = runtime
        self.minimum_score = manifest.minimum_score if minimum_score is None else minimum_score
        if not 0 < self.minimum_score < 1:
            raise ValueError(f"minimum_score is {minimum_score}, expected more than 0 and less than 1")

    @classmethod
    def open(
        cls,
        model: Path | None = None,
        runtime: str = "auto",
        *,
        threads: int = 1,
        minimum_score: float | None = None,
    ) -> PlateFinder:
        """Open a model, check its file and let it answer its self-test.

        Args:
            model: the model file; None is the bundled one for the runtime.
            runtime: one of ``RUNTIME_NAMES``.
            threads: CPU threads of the runtime, where it has any.
            minimum_score: least score of a plate; None is the manifest's.

        Raises:
            ManifestError: the model or its manifest is missing, broken, does not fit, or reads plates.
            RuntimeUnavailableError: the runtime's library is not installed.
            InferenceError: the runtime cannot load or run the model.
            SelfTestError: the model answers wrongly.
            CellsError: the model's answer is not finite.
            ValueError: the score is not above 0 and below 1.
        """
        manifest = load_finder_manifest(model if model is not None else default_finder(runtime))
        manifest.verify_file()
        opened = open_runtime(runtime, manifest, threads=threads)
        try:
            finder = cls(manifest, opened, minimum_score)
            finder.self_test()
        except (ValueError, RuntimeError):  # those above
            opened.close()
            raise
        return finder

    def find(self, frame: Frame, within: Sequence[Box] = ()) -> list[FoundPlate]:
        """Find the plates of a frame.

        Args:
            frame: the picture; only the parts that are searched are converted.
            within: where to search, in the frame's pixels: each box by itself, scaled to the network's input,
                one inference each.  A plate counts whose centre lies in a box.  None: the whole frame.

        Returns:
            The plates, the best first; quads in the frame's pixels, which may reach beyond its edges.

        Raises:
            ImageRejectedError: the frame is a broken JPEG or PNG.
            InferenceError: the runtime failed.
            CellsError: the network's output is not finite.
        """
        return self._find(frame, within, self.minimum_score)

    def _find(self, frame: Frame, within: Sequence[Box], minimum_score: float) -> list[FoundPlate]:
        size, spec = frame.size, self.manifest.input
        boxes = within or (Box(0, 0, *size),)
        parts = dict.fromkeys(part_for(size, box, (spec.width, spec.height)) for box in boxes)
        found = [
            plate for part in parts if part is not None for plate in self._search(frame, part, minimum_score)
        ]
        return found if len(parts) == 1 else merged(found)

    def _search(self, frame: Frame, part: SearchPart, minimum_score: float) -> Iterator[FoundPlate]:
        cells = self.runtime.infer(part.tensor(frame, self.manifest.input))
        for plate in decode_cells(cells, self.manifest.stride, minimum_score):
            in_frame = part.in_frame(plate)
            if in_frame is not None:
                yield in_frame

    def self_test(self) -> None:
        """Check that the model answers as its manifest says; errors are those of ``run_finder_self_test``."""
        score = self.manifest.minimum_score
        run_finder_self_test(self.manifest, lambda picture: self._find(BgrFrame(lambda: picture), (), score))

    def close(self) -> None:
        """Release the runtime."""
        self.runtime.close()
