import csv
import errno
import io
import json
import math
import os

import cv2
import numpy as np
import pytest
from stand_in_finder import photograph, write_video

from lprnet_ros import __version__
from lprnet_ros.cli.read import main
from lprnet_ros.sources.labelled import read_image


def test_every_file_gives_its_name_text_confidence_and_verdict(shipped_readings, capsys):
    assert main([str(file) for file in shipped_readings]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [str(file) for file in shipped_readings]
    assert [line[1] for line in lines] == [reading.text for reading in shipped_readings.values()]
    for (_, _, confidence, verdict), reading in zip(lines, shipped_readings.values(), strict=True):
        assert math.isclose(float(confidence), reading.confidence, abs_tol=0.001)
        assert verdict == "accepted"


def test_a_folder_stands_for_the_images_in_it(csv_file, capsys):
    assert main([str(csv_file.parent)]) == 0
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [str(csv_file.parent / f"{index}.png") for index in range(8)]


def test_an_unreadable_file_is_told_and_the_others_are_read(csv_file, capsys):
    folder = csv_file.parent
    (folder / "broken.png").write_bytes(b"no picture")
    files = [folder / "gone.png", folder / "0.png", folder / "broken.png", folder / "1.png"]
    assert main([str(file) for file in files]) == 1
    captured = capsys.readouterr()
    assert [line.split("\t")[0] for line in captured.out.splitlines()] == [str(files[1]), str(files[3])]
    assert captured.err.count("\n") == 2
    assert "gone.png: no such file" in captured.err
    assert "broken.png: not an image" in captured.err


def test_no_file_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


@pytest.mark.parametrize("runtime", ["auto", "hbm", "bpu"])
def test_what_the_boards_library_prints_stays_out_of_the_output(runtime, csv_file, board_model, capfd):
    crop = str(csv_file.parent / "0.png")
    assert main([crop, "--model", str(board_model), "--runtime", runtime]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    assert line.split("\t")[0] == crop


def columns(capsys):
    captured = capsys.readouterr()
    return [line.split("\t") for line in captured.out.splitlines()], captured.err.splitlines()


def test_what_is_not_accepted_says_why_and_an_empty_text_has_no_confidence(
    shipped_readings, tmp_path, capsys
):
    crop = read_image(next(iter(shipped_readings)))
    pictures = {"grey.png": np.full((36, 136, 3), 128, np.uint8), "blurred.png": cv2.blur(crop, (31, 15))}
    for name, picture in pictures.items():
        cv2.imwrite(str(tmp_path / name), picture)
    assert main([str(tmp_path / name) for name in pictures]) == 0
    (grey, blurred), err = columns(capsys)
    assert grey[1:] == ["", "0.0000", "empty"]
    assert blurred[3] in ("empty", "syntax", "low_confidence", "ambiguous")
    assert err == []


@pytest.fixture
def photo(shipped_readings, tmp_path, finder):
    """A photograph of two shipped plates, and their texts."""
    files = [file for file, reading in shipped_readings.items() if len(reading.text) == 7][:2]
    assert len(files) == 2
    path = tmp_path / "photo.png"
    picture = photograph((read_image(files[0]), (50, 300)), (read_image(files[1]), (350, 200)))
    cv2.imwrite(str(path), picture)
    return path, {shipped_readings[file].text for file in files}


def test_a_photograph_gives_a_line_for_each_plate_in_it(photo, capsys):
    path, texts = photo
    assert main([str(path)]) == 0
    rows, err = columns(capsys)
    assert {row[1] for row in rows} == texts
    assert all((row[0], row[3], len(row)) == (str(path), "accepted", 4) for row in rows)
    assert err == []


def test_crop_and_photo_force_how_a_picture_is_read(photo, csv_file, capsys):
    path, _ = photo
    assert main([str(path), "--crop"]) == 0
    ((_, _, _, verdict),) = columns(capsys)[0]
    assert verdict != "accepted"
    assert main([str(csv_file.parent / "0.png"), "--photo", "--json"]) == 0
    (line,) = columns(capsys)[0]
    assert "quad" in line[0]
    with pytest.raises(SystemExit):
        main([str(path), "--crop", "--photo"])


def test_json_has_the_place_of_each_plate_and_one_object_where_there_is_none(photo, capsys):
    path, texts = photo
    cv2.imwrite(str(path.with_name("street.png")), photograph())
    assert main([str(path), str(path.with_name("street.png")), "--json"]) == 0
    *plates, nothing = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {plate["text"] for plate in plates} == texts
    for plate in plates:
        assert (plate["file"], plate["verdict"], plate["rows"]) == (str(path), "accepted", 1)
        assert (plate["kind"], plate["colour"]) in (("blue", "blue"), ("yellow", "yellow"))
        assert [len(corner) for corner in plate["quad"]] == [2, 2, 2, 2]
    assert (nothing["text"], nothing["confidence"], nothing["quad"]) == ("", 0.0, None)
    assert (nothing["kind"], nothing["verdict"]) == (None, "empty")


def test_a_csv_is_written_beside_the_lines_or_printed_instead(photo, tmp_path, capsys):
    path, texts = photo
    assert main([str(path), "--csv", str(tmp_path / "out.csv")]) == 0
    assert len(columns(capsys)[0]) == 2
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["text"] for row in csv.DictReader(stream)} == texts
    assert main([str(path), "--csv", "-"]) == 0
    assert {row["text"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))} == texts
    with pytest.raises(SystemExit):
        main([str(path), "--csv", "-", "--json"])


