"""What consensus is worth: readings of generated sequences, by themselves and in one stream."""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bench.moving_camera import Image, MovingCamera
from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting, VehiclePlate
from lprnet_ros.evaluation.metrics import Outcome, Score, score
from lprnet_ros.reading.plate_reading import PlateReading
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.sources.labelled import LabelledCrop, LabelledDataError

SIMILAR_EVERY = 10
"""After so many vehicles comes one whose plate differs from the last one's in a single character."""

FRAME_SECONDS = 0.1
"""Between two crops of one vehicle; a tenth of the gap where the gap is shorter than a second."""

_CELL_MIDDLES = [(174 + 57 * i) / 440 for i in range(5)]
_CELL_WIDTH = 57 / 440
"""Where the five characters of a serial stand on a plate of 440 mm (GA 36-2018), as shares of its width."""


class Reader(Protocol):
    """Whatever reads crops, such as :class:`~lprnet_ros.reading.recognizer.PlateRecognizer`."""

    def read(self, image: npt.NDArray[np.uint8]) -> PlateReading:
        """Read one crop: BGR, uint8, height x width x 3."""


@dataclass(frozen=True)
class SequenceScore:
    """Single crops against consensus on the same sequences, and the vehicles of one stream.

    Attributes:
        sequences: how many there are; in the stream they follow each other as so many vehicles.
        frames: crops of each.
        single: every crop by itself.
        final: one outcome a sequence, seen by itself; nothing published is the empty text.
        unpublished: sequences where nothing was published.
        fewer_errors: share of the single crops' error rate that consensus takes away, at most 1;
            0 where no crop was misread.
        similar: vehicles whose plate differs in one character from the one before.
        short_gaps: vehicles that came before the gap was over.
        published: final readings of the stream.
        wrong: final readings of the stream with a wrong text.
        lost: vehicles without a final reading.
        doubled: vehicles with more than one.
        revised: final readings where another text had led.
        unconfirmed: final readings on which fewer than the least number of crops agree.
    """

    sequences: int
    frames: int
    single: Score
    final: Score
    unpublished: int
    fewer_errors: float
    similar: int
    short_gaps: int
    published: int
    wrong: int
    lost: int
    doubled: int
    revised: int
    unconfirmed: int


@dataclass(frozen=True)
class _Passage:
    """One vehicle that passed the camera: the readings of its crops."""

    label: str
    readings: list[PlateReading]
    is_similar: bool = False


def score_sequences(
    recognizer: Reader,
    crops: Sequence[LabelledCrop],
    settings: ConsensusSettings | None = None,
    seed: int = 0,
    *,
    sequences: int | None = None,
    frames: int = 10,
    strength: float = 1.0,
) -> SequenceScore:
    """Let a moving camera film real crops, read all frames and form the consensus.

    Args:
        recognizer: reads the frames.
        crops: real crops; those without a plate are left out.
        settings: of the consensus.
        seed: of all randomness; the same one gives the same result.
        sequences: how many, at least 1; None is each crop once, and the similar plates.
        frames: crops of each sequence, at least 1.
        strength: of the camera, see :class:`~bench.moving_camera.MovingCamera`.

    Raises:
        LabelledDataError: no crop shows a plate, or one cannot be read from disk.
    """
    settings = settings if settings is not None else ConsensusSettings()
    plates = [crop for crop in crops if crop.label]
    if not plates:
        raise LabelledDataError("sequences need crops with a label; there is none")
    generator = np.random.default_rng(seed)
    camera = MovingCamera(generator, strength)
    passing = _vehicles(recognizer, plates, generator, is_endless=sequences is not None)
    passages = [
        _Passage(label, [recognizer.read(frame) for frame in camera.film(image, frames)], is_similar)
        for label, image, is_similar in itertools.islice(passing, sequences)
    ]
    single = score([_outcome(p.label, reading) for p in passages for reading in p.readings])
    finals = [_consensus_of_one(passage, settings) for passage in passages]
    final = score([_outcome(p.label, plate) for p, plate in zip(passages, finals, strict=True)])
    sightings, short_gaps = _stream(passages, settings, generator)
    consensus = Consensus(settings)
    published = [plate for sighting in sightings for plate in consensus.add(sighting)] + consensus.flush()
    owners = [_owner(plate) for plate in published]
    times = Counter(owners)
    return SequenceScore(
        sequences=len(passages),
        frames=frames,
        single=single,
        final=final,
        unpublished=finals.count(None),
        fewer_errors=1 - (1 - final.accuracy) / (1 - single.accuracy) if single.accuracy < 1 else 0.0,
        similar=sum(passage.is_similar for passage in passages),
        short_gaps=short_gaps,
        published=len(published),
        wrong=sum(
            plate.reading.text != passages[i].label for plate, i in zip(published, owners, strict=True)
        ),
        lost=sum(times[i] == 0 for i in range(len(passages))),
        doubled=sum(times[i] > 1 for i in range(len(passages))),
        revised=sum(plate.revised for plate in published),
        unconfirmed=sum(plate.agreeing < settings.minimum_crops for plate in published),
    )


