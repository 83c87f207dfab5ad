"""A vehicle as the consensus hands it over, for tests of what becomes of it."""

from __future__ import annotations

import numpy as np

from lprnet_ros.consensus.sightings import Sighting, VehiclePlate
from lprnet_ros.flow.job import Source
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

READING = PlateReading("沪QHN5542", 0.9871, (1.0,) * 8, verdict=Verdict.ACCEPTED, kind="blue", colour="blue")
SOURCE = Source("/gate/crop", 12, 34, "cam#1", 0.0)
VEHICLE = VehiclePlate(READING, 9, 8, Sighting(1.0, "/gate/crop", READING), 1.8e9 - 0.81, 1.8e9, False)
CROP = np.full((24, 94, 3), 128, np.uint8)
