import hashlib
import os
import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from lprnet_ros.plates.alphabet import DIGITS, LETTERS, PROVINCES
from lprnet_ros.sources.labelled import (
    SPLITS,
    LabelledCrop,
    LabelledDataError,
    is_held_out,
    is_in_split,
    list_images,
    read_image,
    read_labelled,
    skipped_images,
)


def write_picture(path, height=24, width=94):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), image)
    return image


def plates(count):
    choose = random.Random(7)
    return [
        choose.choice(PROVINCES) + choose.choice(LETTERS) + "".join(choose.choices(DIGITS, k=5))
        for _ in range(count)
    ]


def test_a_folders_labels_are_the_file_names_up_to_the_first_underscore_or_hyphen(tmp_path):
    for name in ["京A12345.jpg", "沪B1_2.png", "津C1-2_3.bmp", "sub/渝D1_x-y.JPEG", "_nothing.webp"]:
        write_picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    crops = read_labelled(tmp_path)
    assert [crop.path for crop in crops] == sorted(crop.path for crop in crops)
    assert {crop.path.name: crop.label for crop in crops} == {
        "京A12345.jpg": "京A12345",
        "沪B1_2.png": "沪B1",
        "津C1-2_3.bmp": "津C1",
        "渝D1_x-y.JPEG": "渝D1",
        "_nothing.webp": "",
    }


def test_listing_images_goes_into_folders_and_sorts(tmp_path):
    for name in ["b.png", "a/z.jpg", "c.PNG"]:
        write_picture(tmp_path / name)
    (tmp_path / "a/z.jpg").rename(tmp_path / "a/z.jfif")
    assert list_images(tmp_path) == [tmp_path / "a/z.jfif", tmp_path / "b.png", tmp_path / "c.PNG"]


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".gif", ".avif", ".heic", ".jp2", ".ppm"])
def test_a_kind_of_picture_that_not_every_opencv_reads_is_listed_or_named(tmp_path, suffix):
    picture = np.zeros((64, 94, 3), np.uint8)
    is_read = cv2.haveImageWriter(suffix)
    content = cv2.imencode(suffix, picture)[1].tobytes() if is_read else b"of another kind"
    for number in range(5):
        (tmp_path / f"京A0000{number}{suffix.upper()}").write_bytes(content)
    if is_read:
        assert skipped_images(tmp_path) == ""
        (first, *_) = crops = read_labelled(tmp_path)
        assert [crop.label for crop in crops] == [f"京A0000{number}" for number in range(5)]
        assert first.read().max() <= 3
        return
    told = f"京A00000{suffix.upper()}, 京A00001{suffix.upper()}, 京A00002{suffix.upper()} and 2 more; convert"
    assert list_images(tmp_path) == []
    assert told in skipped_images(tmp_path)
    with pytest.raises(LabelledDataError, match=told):
        read_labelled(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])  # spreadsheets write a byte order mark
def test_a_csv_gives_files_beside_it_labels_and_other_columns_in_its_order(tmp_path, encoding):
    (tmp_path / "index.csv").write_text(
        "set,file,label\nroad,b/1.jpg,京A12345\ntoll,a/2.jpg,\n", encoding=encoding
    )
    assert read_labelled(tmp_path / "index.csv") == [
        LabelledCrop(tmp_path / "b/1.jpg", "京A12345", {"set": "road"}),
        LabelledCrop(tmp_path / "a/2.jpg", "", {"set": "toll"}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n1.jpg,A\n", "no column file"),
        ("file,text\n1.jpg,A\n", "no column label"),
        ("a,b\n1,2\n", "no column file or label"),
        ("", "no column file or label"),
        ("file,label\n", "no labelled crops"),
    ],
)
def test_a_csv_without_crops_or_columns_is_refused(tmp_path, text, message):
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(LabelledDataError, match=message) as caught:
        read_labelled(tmp_path / "index.csv")
    assert "index.csv" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "file,label\n1.jpg,京A12345\n".encode("gbk"),  # what a Chinese spreadsheet saves
        b"\xff\xd8\xff\xe0 a picture given in place of a CSV",
        b"file,label\n1.jpg\n",  # a row that breaks off
        b"file,label\n1.jpg,A,too,much\n",
    ],
    ids=["GBK", "JPEG", "short row", "long row"],
)
def test_a_csv_that_cannot_be_understood_is_refused_by_name(tmp_path, content):
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(LabelledDataError, match=r"index\.csv"):
        read_labelled(tmp_path / "index.csv")


def test_an_empty_folder_and_a_missing_path_are_refused(tmp_path):
    with pytest.raises(LabelledDataError, match="no labelled crops"):
        read_labelled(tmp_path)
    with pytest.raises(LabelledDataError, match="neither a folder nor a CSV"):
        read_labelled(tmp_path / "nowhere")


def test_a_column_is_found_by_name_and_a_missing_one_is_named_with_those_there_are(tmp_path):
    crop = LabelledCrop(tmp_path / "1.jpg", "A", {"set": "road", "colour": "blue"})
    assert crop.group("colour") == "blue"
    with pytest.raises(LabelledDataError, match="no column 'weather'; columns: colour, set"):
        crop.group("weather")
    with pytest.raises(LabelledDataError, match="columns: none"):
        LabelledCrop(tmp_path / "1.jpg", "A").group("set")


def test_a_picture_is_read_as_bgr(tmp_path):
    written = write_picture(tmp_path / "京A12345.png", 7, 9)
    assert np.array_equal(read_image(tmp_path / "京A12345.png"), written)
    assert np.array_equal(LabelledCrop(tmp_path / "京A12345.png", "").read(), written)


