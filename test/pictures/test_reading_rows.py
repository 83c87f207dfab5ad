"""Readings as lines: what comes out parses to what went in, and stays on its line."""

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.consensus.vehicles import Sighting, VehiclePlate
from lprnet_ros.pictures.reading_rows import CsvRows, json_line, tab_line
from lprnet_ros.reading.plate_reading import PlateReading, Seen, Verdict

QUAD = ((1.0, 2.5), (101.0, 2.0), (101.0, 32.0), (1.0, 32.0))
PLATE = PlateReading(
    "京A12345", 0.9876543, verdict=Verdict.ACCEPTED, kind="blue", colour="blue", seen=Seen(QUAD)
)
VEHICLE = VehiclePlate(PLATE, 7, 6, Sighting(1.5, "", PLATE), first=1.234, last=3.0, revised=False)


def csv_of(*plates):
    stream = io.StringIO(newline="")
    rows = CsvRows(stream)
    for one in plates:
        rows.write(one)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_a_line_has_four_columns_and_a_vehicle_its_time_as_a_media_fragment():
    seen = Seen(file="gate.mp4", frame=3, seconds=1.5)
    assert tab_line(PLATE) == "\t京A12345\t0.9877\taccepted"
    reading = PlateReading("", 0.97, verdict=Verdict.EMPTY, seen=seen)
    vehicle = VehiclePlate(reading, 7, 6, Sighting(1.5, "", PLATE), first=1.234, last=3.0, revised=False)
    assert tab_line(vehicle) == "gate.mp4#t=1.23\t\t0.0000\tempty"


def test_a_vehicle_has_its_times_too():
    values = json.loads(json_line(VEHICLE))
    assert (values["first"], values["last"], values["crops"]) == (1.234, 3.0, 7)
    (row,) = csv_of(VEHICLE)
    assert (row["seconds"], row["crops"]) == ("1.234", "7")


def test_a_csv_holds_the_place_as_labels_do(tmp_path):
    rows = csv_of(PLATE, PlateReading("", 0.0, verdict=Verdict.EMPTY))
    assert rows[0]["quad"] == "1,2.5 101,2 101,32 1,32"
    assert (rows[0]["text"], rows[0]["kind"], rows[0]["verdict"]) == ("京A12345", "blue", "accepted")
    assert (rows[1]["text"], rows[1]["quad"], rows[1]["kind"]) == ("", "", "")


@given(name=st.text(), text=st.text(max_size=9), confidence=st.floats(0, 1))
def test_any_name_and_text_stay_on_one_line_and_come_back(name, text, confidence):
    plate = PlateReading(text, confidence, verdict=Verdict.ACCEPTED, seen=Seen(QUAD, file=name))
    line = json_line(plate)
    assert line.isprintable()
    assert json.loads(line) == plate.to_dict()
    assert tab_line(PlateReading("京A12345", 1.0, seen=Seen(file=name))).count("\t") == 3
    assert tab_line(PlateReading("京A12345", 1.0, seen=Seen(file=name))).isprintable() is False  # its tabs
    assert len(csv_of(plate)) == 1


def test_a_name_that_is_no_unicode_is_escaped():
    plate = PlateReading("京A12345", 1.0, seen=Seen(file="a\udcff.png"))
    assert json.loads(json_line(plate))["file"] == "a\udcff.png"
    json_line(plate).encode("ascii")
