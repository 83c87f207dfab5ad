"""A recording process is killed at random moments: the record opens, and holds whatever was added.

RECORD_KILLS=100 kills more often than the suite does.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tethered import tethered

from lprnet_ros.record.vehicle_record import RecordReader

KILLS = int(os.environ.get("RECORD_KILLS", "10"))
RECORDING = """
import itertools, os, sys, time
from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordedVehicle
os.write(1, b"0\\n")
writer = RecordWriter(sys.argv[1], keep_days=1, keep_megabytes=0.3)
for number in itertools.count():
    vehicle = RecordedVehicle(0, f"{number}", None, None, 1.0, 0.0, 0.0, "/image")
    crop = f"{number} ".encode() * 1000
    identifier = writer.add(vehicle, crop, time.time())
    os.write(1, f"{identifier}\\n".encode())
"""


def test_nothing_that_was_added_is_lost(tmp_path: Path) -> None:
    chance, record, added = random.Random(1), tmp_path / "record.db", 0
    for number in range(KILLS):
        command = tethered(sys.executable, "-c", RECORDING, str(record))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 60))]
            time.sleep(chance.uniform(0.0, 0.02))
            process.kill()
            lines += process.stdout.read().splitlines()
        assert process.returncode == -9
        added = max(added, int(lines[-1]))
        if not record.exists():  # killed before there was one
            assert number == 0
            continue
        connection = sqlite3.connect(record)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
        if not added:
            continue
        reader = RecordReader(record)
        vehicles = reader.search(limit=10_000)
        identifiers = [vehicle.identifier for vehicle in vehicles]
        assert identifiers == list(range(identifiers[0], identifiers[-1] - 1, -1)), "one is missing"
        assert added <= identifiers[0] <= added + 1, "the one that was being added may be there too"
        added = identifiers[0]
        for vehicle in vehicles:
            assert reader.crop(vehicle.identifier) == f"{vehicle.text} ".encode() * 1000
        reader.close()
    assert added > 2 * KILLS
