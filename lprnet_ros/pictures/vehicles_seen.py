"""The vehicles of a video or a bag: what all frames say together, once for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting, VehiclePlate
from lprnet_ros.cropping.tracker import PlateTracker
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.pictures.read_picture import ReadPicture, refuse_broken
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.decoding import CERTAIN
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.rules import ReadingRules

_FRAMES = ConsensusSettings(minimum_crops=2, gap_seconds=1.0, longest_wait_seconds=1e6)
"""Nobody waits at a video: a vehicle is told once it has gone."""

_CROPS = dataclasses.replace(_FRAMES, minimum_crops=1)
"""Of a bag's crops one is enough: whoever cut it out saw a plate."""


def vehicles_of(
    pictures: Iterable[ReadPicture],
    rules: ReadingRules,
    syntax: PlateSyntax | None,
    rate: float | None = None,
) -> Iterator[VehiclePlate]:
    """Combine the readings of each vehicle.

    Args:
        pictures: frames in the order of their times; those of another file begin anew, and the topics of
            a bag do not influence each other.
        rules: judge what the frames of a vehicle say together.
        syntax: which texts are plates.
        rate: frames a second, for frames that come without times.

    Yields:
        Each vehicle once it has gone; its reading has the kind, the colour and the place of its best crop.

    Raises:
        ValueError: a frame has no time and no rate is given; or, after the last vehicle, frames could not
            be read.
    """
    topics: dict[str, _Topic] = {}
    file, problems = "", []
    for picture in pictures:
        if picture.problem:
            problems.append(picture.problem)
            continue
        if picture.file != file:
            yield from (_judged(one, rules, syntax) for one in _flushed(topics))
            file = picture.file
        now = picture.seconds if picture.seconds is not None else picture.frame / rate if rate else None
        if now is None:
            raise ValueError(
                "these pictures have no times; pass a video or a bag, or frames with rate=frames a second"
            )
        if picture.topic not in topics and picture.plates:
            is_crop = bool(picture.topic) and picture.plates[0].quad is None
            topics[picture.topic] = _Topic(is_crop)
        if picture.topic in topics:
            gone = topics[picture.topic].add(picture, now)
            yield from (_judged(one, rules, syntax) for one in gone)
    yield from (_judged(one, rules, syntax) for one in _flushed(topics))
    refuse_broken(problems)


class _Topic:
    """The vehicles of one camera: plates are followed, so that two in one frame are never taken for one."""

    def __init__(self, is_crop: bool) -> None:
        self.consensus = Consensus(_CROPS if is_crop else _FRAMES)
        self._tracker = PlateTracker()
        self._last: float | None = None
        self._repeated: dict[
            str, tuple[tuple[str, float], int]
        ] = {}  # by track: a reading, how often in a row

    def add(self, picture: ReadPicture, now: float) -> list[VehiclePlate]:
        """Take in a frame; return the vehicles that have gone."""
        gone = self.consensus.advance(now)
        places = [
            FoundPlate(plate.quad, plate.seen.score, plate.rows)
            for plate in picture.plates
            if plate.quad is not None
        ]
        tracks = iter(self._tracker.see(places, 0.0 if self._last is None else now - self._last))
        self._last = now
        for plate in picture.plates:
            track = next(tracks, None) if plate.quad is not None else None
            name = str(track.track_id) if track is not None else None
            if not self._is_repeated(name, plate):
                gone += self.consensus.add(Sighting(now, picture.file, plate, name))
        return gone

    def _is_repeated(self, track: str | None, plate: PlateReading) -> bool:
        """Tell whether an unsure reading is the same for the third time: a still picture proves nothing."""
        if track is None or plate.confidence >= CERTAIN:
            return False
        told = plate.text, plate.confidence
        before, times = self._repeated.get(track, (told, 0))
        times = times + 1 if told == before else 1
        self._repeated[track] = told, times
        return times > _FRAMES.minimum_crops


def _flushed(topics: dict[str, _Topic]) -> list[VehiclePlate]:
    """Finish the vehicles of all topics, and forget the topics."""
    gone = [one for topic in topics.values() for one in topic.consensus.flush()]
    topics.clear()
    return gone


def _judged(vehicle: VehiclePlate, rules: ReadingRules, syntax: PlateSyntax | None) -> VehiclePlate:
    best = vehicle.best.reading
    verdict = rules.judge(vehicle.reading, syntax)
    reading = dataclasses.replace(
        vehicle.reading, verdict=verdict, kind=best.kind, colour=best.colour, seen=best.seen
    )
    return dataclasses.replace(vehicle, reading=reading)
