import errno
import math
import os

import cv2
import numpy as np
import pytest

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


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (720, 1280)])
def test_a_whole_photograph_is_named_with_what_to_do(size, shipped_readings, tmp_path, capsys):
    photograph = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    crop = read_image(next(iter(shipped_readings)))
    photograph[200 : 200 + crop.shape[0], 100 : 100 + crop.shape[1]] = crop
    cv2.imwrite(str(tmp_path / "photo.png"), photograph)
    assert main([str(tmp_path / "photo.png")]) == 0
    (row,), (note,) = columns(capsys)
    assert row[3] != "accepted"
    assert note.startswith(
        f"lpr_read: {tmp_path / 'photo.png'}: {size[0]}x{size[1]} pixels look like a whole"
    )
    assert "plate_cropper" in note


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
        "lpr_read: https:/example.org/a.jpg: is an address; only files are read: download it first",
        "lpr_read: /dev/null: a pipe or a device; only files are read",
        f"lpr_read: {folder}/gone.png: no such file",
        f"lpr_read: {folder}/pipe.png: a pipe or a device; only files are read",
    ]


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
