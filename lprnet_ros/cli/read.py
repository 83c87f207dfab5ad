"""``lpr_read``: find and read plates in photographs, crops, folders, videos, bags and what a camera shows."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TextIO

from lprnet_ros import __version__
from lprnet_ros.cli.common import add_model_options, open_recognizer, parse, run, tell
from lprnet_ros.pictures.annotated_files import AnnotatedFiles
from lprnet_ros.pictures.picture_input import (
    bag_pictures,
    camera_pictures,
    is_recording,
    is_video,
    stdin_pictures,
)
from lprnet_ros.pictures.plate_reader import PlateReader
from lprnet_ros.pictures.read_picture import ReadPicture, refuse_broken
from lprnet_ros.pictures.reading_rows import CsvRows, json_line, tab_line
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict
from lprnet_ros.sources.bags import is_bag
from lprnet_ros.sources.connected_camera import is_camera
from lprnet_ros.sources.labelled import LabelledDataError, skipped_images
from lprnet_ros.sources.scenes import SceneSource, list_media
from lprnet_ros.text.console import program, system_problem, until_signalled
from lprnet_ros.text.progress import Progress

if TYPE_CHECKING:
    from lprnet_ros.consensus.vehicles import VehiclePlate

_FRAMES_A_SECOND = 25.0


@program("lpr_read")
def main(arguments: list[str] | None = None) -> int:
    """Print ``file<TAB>text<TAB>confidence<TAB>verdict`` for every plate."""
    parser = argparse.ArgumentParser(
        prog="lpr_read",
        description="Find and read licence plates in pictures, videos and bags. A whole picture is searched "
        "for plates, the crop of one plate is read as it is; a video, each topic of a bag, or a camera gives "
        "one line for each vehicle.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="picture, video, bag (rosbag2 folder, .mcap or .db3) or a folder of them; a camera such as "
        "/dev/video0, until Ctrl-C; or -: pictures from standard input, JPEGs may follow each other",
    )
    parser.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="NAME",
        help="of a bag; may be repeated (default: each topic with pictures)",
    )
    parser.add_argument(
        "--each", action="store_true", help="read each frame or message by itself, and combine no vehicles"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--crop", action="store_true", help="every picture is the crop of one plate")
    how.add_argument("--photo", action="store_true", help="search every picture for plates")
    parser.add_argument("--json", action="store_true", help="print one JSON object a plate and line")
    parser.add_argument("--csv", metavar="FILE", help="also write a CSV; -: print it instead of the lines")
    parser.add_argument(
        "--annotate", type=Path, metavar="FOLDER", help="write the pictures with outlines and readings"
    )
    parser.add_argument("--finder", default="", help="model that finds plates; default: the bundled one")
    add_model_options(parser)
    parser.add_argument("--version", action="version", version=f"lprnet_ros {__version__}")
    options = parse(parser, arguments)
    if options.json and options.csv == "-":
        parser.error("--json and --csv - both print to stdout")
    return run("lpr_read", lambda: _read(options))


def _read(options: argparse.Namespace) -> int:
    mode = "crop" if options.crop else "photo" if options.photo else "auto"
    with contextlib.ExitStack() as stack:
        recognizer = open_recognizer(options)
        reader = PlateReader(recognizer, finder=options.finder or None, runtime=options.runtime, mode=mode)
        stack.enter_context(reader)
        job = _Job(options, reader, stack)
        files = [(file, name) for given in options.files for file, name in job.files(given)]
        if options.topic and not any(is_bag(file) for file, _ in files):
            job.fail("--topic chooses among the topics of a bag, and no bag is given")
        for number, (file, name) in enumerate(files):
            job.progress.show(f"{number} of {len(files)}" if len(files) > 1 else "")
            try:
                job.recording(file, name) if is_recording(file) else job.picture(file, name)
            except LabelledDataError as error:  # the others are still read
                job.fail(str(error))
        job.progress.clear()
        return job.status


class _Job:
    """One run of the command: where the readings go, and whether something went wrong."""

    def __init__(self, options: argparse.Namespace, reader: PlateReader, stack: contextlib.ExitStack) -> None:
        self._reader = reader
        self._topics, self._is_each = options.topic, options.each
        self._print = json_line if options.json else tab_line
        self._is_quiet = options.csv == "-"
        self._csv: CsvRows | None = None
        if options.csv:
            self._csv = CsvRows(sys.stdout if self._is_quiet else stack.enter_context(_opened(options.csv)))
        self._annotated = AnnotatedFiles(options.annotate) if options.annotate else None
        self.progress = Progress()
        self.status = 0

    def fail(self, problem: str) -> None:
        """Say what cannot be read; the command goes on and ends with status 1."""
        self.progress.clear()
        tell("lpr_read", [problem])
        self.status = 1

    def files(self, given: str) -> list[tuple[Path, PurePath]]:
        """List the files that an argument names, and what an annotated copy of each is called."""
        if not given:  # which a Path takes for the current folder
            self.fail("the path is empty")
            return []
        path = Path(given)
        try:
            if not path.is_dir() or is_bag(path):
                return [(path, PurePath("stdin" if _is_stdin(path) else path.resolve().name))]
            files, skipped = list_media(path), skipped_images(path)
            tell("lpr_read", [f"{path}: {skipped}"] if skipped else [])
        except (LabelledDataError, OSError) as error:
            self.fail(system_problem(error) if isinstance(error, OSError) else str(error))
            return []
        return [(file, file.relative_to(path)) for file in files]

    def picture(self, file: Path, name: PurePath) -> None:
        """Read a picture, or those from a pipe, and print its plates, or that there is none."""
        source = stdin_pictures(_stdin()) if _is_stdin(file) else file
        for one in self._reader.pictures(source):
            if one.problem:
                self.fail(one.problem)
                continue
            for plate in one.plates:
                self._tell(plate)
            if not one.plates:
                self._tell(_nothing(file))
            if self._annotated is not None:
                self._annotated.write(one, name)

    def recording(self, file: Path, name: PurePath) -> None:
        """Read a video, a bag or a camera and print its vehicles, or that there is none."""
        count = 0
        try:
            for one in self._plates_of(file, name):
                self._tell(one)
                count += 1
        finally:
            if self._annotated is not None:
                self._annotated.end_video()
        if not count:
            self._tell(_nothing(file))

    def _plates_of(self, file: Path, name: PurePath) -> Iterator[PlateReading | VehiclePlate]:
        with until_signalled() if is_camera(file) else contextlib.nullcontext(lambda: False) as is_ended:
            if is_camera(file):
                pictures = self._reader.pictures(camera_pictures(file, is_ended))
            else:
                pictures = self._reader.pictures(bag_pictures(file, self._topics) if is_bag(file) else file)
            frames = self._watched(pictures, file, name)
            if not self._is_each:
                yield from self._reader.vehicles_in(frames)
                return
            problems = []
            for one in frames:
                problems += [one.problem] if one.problem else []
                yield from one.plates
            refuse_broken(problems)

    def _watched(self, pictures: Iterator[ReadPicture], file: Path, name: PurePath) -> Iterator[ReadPicture]:
        """Pass frames on; show how far they are, and write them annotated."""
        source = SceneSource(file) if is_video(file) else None
        whole = f" of {source.frames}" if source and source.frames else ""
        for number, one in enumerate(pictures):
            self.progress.show(f"{file.name}: frame {number}{whole}")
            if self._annotated is not None and one.picture is not None:
                if one.topic:
                    topic = re.sub(r"\W+", "_", one.topic).strip("_")
                    self._annotated.write(one, name / topic / f"{one.frame:06}.jpg")
                elif number == 0:
                    size = one.picture.shape[1], one.picture.shape[0]
                    rate = source.rate if source else None
                    self._annotated.start_video(name, str(file), rate or _FRAMES_A_SECOND, size)
                self._annotated.add_frame(one)
            yield one

    def _tell(self, one: PlateReading | VehiclePlate) -> None:
        self.progress.clear()
        if not self._is_quiet:
            print(self._print(one), flush=True)  # whoever watches a camera waits for it
        if self._csv is not None:
            self._csv.write(one)


def _nothing(file: Path) -> PlateReading:
    return PlateReading("", 0.0, verdict=Verdict.EMPTY, seen=Seen(file=str(file), score=0.0))


def _is_stdin(file: Path) -> bool:
    return str(file) == "-"


def _stdin() -> BufferedReader:
    if sys.stdin is None or sys.stdin.isatty():
        raise LabelledDataError("-: nothing is piped in; write 'lpr_read - < photo.jpg'")
    stream = sys.stdin.buffer
    assert isinstance(stream, BufferedReader)
    return stream


def _opened(name: str) -> TextIO:
    return Path(name).open("w", encoding="utf-8", newline="", buffering=1)


if __name__ == "__main__":
    sys.exit(main())
