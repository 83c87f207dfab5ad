"""bench/wrong_accepted.py counts what it says, and names the crops."""

from __future__ import annotations

from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from bench.spoiling import Plate, Sample, cut, load_plates, patches, rendered, spoilings
from bench.wrong_accepted import count, read_corrections
from lprnet_ros.reading.plate_reading import PlateReading, Verdict
from lprnet_ros.sources.labelled import read_labelled

IMAGE = np.full((20, 100, 3), 128, np.uint8)
QUAD = np.array([[10, 2], [90, 2], [90, 18], [10, 18]], np.float32)


class ReadsTheSame:
    def __init__(self, text, verdict=Verdict.ACCEPTED):
        self.reading = PlateReading(text, 0.9, verdict=verdict)

    def read_batch(self, crops):
        return [self.reading for _ in crops]


def test_only_accepted_readings_count_and_the_wrong_ones_are_named():
    samples = [
        Sample(IMAGE, "京A12345", "1.jpg"),
        Sample(IMAGE, "京A12346", "2.jpg"),
        Sample(IMAGE, "", "3.jpg"),
    ]
    counted = count(ReadsTheSame("京A12345"), samples)
    assert (counted.crops, counted.right) == (3, 1)
    assert counted.wrong == [("2.jpg", "京A12346", "京A12345", 0.9), ("3.jpg", "", "京A12345", 0.9)]
    refused = count(ReadsTheSame("京A12345", Verdict.LOW_CONFIDENCE), samples, grey=True)
    assert (refused.right, refused.wrong) == (0, [])


@pytest.mark.parametrize("heading", ["", "file,label\n"])
def test_corrections_replace_labels(tmp_path, heading):
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE)
    (tmp_path / "index.csv").write_text("file,label\na.png,京A12345\n", encoding="utf-8")
    (tmp_path / "right.csv").write_text(f"{heading}folder/a.png,沪A12345\n", encoding="utf-8")
    crops = read_labelled(tmp_path / "index.csv")
    assert [plate.label for plate in load_plates(crops, None, {})] == ["京A12345"]
    corrections = read_corrections(tmp_path / "right.csv")
    (plate,) = load_plates(crops, None, corrections)
    assert (plate.label, plate.file) == ("沪A12345", "a.png")
    assert read_corrections(None) == {}


def test_cuts_are_measured_in_widths_of_the_plate():
    assert cut(IMAGE, QUAD, 0.1, "right").shape[1] == 82
    assert cut(IMAGE, QUAD, 0.1, "left").shape[1] == 82
    narrow = spoilings(1)["yaw of 72 degrees"](Plate(IMAGE, QUAD, "京A12345", "a.png"))
    assert narrow.shape[1] < narrow.shape[0]


def test_patches_are_grouped_by_what_the_pictures_show(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    rows = ["file,what,role"]
    for name, what, role in (("a", "EU plates", "exam"), ("b", "streets", "exam"), ("c", "streets", "train")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
        rows.append(f"{name}.png,{what},{role}")
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = patches(tmp_path / "index.csv", "exam", 8, 1)
    assert {name: len(samples) for name, samples in found.items()} == {
        "text: EU plates": 2,
        "text: streets": 2,
        "random patches": 4,
    }
    assert {sample.label for samples in found.values() for sample in samples} == {""}


@pytest.mark.skipif(
    None in (find_spec("PIL"), find_spec("cvttf_NotoSansCJK_Bold")), reason="needs the extra 'training'"
)
def test_plates_without_a_class_or_a_kind_are_rendered():
    found = rendered(3, 1)
    assert [(name, len(samples)) for name, samples in found.items()] == [
        ("old army, rendered", 3),
        ("foreign, rendered", 3),
    ]
    assert [sample.file[0] for sample in found["old army, rendered"]] == ["军", "空", "海"]
