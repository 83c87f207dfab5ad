"""Labelled crops in bags: by frame_id, or by a CSV of stamps."""

import numpy as np
import pytest
from bags import START, STORAGES, raw, storage_file, write_bag

from lprnet_ros.sources import labelled_bags
from lprnet_ros.sources.labelled import LabelledDataError
from lprnet_ros.sources.labelled_bags import read_labelled_crops

PICTURES = [np.random.default_rng(n).integers(0, 256, (20, 60, 3), dtype=np.uint8) for n in range(4)]
NAMES = ["京AC6895.png", "sub/沪B12345_2.png", "camera", "粤B·12345.jpg"]


@pytest.fixture(params=STORAGES)
def bag(request, tmp_path):
    rows = zip(NAMES, PICTURES, strict=True)
    crops = [
        (("/a", "/b")[n % 2], START + n, raw(picture, START + n * 10**8 + 123_456, name))
        for n, (name, picture) in enumerate(rows)
    ]
    return write_bag(tmp_path / "bag", crops, request.param)


def test_frame_ids_that_name_plates_are_labels(bag):
    crops = read_labelled_crops(bag)
    assert [crop.label for crop in crops] == ["京AC6895", "沪B12345", "粤B12345"]
    assert [crop.group("topic") for crop in crops] == ["/a", "/b", "/b"]
    assert [float(crop.group("seconds")) - START / 1e9 for crop in crops] == pytest.approx(
        [0, 0.1, 0.3], abs=1e-3
    )
    for crop, picture in zip(crops, [PICTURES[0], PICTURES[1], PICTURES[3]], strict=True):
        np.testing.assert_array_equal(crop.read(), picture)


def test_a_bag_without_labels_says_how_to_give_them(tmp_path):
    bag = write_bag(tmp_path / "bag", [("/a", START, raw(PICTURES[0], START))])
    with pytest.raises(LabelledDataError, match=r"no frame_id in this bag is named by a plate.*write a CSV"):
        read_labelled_crops(bag)


def test_a_csv_labels_messages_by_their_stamps(bag):
    stamps = [START / 1e9 + n * 0.1 + 123e-6 for n in range(4)]
    path = bag.parent / "labels.csv"
    (bag.parent / "x.png").write_bytes(b"")
    path.write_text(
        "file,label,seconds,topic,lane\n"
        f"bag,京A00001,{stamps[2]:.6f},/a,left\n"
        "x.png,京A00002,,,right\n"
        f"bag,京A00003,{stamps[1]:.6f},,right\n"
        f"bag,京A00004,{stamps[1]:.6f},/a,right\n",
        encoding="utf-8",
    )
    crops = read_labelled_crops(path)
    assert [(crop.label[-1], crop.group("lane"), crop.line) for crop in crops] == [
        ("1", "left", 2),
        ("2", "right", 3),
        ("3", "right", 4),
        ("4", "right", 5),
    ]
    np.testing.assert_array_equal(crops[0].read(), PICTURES[2])
    np.testing.assert_array_equal(crops[2].read(), PICTURES[1])
    assert crops[1].path.name == "x.png"
    with pytest.raises(LabelledDataError, match=r"bag#topic=/a&t=\d+.\d+: no such message can be read"):
        crops[3].read()
    path.write_text("file,label,seconds\nbag,京A00001,noon\n", encoding="utf-8")
    with pytest.raises(LabelledDataError, match="line 2: seconds is 'noon', expected a stamp such as"):
        read_labelled_crops(path)


def test_a_damaged_bag_gives_what_it_holds_and_its_damage_as_a_crop_that_cannot_be_read(bag):
    file = storage_file(bag)
    file.write_bytes(file.read_bytes()[:-50])
    *crops, last = read_labelled_crops(bag)
    assert [crop.label for crop in crops][:2] == ["京AC6895", "沪B12345"]
    with pytest.raises(LabelledDataError, match="damaged, cut off or not closed"):
        last.read()


def test_a_broken_crop_is_named_by_its_place(tmp_path):
    bag = write_bag(tmp_path / "bag", [("/a", START, raw(PICTURES[0], START, "京AC6895.png", step=1))])
    (crop,) = read_labelled_crops(bag)
    with pytest.raises(LabelledDataError, match=r"bag#topic=/a&t=.*: message 0 on /a: step is 1"):
        crop.read()


def test_more_than_fits_into_memory_is_refused(bag, monkeypatch):
    monkeypatch.setattr(labelled_bags, "_MOST_BYTES", 5000)
    with pytest.raises(LabelledDataError, match="of labelled pictures; only crops fit"):
        read_labelled_crops(bag)
