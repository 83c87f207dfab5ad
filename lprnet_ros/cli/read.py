"""``lpr_read``: find and read plates in photographs, crops, folders and videos."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TextIO

from lprnet_ros import __version__
from lprnet_ros.cli.common import add_model_options, open_recognizer, parse, run, tell
from lprnet_ros.pictures.annotated_files import AnnotatedFiles
from lprnet_ros.pictures.picture_input import is_video
from lprnet_ros.pictures.plate_reader import PlateReader
from lprnet_ros.pictures.read_picture import ReadPicture
from lprnet_ros.pictures.reading_rows import CsvRows, json_line, tab_line
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict
from lprnet_ros.sources.labelled import LabelledDataError, skipped_images
from lprnet_ros.sources.scenes import SceneSource, list_media
from lprnet_ros.text.console import program, system_problem
from lprnet_ros.text.progress import Progress

if TYPE_CHECKING:
    from lprnet_ros.consensus.vehicles import VehiclePlate

_FRAMES_A_SECOND = 25.0


@program("lpr_read")
def main(arguments: list[str] | None = None) -> int:
    """Print ``file<TAB>text<TAB>confidence<TAB>verdict`` for every plate."""
    parser = argparse.ArgumentParser(
        prog="lpr_read",
        description="Find and read licence plates in pictures and videos. A whole picture is searched for "
        "plates, the crop of one plate is read as it is; a video gives one line for each vehicle.",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="picture, video, or a folder of them"
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
        files = [(file, name) for path in options.files for file, name in job.files(path)]
        for number, (file, name) in enumerate(files):
            job.progress.show(f"{number} of {len(files)}" if len(files) > 1 else "")
            try:
                job.video(file, name) if is_video(file) and file.is_file() else job.picture(file, name)
            except LabelledDataError as error:  # the others are still read
                job.fail(str(error))
        job.progress.clear()
        return job.status


class _Job:
    """One run of the command: where the readings go, and whether something went wrong."""

    def __init__(self, options: argparse.Namespace, reader: PlateReader, stack: contextlib.ExitStack) -> None:
        self._reader = reader
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

    def files(self, path: Path) -> list[tuple[Path, PurePath]]:
        """List the files that an argument names, and what an annotated copy of each is called."""
        try:
            if not path.is_dir():
                return [(path, PurePath(path.name))]
            files, skipped = list_media(path), skipped_images(path)
            tell("lpr_read", [f"{path}: {skipped}"] if skipped else [])
        except (LabelledDataError, OSError) as error:
            self.fail(system_problem(error) if isinstance(error, OSError) else str(error))
            return []
        return [(file, file.relative_to(path)) for file in files]

    def picture(self, file: Path, name: PurePath) -> None:
        """Read a picture and print its plates, or that there is none."""
        for one in self._reader.pictures(file):
            if one.problem:
                self.fail(one.problem)
                continue
            for plate in one.plates:
                self._tell(plate)
            if not one.plates:
                self._tell(_nothing(file))
            if self._annotated is not None:
                self._annotated.write(one, name)

    def video(self, file: Path, name: PurePath) -> None:
        """Read a video and print its vehicles, or that there is none."""
        count = 0
        try:
            for vehicle in self._reader.vehicles_in(self._frames(file, name)):
                self._tell(vehicle)
                count += 1
        finally:
            if self._annotated is not None:
                self._annotated.end_video()
        if not count:
            self._tell(_nothing(file))

    def _frames(self, file: Path, name: PurePath) -> Iterator[ReadPicture]:
        source = SceneSource(file)
        for one in self._reader.pictures(file):
            whole = f" of {source.frames}" if source.frames else ""
            self.progress.show(f"{file.name}: frame {one.frame}{whole}")
            if self._annotated is not None and one.picture is not None:
                if one.frame == 0:
                    size = one.picture.shape[1], one.picture.shape[0]
                    self._annotated.start_video(name, str(file), source.rate or _FRAMES_A_SECOND, size)
                self._annotated.add_frame(one)
            yield one

    def _tell(self, one: PlateReading | VehiclePlate) -> None:
        self.progress.clear()
        if not self._is_quiet:
            print(self._print(one))
        if self._csv is not None:
            self._csv.write(one)


def _nothing(file: Path) -> PlateReading:
    return PlateReading("", 0.0, verdict=Verdict.EMPTY, seen=Seen(file=str(file), score=0.0))


def _opened(name: str) -> TextIO:
    return Path(name).open("w", encoding="utf-8", newline="")


if __name__ == "__main__":
    sys.exit(main())
