"""What the tests of ``lpr_read`` share."""

import pytest
from stand_in_finder import StandInFinder

from lprnet_ros.sources.labelled import read_image


@pytest.fixture
def finder(monkeypatch):
    """Let the command find plates without a network."""
    monkeypatch.setattr("lprnet_ros.pictures.plate_reader.PlateFinder", StandInFinder)


@pytest.fixture
def crops(shipped_readings):
    """Two shipped crops of seven characters, by text."""
    files = {reading.text: file for file, reading in shipped_readings.items() if len(reading.text) == 7}
    return {plate: read_image(file) for plate, file in list(files.items())[:2]}