def test_a_picture_whose_name_is_no_text_is_read(tmp_path):
    written = write_picture(tmp_path / "a.png")
    path = (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"\xff\n.png"))
    assert np.array_equal(read_image(path), written)


def test_a_picture_that_must_not_be_read_is_refused_by_name(tmp_path, monkeypatch):
    write_picture(tmp_path / "a.png")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(LabelledDataError, match=r"a\.png: cannot be read \(Permission denied\)"):
        read_image(tmp_path / "a.png")


def test_a_picture_too_wide_to_be_turned_is_refused_by_name(tmp_path):
    assert cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((2, 32_767, 3), np.uint8))
    with pytest.raises(LabelledDataError, match=r"wide.png: 32767x2 pixels, expected sides of at most"):
        read_image(tmp_path / "wide.png")


def test_a_grey_picture_and_one_with_transparency_become_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((5, 6), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "clear.png"), np.full((5, 6, 4), 77, np.uint8))
    for name in ("grey.png", "clear.png"):
        assert np.array_equal(read_image(tmp_path / name), np.full((5, 6, 3), 77, np.uint8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty$"),
        (b"not a picture", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_by_name(tmp_path, content, message):
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(LabelledDataError, match=rf"broken\.png: {message}"):
        read_image(tmp_path / "broken.png")


def test_a_jpeg_that_lacks_its_last_bytes_is_read(tmp_path):
    content = cv2.imencode(".jpg", write_picture(tmp_path / "a.png"))[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(content[:-3])
    whole = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(read_image(tmp_path / "a.jpg")[:15], whole[:15])


def test_a_damaged_picture_is_refused_by_name_with_what_the_decoder_says(tmp_path, capfd):
    content = cv2.imencode(".jpg", write_picture(tmp_path / "a.png"))[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(content[:-2] + b"\x12" * 40 + content[-2:])
    with pytest.raises(
        LabelledDataError, match=r"a\.jpg: the decoder had to guess pixels: Corrupt JPEG data"
    ):
        read_image(tmp_path / "a.jpg")
    assert capfd.readouterr().err == ""


def test_a_missing_picture_is_refused_by_name(tmp_path):
    with pytest.raises(LabelledDataError, match=r"gone\.png: no such file"):
        read_image(tmp_path / "gone.png")


def test_about_one_plate_in_six_is_held_out():
    share = np.mean([is_held_out(plate) for plate in plates(6000)])
    assert share == pytest.approx(1 / 6, abs=0.02)


def test_another_number_of_parts_holds_out_another_share():
    assert np.mean([is_held_out(plate, parts=2) for plate in plates(6000)]) == pytest.approx(0.5, abs=0.03)
    assert all(is_held_out(plate, parts=1) for plate in plates(50))


def test_the_split_is_the_published_one_by_plate_and_never_changes():
    for plate in plates(300):
        number = int(hashlib.sha256(plate.encode()).hexdigest()[:16], 16)
        assert is_held_out(plate) is (number % 6 == 0)


def test_every_crop_of_a_plate_falls_on_the_same_side(tmp_path):
    rows = [f"set{copy}/{plate}_{copy}.jpg,{plate}" for plate in plates(60) for copy in range(4)]
    (tmp_path / "index.csv").write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    crops = read_labelled(tmp_path / "index.csv")
    held_out = {crop.label for crop in crops if is_held_out(crop.label)}
    training = {crop.label for crop in crops if not is_held_out(crop.label)}
    assert held_out
    assert training
    assert not held_out & training


def test_the_splits_share_all_plates_out():
    for plate in plates(2000):
        inside = {split for split in SPLITS if is_in_split(plate, split)}
        assert inside in (
            {"all", "training"},
            {"all", "held-out", "calibration"},
            {"all", "held-out", "test"},
        )
        assert ("held-out" in inside) is is_held_out(plate)


def test_calibration_and_test_are_about_halves():
    held_out = [plate for plate in plates(6000) if is_held_out(plate)]
    share = np.mean([is_in_split(plate, "calibration") for plate in held_out])
    assert share == pytest.approx(0.5, abs=0.06)


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="calibration"):
        is_in_split("京A12345", "validation")


@pytest.mark.parametrize("between", ["·", "•", " ", "．", "-"])
def test_spelling_moves_no_plate_to_the_other_side_of_the_split(between, tmp_path):
    texts = plates(600)
    spelled = [f"{text[:2]}{between}{text[2:].lower()}" for text in texts]
    (tmp_path / "index.csv").write_text(
        "\n".join(["file,label", *(f"{index}.png,{text}" for index, text in enumerate(spelled))]),
        encoding="utf-8",
    )
    crops = read_labelled(tmp_path / "index.csv")
    assert [is_held_out(crop.label) for crop in crops] == [is_held_out(text) for text in texts]
    assert any(is_held_out(text) != is_held_out(other) for text, other in zip(texts, spelled, strict=True))


def test_a_name_that_says_nothing_is_no_label_but_a_csv_may_say_anything(tmp_path):
    for name in ("1.png", "IMG_1.png", "京A12345_1.png", "_none.png"):
        write_picture(tmp_path / "crops" / name)
    assert {crop.path.name: crop.is_labelled for crop in read_labelled(tmp_path / "crops")} == {
        "1.png": False,
        "IMG_1.png": False,
        "京A12345_1.png": True,
        "_none.png": True,
    }
    (tmp_path / "index.csv").write_text("file,label\ncrops/1.png,1\n", encoding="utf-8")
    assert [(crop.is_labelled, crop.line) for crop in read_labelled(tmp_path / "index.csv")] == [(True, 2)]
