"""``python test/fuzz/finder_fuzz.py``: sends mutated frames through a finder, and prints one JSON object.

The frames are the messages of ``python test/fuzz`` and larger ones: noise, stripes, flat colours.  None shows
a plate, so the finder must find none; with ``--cells`` numbers at random take the network's place, and what
is found must make sense.  Exit status 1: an undeclared error, a find, nonsense, or one that took too long.
A frame depends on the seed and its number alone: --seed S --first N --frames 1 repeats it.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import math
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.fuzzer import Fuzzer
from fuzz.library_output import kept_library_output
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import MOST_PLATES, CellsError
from lprnet_ros.images.camera_frame import BgrFrame, Frame, SemiPlanarFrame
from lprnet_ros.images.crop_image import ImageRejectedError
from lprnet_ros.images.frame_conversion import compressed_frame, image_frame
from lprnet_ros.images.geometry import Box, is_clockwise, is_convex
from lprnet_ros.images.serialised_image import parse_compressed, parse_image
from lprnet_ros.models.find import find_model
from lprnet_ros.runtimes import default_finder

LONGEST_MS = 2000.0
"""CPU time that no frame may take; a busy machine's network takes 100 ms a box."""
_LARGE_SHARE = 0.05
_MOST_FAILURES = 10
_MOST_PIXELS = 4_000_000


class RandomCells:
    """A runtime that answers with numbers at random, some of them absurd."""

    name = "random cells"

    def __init__(self, shape: tuple[int, ...], generator: np.random.Generator) -> None:
        self._shape = shape
        self.generator = generator

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """Return an output."""
        generator = self.generator
        cells = generator.normal(0, generator.choice([0.3, 1, 10, 1e4]), self._shape).astype(np.float32)
        if generator.random() < 0.1:
            cells.flat[generator.integers(cells.size)] = generator.choice([np.nan, np.inf, -np.inf])
        return cells * np.float32(tensor.any())

    def close(self) -> None:
        """Do nothing."""


class FinderFuzzer:
    """Makes frames, searches them, and says what must not be.

    Args:
        finder: searches; one with ``RandomCells`` may find.
        seed: of all frames.
    """

    def __init__(self, finder: PlateFinder, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, -1)
        self._finder, self._seed = finder, seed
        self._messages = Fuzzer(seed=seed, pictures=0.1)

    def run(self, number: int) -> None:
        """Search a frame.

        Raises:
            AssertionError: what came of it is wrong, or took too long.
            Exception: the finder raised it, and may not.
        """
        generator = np.random.default_rng([self._seed, number])
        if isinstance(self._finder.runtime, RandomCells):
            self._finder.runtime.generator = generator
        self.counts["frames"] += 1
        started, found, size = time.thread_time_ns(), [], (0, 0)
        try:
            frame = _large(generator) if generator.random() < _LARGE_SHARE else self._small(number)
            size = frame.size
            found = self._finder.find(frame, _boxes(generator, size))
            self.counts["searched"] += 1
        except ImageRejectedError:
            self.counts["rejected"] += 1
        except CellsError:
            if not isinstance(self._finder.runtime, RandomCells):
                raise
            self.counts["refused outputs"] += 1
        milliseconds = (time.thread_time_ns() - started) * 1e-6
        self.slowest = max(self.slowest, (milliseconds, number))
        self.counts["found"] += len(found)
        if milliseconds > LONGEST_MS:
            raise AssertionError(f"it took {milliseconds:.0f} ms of CPU")
        for plate in found:
            check_plate(plate, size, self._finder.minimum_score)
        if len(found) > 4 * MOST_PLATES:
            raise AssertionError(f"found {len(found)} plates")
        if found and not isinstance(self._finder.runtime, RandomCells):
            raise AssertionError(f"found {found[0]} in a frame of {size} without a plate")

    def _small(self, number: int) -> Frame:
        kind, content, _ = self._messages.message(number)
        if kind == "image":
            return image_frame(parse_image(content), max_pixels=_MOST_PIXELS)
        return compressed_frame(parse_compressed(content), max_pixels=_MOST_PIXELS)