def similar_plate(
    recognizer: Reader, image: Image, label: str, generator: np.random.Generator
) -> tuple[str, Image] | None:
    """Make a plate that differs in one character, by copying a character of the serial over its neighbour.

    Args:
        recognizer: tells which copies came out as a plate that can be read.
        image: a crop that the plate fills, BGR, uint8, height x width x 3.
        label: its text.
        generator: chooses among the copies.

    Returns:
        The new text and crop; None where no copy can be read, the plate has not
        7 characters or the crop is less than 20 pixels wide.
    """
    width = image.shape[1]
    if len(label) != 7 or width < 20:
        return None
    half = round(_CELL_WIDTH * width / 2)
    pairs = [(i, i + 1) for i in range(4)] + [(i + 1, i) for i in range(4)]
    for source, target in generator.permutation(pairs).tolist():
        text = label[: 2 + target] + label[2 + source] + label[3 + target :]
        if text == label:
            continue
        copy = image.copy()
        from_x, to_x = (round(_CELL_MIDDLES[i] * width) for i in (source, target))
        copy[:, to_x - half : to_x + half] = image[:, from_x - half : from_x + half]
        reading = recognizer.read(copy)
        if reading.text == text and reading.accepted:
            return text, copy
    return None


def _vehicles(
    recognizer: Reader, plates: Sequence[LabelledCrop], generator: np.random.Generator, *, is_endless: bool
) -> Iterator[tuple[str, Image, bool]]:
    """Yield label and crop of each vehicle, and whether its plate was made similar to the last one."""
    is_first_round, since_similar = True, 0
    while is_endless or is_first_round:
        is_first_round = False
        for index in generator.permutation(len(plates)).tolist():
            label, image = plates[index].label, plates[index].read()
            yield label, image, False
            since_similar += 1
            if since_similar >= SIMILAR_EVERY:
                similar = similar_plate(recognizer, image, label, generator)
                if similar is not None:
                    yield *similar, True
                    since_similar = 0


def _outcome(label: str, reading: PlateReading | None) -> Outcome:
    """Set a reading beside its label; how long it took is of no interest here."""
    return Outcome(label, reading.text, reading.confidence, 0.0) if reading else Outcome(label, "", 0.0, 0.0)


def _consensus_of_one(passage: _Passage, settings: ConsensusSettings) -> PlateReading | None:
    """Return the final reading of a sequence by itself: of several a wrong one if there is any."""
    consensus = Consensus(settings)
    step = _frame_seconds(settings)
    published = []
    for frame, reading in enumerate(passage.readings):
        published += consensus.add(Sighting(frame * step, "camera", reading))
    finals = [plate.reading for plate in published + consensus.flush()]
    return min(finals, key=lambda reading: reading.text == passage.label, default=None)


def _stream(
    passages: Sequence[_Passage], settings: ConsensusSettings, generator: np.random.Generator
) -> tuple[list[Sighting], int]:
    """Let the vehicles follow each other on one camera without tracks.

    Returns:
        The sightings with (vehicle, frame) as stamp, and how many vehicles came
        before the gap was over: half of them, and each with a similar plate.
        The very plate that just passed comes back only after the gap.
    """
    gap, step = settings.gap_seconds, _frame_seconds(settings)
    sightings, time, short_gaps = [], 0.0, 0
    recent: set[str] = set()
    for vehicle, passage in enumerate(passages):
        is_short = passage.is_similar or bool(generator.random() < 0.5)
        if is_short and vehicle and passage.label not in recent:
            time += gap * generator.uniform(0.2, 0.8)
            short_gaps += 1
        else:
            time += gap * generator.uniform(1.5, 3.0)
            recent.clear()
        recent.add(passage.label)
        for frame, reading in enumerate(passage.readings):
            sightings.append(Sighting(time, "camera", reading, stamp=(vehicle, frame)))
            time += step
    return sightings, short_gaps


def _frame_seconds(settings: ConsensusSettings) -> float:
    return min(FRAME_SECONDS, settings.gap_seconds / 10)


def _owner(plate: VehiclePlate) -> int:
    """Return the vehicle whose crop is the best one of a final reading."""
    stamp = plate.best.stamp
    assert isinstance(stamp, tuple)
    return int(stamp[0])


def show(recognizer: PlateRecognizer, crops: list[LabelledCrop], options: argparse.Namespace) -> int:
    """Compare single crops with their consensus over generated sequences: ``lpr_evaluate --sequences``."""
    how = {"seed": options.seed, "sequences": options.sequences, "strength": options.strength}
    result = score_sequences(recognizer, crops, **how)
    if options.json:
        print(json.dumps(asdict(result)))
        return 0
    for name, part in (("single crops", result.single), ("consensus", result.final)):
        print(
            f"{name:14}{part.plates:6} readings, {part.plates - part.correct} wrong "
            f"({1 - part.accuracy:.2%}), calibration error {part.calibration_error:.4f}"
        )
    print(f"fewer errors   {result.fewer_errors:.1%}; sequences without a final reading {result.unpublished}")
    print(
        f"one stream     {result.sequences} vehicles ({result.similar} with a plate like the one before, "
        f"{result.short_gaps} sooner than the gap): {result.published} final readings, {result.wrong} wrong, "
        f"{result.lost} vehicles lost, {result.doubled} doubled, {result.revised} revised"
    )
    return 0