def test_annotated_copies_keep_their_folders_and_never_replace_a_picture(photo, tmp_path, capsys):
    path, _ = photo
    (tmp_path / "in" / "deep").mkdir(parents=True)
    path.rename(tmp_path / "in" / "deep" / "photo.png")
    before = (tmp_path / "in" / "deep" / "photo.png").read_bytes()
    assert main([str(tmp_path / "in"), "--annotate", str(tmp_path / "out")]) == 0
    drawn = cv2.imread(str(tmp_path / "out" / "deep" / "photo.png"))
    assert drawn.shape == (480, 640, 3)
    capsys.readouterr()
    assert main([str(tmp_path / "in"), "--annotate", str(tmp_path / "in")]) == 1
    assert capsys.readouterr().err.endswith("photo.png: would be overwritten; annotate into another folder\n")
    assert (tmp_path / "in" / "deep" / "photo.png").read_bytes() == before


def test_a_video_gives_a_line_for_each_vehicle_with_the_time_it_was_first_seen(photo, tmp_path, capsys):
    path, texts = photo
    frame = read_image(path)
    film = [photograph()] * 5 + [frame] * 6 + [photograph()] * 3
    write_video(tmp_path / "gate.avi", film, 10.0)
    assert main([str(tmp_path / "gate.avi"), "--annotate", str(tmp_path / "out")]) == 0
    rows, err = columns(capsys)
    assert {row[1] for row in rows} == texts
    assert all(row[0] == f"{tmp_path}/gate.avi#t=0.50" and row[3] == "accepted" for row in rows)
    assert err == []
    video = cv2.VideoCapture(str(tmp_path / "out" / "gate.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 14
    assert main([str(tmp_path / "gate.avi"), "--json"]) == 0
    for line in capsys.readouterr().out.splitlines():
        values = json.loads(line)
        assert (values["file"], values["crops"]) == (str(tmp_path / "gate.avi"), 6)
        assert (values["first"], values["last"]) == (0.5, 1.0)


def test_a_video_without_vehicles_and_a_broken_one(finder, tmp_path, capsys):
    write_video(tmp_path / "a.avi", [photograph()] * 3)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    assert main([str(tmp_path)]) == 1
    ((name, text, _, verdict),), err = columns(capsys)
    assert (name, text, verdict) == (f"{tmp_path}/a.avi", "", "empty")
    assert err == [f"lpr_read: {tmp_path}/b.mp4: neither a picture nor a video that OpenCV can play"]


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"lprnet_ros {__version__}\n"


def test_what_is_no_file_is_told_in_one_line_each_and_the_others_are_read(csv_file, tmp_path, capsys):
    folder = tmp_path / "odd"
    folder.mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to("nowhere")
    too_long = "a" * 300
    names = [too_long, "https://example.org/a.jpg", "/dev/null", str(folder), str(csv_file.parent / "0.png")]
    assert main(names) == 1
    (row,), err = columns(capsys)
    assert row[0] == names[-1]
    assert err == [
        f"lpr_read: {too_long}: {os.strerror(errno.ENAMETOOLONG)}",
        "lpr_read: https://example.org/a.jpg: is an address; only files are read: download it first",
        "lpr_read: /dev/null: a pipe or a device; only files are read",
        f"lpr_read: {folder}/gone.png: no such file",
        f"lpr_read: {folder}/pipe.png: a pipe or a device; only files are read",
    ]


def test_an_empty_name_is_not_the_current_folder(csv_file, capsys, monkeypatch):
    monkeypatch.chdir(csv_file.parent)
    assert main(["", "0.png"]) == 1
    (row,), err = columns(capsys)
    assert (row[0], err) == ("0.png", ["lpr_read: the path is empty"])


def test_a_name_stays_in_its_column_and_on_its_line(csv_file, tmp_path, capsys):
    odd = tmp_path / "a\nb\tc\x1b[31m.png"
    odd.write_bytes((csv_file.parent / "0.png").read_bytes())
    assert main([str(odd), str(odd.with_name("gone\x1b.png"))]) == 1
    (row,), err = columns(capsys)
    assert row[0] == f"{tmp_path}/a\\nb\\tc\\x1b[31m.png"
    assert len(row) == 4
    assert err == [f"lpr_read: {tmp_path}/gone\\x1b.png: no such file"]


def test_a_folder_that_cannot_be_read_is_told(csv_file, tmp_path, capsys, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path) == str(locked):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main([str(locked), str(tmp_path), str(csv_file.parent / "0.png")]) == 1
    rows, err = columns(capsys)
    assert len(rows) == 1
    assert err == [f"lpr_read: {locked}: the folder cannot be read ({os.strerror(errno.EACCES)})"] * 2


def test_a_model_without_its_file_says_how_to_get_it(csv_file, capsys):
    assert main([str(csv_file.parent / "0.png"), "--model", "lpr.bin"]) == 1
    captured = capsys.readouterr()
    assert captured.err.endswith("lpr.bin: no such model file; get it with 'lpr_model fetch lpr.bin'\n")
