"""Finders beside one another: what they find on labelled pictures, and how long they take, in turns.

    python -m bench.finders --data index.csv --role choose plate_finder.onnx plate_finder_int8.onnx

The first model is the reference: of the others the table also says how many of its plates they find.
``--rival plate_detect.onnx`` adds the four-corner YOLOv5 of github.com/missxingwu/net_yolov5_plate:
640 x 640, RGB / 255, put in the middle of a grey square; a row of its output is a box, its score, x and y
of the four corners, and the scores of one and of two rows.  One thread each; the times are of one process,
picture after picture with each model, so their ratios count.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from lprnet_ros.evaluation.found import LabelledQuad, Matched, match_found, read_labelled_frames
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.finding.plate_cells import merged
from lprnet_ros.images.camera_frame import BgrFrame, Picture
from lprnet_ros.images.geometry import is_clockwise, is_convex
from lprnet_ros.models.find import find_model
from lprnet_ros.sources.labelled import read_image

_RIVAL_SIDE = 640
_RIVAL_GREY = 114
_RIVAL_SCORE = 0.3
"""What its publishers' programs use."""


class Ours:
    """A finder of this package; ``network_ms`` is the time of the last inference."""

    def __init__(self, model: Path, minimum_score: float | None) -> None:
        runtime = "simulator" if model.suffix == ".bin" else "auto"
        self._finder = PlateFinder.open(model, runtime, minimum_score=minimum_score)
        self.network_ms = 0.0
        infer = self._finder.runtime.infer
        self._finder.runtime.infer = self._timed(infer)  # type: ignore[method-assign]

    def _timed(self, infer: Callable[..., Any]) -> Callable[..., Any]:
        def timed(tensor: npt.NDArray[Any]) -> Any:
            started = time.perf_counter()
            output = infer(tensor)
            self.network_ms = (time.perf_counter() - started) * 1e3
            return output

        return timed

    def find(self, picture: Picture) -> list[FoundPlate]:
        """Find the plates of a picture."""
        return self._finder.find(BgrFrame(lambda: picture))


class Rival:
    """The rival's network with the usual steps around it."""

    def __init__(self, model: Path, minimum_score: float | None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._score = _RIVAL_SCORE if minimum_score is None else minimum_score
        self.network_ms = 0.0

    def find(self, picture: Picture) -> list[FoundPlate]:
        """Find the plates of a picture."""
        height, width = picture.shape[:2]
        scale = _RIVAL_SIDE / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (_RIVAL_SIDE - size[0]) // 2, (_RIVAL_SIDE - size[1]) // 2
        square = np.full((_RIVAL_SIDE, _RIVAL_SIDE, 3), _RIVAL_GREY, np.uint8)
        square[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size)
        tensor = np.ascontiguousarray(square[..., ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(
            255
        )
        started = time.perf_counter()
        (rows,) = self._session.run(None, {self._input: tensor})
        self.network_ms = (time.perf_counter() - started) * 1e3
        rows = rows[0]
        rows = rows[rows[:, 4] > self._score]
        scores = rows[:, 4] * rows[:, 13:].max(axis=1)
        plates = []
        for row, score in zip(rows, scores, strict=True):
            corners = (row[5:13].reshape(4, 2) - (left, top)) / scale
            first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
            quad = first, second, third, fourth
            if score > self._score and is_convex(quad) and is_clockwise(quad):
                plates.append(FoundPlate(quad, float(score), 1 if row[13] >= row[14] else 2))
        return merged(plates)


def _print_table(
    pictures: int,
    times: Mapping[str, Sequence[tuple[float, float]]],
    matched: Mapping[str, Matched],
    alike: Mapping[str, Matched],
) -> None:
    base = times["rival" if "rival" in times else next(iter(times))]
    print(
        f"{pictures} pictures; ms of the network and of the whole way from picture to plates, medians; "
        "x: how many times as fast as the last, picture by picture"
        if "rival" in times
        else f"{pictures} pictures; ms of the network and of the whole way, medians; x: beside the first"
    )
    print(
        f"{'':28}{'network':>8}{'x':>6}{'whole':>8}{'x':>6}{'found':>7}{'missed':>7}{'false':>6}{'recall':>9}"
        f"{'precision':>10}{'corners':>8}{'as first':>9}{'more':>5}"
    )
    for name, found in matched.items():
        row = f"{Path(name).name:28}"
        for own, other in zip(zip(*times[name], strict=True), zip(*base, strict=True), strict=True):
            faster = statistics.median(theirs / mine for mine, theirs in zip(own, other, strict=True))
            row += f"{statistics.median(own):8.2f}{faster:6.2f}"
        corners = statistics.median(found.corner_errors or [float("nan")])
        row += f"{len(found.hits):7}{len(found.missed):7}{len(found.false):6}{found.recall:9.2%}"
        row += f"{found.precision:10.2%}{corners:8.2%}{alike[name].recall:9.2%}{len(alike[name].false):5}"
        print(row)


def main() -> int:
    """Find with each model in turn; print a row a model."""
    parser = argparse.ArgumentParser(prog="python -m bench.finders", description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL", help="file or name; .bin files are simulated")
    parser.add_argument("--data", type=Path, required=True, help="CSV with x1, y1 to x4, y4")
    parser.add_argument("--role", action="append", default=[], help="of the CSV; may be repeated")
    parser.add_argument("--rival", type=Path, help="plate_detect.onnx, fetched")
    parser.add_argument("--score", type=float, help="least score of all (default: each one's own)")
    parser.add_argument("--most", type=int, default=100_000, help="pictures at most")
    parser.add_argument("--missed", action="store_true", help="name each miss and each false find")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    finders: dict[str, Ours | Rival] = {
        name: Ours(find_model(name), options.score) for name in options.models
    }
    if options.rival is not None:
        finders["rival"] = Rival(options.rival, options.score)
    frames = list(read_labelled_frames(options.data, options.role).items())[: options.most]
    matched = dict.fromkeys(finders, Matched())
    alike = dict.fromkeys(finders, Matched())
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in finders}
    for path, plates in frames:
        picture, first = read_image(path), None
        for name, finder in finders.items():
            started = time.perf_counter()
            found = finder.find(picture)
            times[name].append((finder.network_ms, (time.perf_counter() - started) * 1e3))
            first = [LabelledQuad(plate.quad) for plate in found] if first is None else first
            here = match_found(plates, found)
            matched[name] += here
            alike[name] += match_found(first, found)
            for what, ones in (("missed", here.missed), ("false", here.false)) if options.missed else ():
                for one in ones:
                    corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in one.quad)
                    print(f"{name}\t{what}\t{path.name}\t{corners}")
    _print_table(len(frames), times, matched, alike)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
