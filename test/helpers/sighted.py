"""Sightings of plates, and the final readings of them."""

from lprnet_ros.consensus.vehicles import Consensus, ConsensusSettings, Sighting
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

PLATE = "京A12345"
SIMILAR = "京A12945"
OTHER = "沪C8KX07"
GARBAGE = "粤G0UT1P"


def reading(text, confidence=0.95, alternatives=(), verdict=Verdict.ACCEPTED):
    return PlateReading(text, confidence, (confidence,) * len(text), tuple(alternatives), verdict)


def crops(*readings, start=0.0, step=0.1, track=None, camera="gate"):
    """One sighting a reading; a plain text is read with 0.95."""
    return [
        Sighting(
            start + i * step,
            camera,
            each if isinstance(each, PlateReading) else reading(each),
            track,
            stamp=round(start + i * step, 6),
        )
        for i, each in enumerate(readings)
    ]


def published(*sightings, flush=True, **settings):
    consensus = Consensus(ConsensusSettings(**settings))
    plates = [plate for sighting in sightings for plate in consensus.add(sighting)]
    return plates + consensus.flush() if flush else plates


def texts(plates):
    return [plate.reading.text for plate in plates]