def _large(generator: np.random.Generator) -> Frame:
    """Noise, stripes or one colour, with spots of another kind, as a camera's frame."""
    width, height = (int(2 * generator.integers(1, most)) for most in (700, 400))
    kind = generator.integers(4)
    if kind == 0:
        picture = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    elif kind == 1:
        picture = np.clip(generator.normal(generator.uniform(0, 255), 30, (height, width, 3)), 0, 255)
    elif kind == 2:
        waves = np.sin(np.arange(width) * generator.uniform(0.01, 3) + np.arange(height)[:, None])
        picture = np.repeat(127 + 120 * waves[..., None], 3, axis=2)
    else:
        picture = np.broadcast_to(generator.uniform(0, 255, 3), (height, width, 3))
    picture = np.ascontiguousarray(picture, dtype=np.uint8)
    if generator.random() < 0.5:
        return BgrFrame(lambda: picture)
    chroma = np.ascontiguousarray(picture[::2, :, 1])
    return SemiPlanarFrame(np.ascontiguousarray(picture[..., 0]), chroma)


def _boxes(generator: np.random.Generator, size: tuple[int, int]) -> list[Box]:
    """None in most cases, else some in the frame, across its edge and beside it."""
    if generator.random() < 0.7:
        return []
    places = generator.uniform(-0.5, 1.5, (generator.integers(1, 4), 4)) * (*size, *size)
    return [Box(*map(float, place)) for place in places]


def check_plate(plate: FoundPlate, size: tuple[int, int], minimum_score: float) -> None:
    """Check that a found plate makes sense in a frame of a width and height.

    Raises:
        AssertionError: it does not.
    """
    values = [value for corner in plate.quad for value in corner]
    room = max(math.dist(a, b) for a in plate.quad for b in plate.quad)
    if not (all(map(math.isfinite, values)) and is_convex(plate.quad) and is_clockwise(plate.quad)):
        raise AssertionError(f"the quad {plate.quad} is none")
    if not all(-room <= x <= size[0] + room and -room <= y <= size[1] + room for x, y in plate.quad):
        raise AssertionError(f"the quad {plate.quad} lies outside of {size}")
    if not minimum_score - 1e-6 <= plate.score <= 1 or plate.rows not in (1, 2):
        raise AssertionError(f"score {plate.score}, rows {plate.rows}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python test/fuzz/finder_fuzz.py", description=__doc__)
    number = "default: %(default)s"
    parser.add_argument("--frames", type=int, default=100_000, help=number)
    parser.add_argument("--seed", type=int, default=0, help=number)
    parser.add_argument("--first", type=int, default=0, help=f"number of the first frame; {number}")
    parser.add_argument("--model", default="", help="default: the bundled finder")
    parser.add_argument("--cells", action="store_true", help="numbers at random in the network's place")
    options = parser.parse_args(arguments)
    sys.modules["cv_bridge"] = None  # type: ignore[assignment]
    finder = PlateFinder.open(find_model(options.model) if options.model else default_finder())
    if options.cells:
        cells = RandomCells(finder.manifest.output.shape, np.random.default_rng(0))
        finder = PlateFinder(finder.manifest, cells)
    fuzzer, failures, started = FinderFuzzer(finder, options.seed), [], time.monotonic()
    with kept_library_output() as output:
        faulthandler.enable(output.terminal)
        for each in range(options.first, options.first + options.frames):
            try:
                fuzzer.run(each)
            except Exception as error:  # noqa: BLE001 - any error is what is looked for
                failures.append({"number": each, "error": f"{type(error).__name__}: {error}"[:300]})
            if len(failures) == _MOST_FAILURES:
                break
            if each % 1000 == 0:
                output.count()
        output.count()
        faulthandler.disable()
    summary = {
        "seed": options.seed,
        "first": options.first,
        **fuzzer.counts,
        "slowest_ms": round(fuzzer.slowest[0], 1),
        "slowest_number": fuzzer.slowest[1],
        "seconds": round(time.monotonic() - started, 1),
        "failures": failures,
    }
    print(json.dumps(summary, indent=1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
