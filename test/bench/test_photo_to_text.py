"""Counting what became of plates: found, missed, false, read right and wrong."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.photo_to_text import main, measure, read_index
from lprnet_ros.finding.found_plate import FoundPlate
from lprnet_ros.images.geometry import Box, quad_of_box
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

HEAD = "file,x1,y1,x2,y2,x3,y3,x4,y4,label,kind,rows,readable,set,role"
CROP = Path(__file__).resolve().parents[2] / "demo" / "crops" / "京AC6895.png"


def row(name, x, label="京A12345", kind="blue", rows=1, readable=1, group="web", role="choose"):
    corners = ",".join(f"{u},{v}" for u, v in quad_of_box(Box(x, 100, 100, 30)))
    return f"{name},{corners},{label},{kind},{rows},{readable},{group},{role}"


@pytest.fixture
def index(tmp_path):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((300, 600, 3), 128, np.uint8))
    rows = [
        row("a.png", 0),
        row("a.png", 150, label="京A54321"),
        row("a.png", 300, kind="yellow2", rows=2),
        row("a.png", 450, readable=0),
        row("b.png", 0, group="ccpd_blue"),
        row("b.png", 150, role="exam"),
    ]
    path = tmp_path / "index.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return path


def found(*lefts):
    return [FoundPlate(quad_of_box(Box(left, 100, 100, 30)), 0.9 - 0.01 * i) for i, left in enumerate(lefts)]


def test_each_plate_counts_once_and_by_its_group(index):
    finds = [found(2, 148, 300, 450), found(400)]

    def read(picture, plates, paddings):
        texts = {2: "京A12345", 148: "京A00000", 400: "京A99999"}
        return [
            PlateReading(texts.get(round(one.quad[0][0]), ""), 0.99, verdict=Verdict.ACCEPTED)
            for one in plates
        ]

    scores = measure(read_index(index, "choose"), lambda _: finds.pop(0), read, [(0.0,)])[(0.0,)]
    others, ccpd, together = (scores[group].as_dict() for group in ("others", "ccpd", "all"))
    assert (others["plates"], others["recall"], others["false"], others["ordinary"]) == (3, 1.0, 0, 2)
    assert (others["right"], others["wrong"]) == (0.5, 1)
    assert (ccpd["plates"], ccpd["recall"], ccpd["precision"], ccpd["right"]) == (1, 0.0, 0.0, 0.0)
    assert ccpd["wrong"] == 1  # a text that stands nowhere in the picture
    assert (together["plates"], together["wrong"], together["false"]) == (4, 2, 1)
    assert others["corner_error"] == pytest.approx(0.02)


def test_the_labelled_quads_are_read_where_nothing_is_to_be_found(index, capsys):
    picture = cv2.imdecode(np.fromfile(CROP, np.uint8), cv2.IMREAD_COLOR)
    frame = np.full((300, 600, 3), 128, np.uint8)
    frame[100:130, 0:100] = cv2.resize(picture, (100, 30))
    cv2.imwrite(str(index.parent / "b.png"), frame)
    index.write_text("\n".join([HEAD, row("b.png", 0, label="京AC6895")]) + "\n", encoding="utf-8")
    assert main(["--index", str(index), "--finder", "none", "--paddings", "0", "0,0.05"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 pictures of role choose"
    assert all("100.00%     0" in line for line in lines[2:])
    assert len(lines) == 6  # two paddings, each all and others
