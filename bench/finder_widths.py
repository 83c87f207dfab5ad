r"""How small may a plate be? Real pictures, scaled until their plates have a given width in a finder's input.

    python -m bench.finder_widths --data index.csv --role choose \
        --background background.csv --background-what CamVid plate_finder.onnx

Each picture is scaled, as a camera farther away would see it, and put at a random place of a picture without
a plate.  Such a frame is three times as large as the finder's input, so that small plates are whole ones
before the finder scales the frame.  Pictures whose plates are narrower than that are left out, not enlarged.
Told is the recall in each class of widths, and how many plates were found where none is.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.finders import Ours
from lprnet_ros.evaluation.found import LabelledQuad, Matched, match_found, read_labelled_frames
from lprnet_ros.images.camera_frame import Picture
from lprnet_ros.images.geometry import plate_width
from lprnet_ros.models.find import find_model
from lprnet_ros.sources.labelled import read_image

CLASSES = ((12, 20), (20, 40), (40, 80), (80, 160), (160, 320))
"""Widths of plates in the input, in pixels: from, to."""
_INPUT, _LARGER = (640, 384), 3


def scenes(
    pictures: dict[Path, list[LabelledQuad]],
    backgrounds: Sequence[Path],
    widths: tuple[int, int],
    count: int,
    generator: np.random.Generator,
) -> Iterator[tuple[Picture, list[LabelledQuad]]]:
    """Make frames whose first readable plate has a width of a class; each picture is used once at most."""
    size = _INPUT[0] * _LARGER, _INPUT[1] * _LARGER
    paths = [path for path, plates in pictures.items() if any(plate.is_readable for plate in plates)]
    for index in generator.permutation(len(paths)).tolist():
        picture, plates = read_image(paths[index]), pictures[paths[index]]
        wanted = _LARGER * float(np.exp(generator.uniform(*np.log(widths))))
        scale = wanted / plate_width(next(plate.quad for plate in plates if plate.is_readable))
        across, down = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
        if scale > 1 or across > size[0] or down > size[1]:
            continue
        behind = read_image(backgrounds[int(generator.integers(len(backgrounds)))])
        frame = np.asarray(cv2.resize(behind, size, interpolation=cv2.INTER_AREA), np.uint8)
        x, y = (int(generator.integers(room + 1)) for room in (size[0] - across, size[1] - down))
        frame[y : y + down, x : x + across] = cv2.resize(
            picture, (across, down), interpolation=cv2.INTER_AREA
        )
        stretch = across / picture.shape[1], down / picture.shape[0]
        yield (
            frame,
            [
                LabelledQuad(
                    tuple((x + px * stretch[0], y + py * stretch[1]) for px, py in plate.quad),  # type: ignore[arg-type]
                    plate.is_readable,
                    plate.columns,
                )
                for plate in plates
            ],
        )
        count -= 1
        if not count:
            return


def main() -> None:
    """Measure each class and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="finder: a file or a name")
    parser.add_argument("--data", type=Path, required=True, help="CSV of pictures with corners of plates")
    parser.add_argument("--role", required=True, help="of its pictures")
    parser.add_argument("--background", type=Path, required=True, help="CSV of pictures without plates")
    parser.add_argument("--background-role", help="of these (default: as --role)")
    parser.add_argument("--background-what", default="", help="only those whose column what begins so")
    parser.add_argument("--count", type=int, default=100, help="pictures a class (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="of the places and widths (default 1)")
    options = parser.parse_args()
    finder = Ours(find_model(options.model), None)
    pictures = read_labelled_frames(options.data, (options.role,))
    role = options.background_role or options.role
    with options.background.open(encoding="utf-8", newline="") as stream:
        backgrounds = [
            options.background.parent / row["file"]
            for row in csv.DictReader(stream)
            if row["role"] == role and row["what"].startswith(options.background_what)
        ]
    for widths in CLASSES:
        whole, frames = Matched(), 0
        generator = np.random.default_rng(options.seed)
        for frame, plates in scenes(pictures, backgrounds, widths, options.count, generator):
            whole += match_found(plates, finder.find(frame))
            frames += 1
        readable = len(whole.hits) + len(whole.missed)
        print(
            f"{widths[0]:3} to {widths[1]:3} pixels: {frames} pictures, {len(whole.hits)} of {readable} "
            f"plates found ({whole.recall:.1%}), {len(whole.false)} found where none is",
            flush=True,
        )


if __name__ == "__main__":
    main()
