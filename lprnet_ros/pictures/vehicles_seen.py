"""The vehicles of a video: what all frames say together, once for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting, VehiclePlate
from lprnet_ros.pictures.read_picture import ReadPicture
from lprnet_ros.plates.syntax import PlateSyntax
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.sources.labelled import LabelledDataError

_SETTINGS = ConsensusSettings(minimum_crops=2, gap_seconds=1.0, longest_wait_seconds=1e6)
"""Nobody waits at a video: a vehicle is told once it has gone."""


def vehicles_of(
    pictures: Iterable[ReadPicture],
    rules: ReadingRules,
    syntax: PlateSyntax | None,
    rate: float | None = None,
) -> Iterator[VehiclePlate]:
    """Combine the readings of each vehicle.

    Args:
        pictures: frames in the order of their times; those of another file begin anew.
        rules: judge what the frames of a vehicle say together.
        syntax: which texts are plates.
        rate: frames a second, for frames that come without times.

    Yields:
        Each vehicle once it has gone; its reading has the kind, the colour and the place of its best crop.

    Raises:
        ValueError: a frame could not be read, or has no time and no rate is given.
    """
    consensus, file = Consensus(_SETTINGS), ""
    for picture in pictures:
        if picture.problem:
            raise LabelledDataError(picture.problem)
        if picture.file != file:
            yield from (_judged(one, rules, syntax) for one in consensus.flush())
            file = picture.file
        now = picture.seconds if picture.seconds is not None else picture.frame / rate if rate else None
        if now is None:
            raise ValueError(
                "these pictures have no times; pass a video, or frames with rate=frames a second"
            )
        for vehicle in consensus.advance(now):
            yield _judged(vehicle, rules, syntax)
        for plate in picture.plates:
            for vehicle in consensus.add(Sighting(now, file, plate)):
                yield _judged(vehicle, rules, syntax)
    yield from (_judged(one, rules, syntax) for one in consensus.flush())


def _judged(vehicle: VehiclePlate, rules: ReadingRules, syntax: PlateSyntax | None) -> VehiclePlate:
    best = vehicle.best.reading
    verdict = rules.judge(vehicle.reading, syntax)
    reading = dataclasses.replace(
        vehicle.reading, verdict=verdict, kind=best.kind, colour=best.colour, seen=best.seen
    )
    return dataclasses.replace(vehicle, reading=reading)
