import json
import shutil

import cv2
import numpy as np
import pytest

from lprnet_ros.cli.evaluate import main
from lprnet_ros.sources.labelled import is_held_out, read_labelled

KEYS = {
    "plates",
    "correct",
    "accuracy",
    "character_accuracy",
    "ms_per_plate",
    "auroc",
    "passed_at_99",
    "calibration_error",
}


@pytest.fixture
def evaluate(csv_file, capsys):
    def run(*arguments, data=csv_file):
        assert main(["--data", str(data), "--json", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_the_json_holds_exactly_the_promised_keys(evaluate):
    result = evaluate("--group-by", "set")
    assert set(result) == KEYS | {"groups", "left_out"}
    assert set(result["groups"]) == {"road", "toll"}
    for group in result["groups"].values():
        assert set(group) == KEYS


def test_plates_are_counted_whole_and_by_character(evaluate, shipped_readings):
    result = evaluate()
    assert (result["plates"], result["correct"]) == (8, 7)
    assert result["accuracy"] == 7 / 8
    assert 0.8 < result["character_accuracy"] < 1.0
    assert result["ms_per_plate"] > 0
    assert 0.0 <= result["auroc"] <= 1.0
    assert 0.0 <= result["passed_at_99"] <= 1.0
    assert 0.0 <= result["calibration_error"] <= 1.0
    assert result["groups"] == {}


def test_groups_are_scored_each_by_itself(evaluate):
    groups = evaluate("--group-by", "set")["groups"]
    assert (groups["road"]["plates"], groups["road"]["correct"], groups["road"]["auroc"]) == (4, 4, None)
    assert (groups["toll"]["plates"], groups["toll"]["correct"]) == (4, 3)


def test_a_folder_is_labelled_by_its_file_names(evaluate, shipped_readings, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for index, (file, reading) in enumerate(shipped_readings.items()):
        shutil.copy(file, folder / f"{reading.text}_{index}.png")
    assert evaluate(data=folder)["accuracy"] == 1.0


def test_rows_are_left_out_by_pattern(evaluate):
    assert evaluate("--without", "set=toll")["accuracy"] == 1.0
    assert evaluate("--without", "set=r*")["plates"] == 4
    assert evaluate("--without", "set=t???", "--without", "set=x*")["plates"] == 4
    assert evaluate("--without", "set=ROAD")["plates"] == 8


def test_the_two_sides_of_the_split_make_the_whole(csv_file, evaluate, shipped_readings):
    """Each label once as read, then once with a plate of each side, so that neither side is empty."""
    labels = [f"京A{number:05}" for number in range(100)]
    both = [next(label for label in labels if is_held_out(label) is side) for side in (True, False)]
    rows = csv_file.read_text(encoding="utf-8") + "".join(f"0.png,{label},road\n" for label in both)
    csv_file.write_text(rows, encoding="utf-8")
    held_out = [crop for crop in read_labelled(csv_file) if is_held_out(crop.label)]
    assert 0 < len(held_out) < 10
    assert evaluate("--split", "all")["plates"] == 10
    assert evaluate("--split", "held-out")["plates"] == len(held_out)
    assert evaluate("--split", "training")["plates"] == 10 - len(held_out)


def test_misread_crops_are_listed_beside_the_result(csv_file, shipped_readings, capsys):
    assert main(["--data", str(csv_file), "--json", "--errors"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["plates"] == 8
    (line,) = captured.err.splitlines()
    path, label, text, confidence, verdict = line.split("\t")
    assert path == str(csv_file.parent / "7.png")
    assert label == "新Z00000"
    assert text == list(shipped_readings.values())[7].text
    assert verdict == "accepted"
    assert 0.0 <= float(confidence) <= 1.0


def test_the_table_has_a_line_for_each_group_and_one_for_all(csv_file, capsys):
    assert main(["--data", str(csv_file), "--group-by", "set"]) == 0
    head, *rows, _ = capsys.readouterr().out.splitlines()
    assert head.split() == ["plates", "correct", "accuracy", "characters", "ms"]
    assert [row.split()[:4] for row in rows] == [
        ["road", "4", "4", "100.00%"],
        ["toll", "4", "3", "75.00%"],
        ["all", "8", "7", "87.50%"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--group-by", "weather"], "no column 'weather'; columns: set"),
        (["--without", "weather=x"], "no column 'weather'; columns: set"),
        (["--without", "set"], "--without set: expected COLUMN=PATTERN"),
        (["--without", "set=*"], "no crop is left"),
    ],
)
def test_an_error_in_the_options_is_one_line(csv_file, capsys, arguments, message):
    assert main(["--data", str(csv_file), "--json", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "neither a folder nor a CSV"),
        (b"file,text\n0.png,A\n", "no column label"),
        (b"file,label\ngone.png,A\n", "gone.png: no such file"),
        (b"file,label\nindex.csv,A\n", "index.csv: not an image"),
        ("file,label\n0.png,京A12345\n".encode("gbk"), "data.csv"),
        (b"\xff\xd8\xff\xe0 a picture", "data.csv"),
    ],
    ids=["missing", "no label", "missing crop", "no picture", "GBK", "JPEG"],
)
def test_an_error_in_the_data_is_one_line(csv_file, capsys, content, message):
    data = csv_file.parent / "data.csv"
    if content is not None:
        data.write_bytes(content)
    assert main(["--data", str(data)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_no_data_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


@pytest.mark.parametrize("runtime", ["hbm", "bpu"])
def test_what_the_boards_library_prints_stays_out_of_the_json(runtime, csv_file, board_model, capfd):
    options = ["--model", str(board_model), "--runtime", runtime]
    assert main(["--data", str(csv_file), "--json", *options]) == 0
    assert json.loads(capfd.readouterr().out)["plates"] == 8


def test_pictures_that_cannot_be_read_are_named_left_out_and_counted(csv_file, capsys):
    folder = csv_file.parent
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:500])
    (folder / "text.png").write_text("no picture")
    rows = "".join(f"{name},京A12345,road\n" for name in ("broken.png", "gone.png", "text.png"))
    csv_file.write_text(csv_file.read_text(encoding="utf-8") + rows, encoding="utf-8")
    assert main(["--data", str(csv_file), "--json", "--group-by", "set"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert (result["plates"], result["correct"], result["left_out"]) == (8, 7, 3)
    assert result["groups"]["road"]["plates"] == 4
    *named, counted = captured.err.splitlines()
    assert [line.split(":")[2].strip() for line in named] == [
        str(folder / name) for name in ("broken.png", "gone.png", "text.png")
    ]
    assert counted == "lpr_evaluate: 3 of 11 pictures left out"


@pytest.mark.parametrize("option", [["--decoders"], ["--sequences", "2"]])
def test_a_broken_picture_ends_no_other_measurement(option, csv_file, capsys):
    with csv_file.open("a", encoding="utf-8") as stream:
        stream.write("gone.png,京A12345,road\n")
    assert main(["--data", str(csv_file), *option]) == 0
    assert "left out" in capsys.readouterr().err


SPELLINGS = {
    "a middle dot": "{0}{1}·{2}",
    "a bullet": "{0}{1}•{2}",
    "a katakana dot": "{0}{1}・{2}",
    "blanks": " {0} {1}\u3000{2} ",
    "a dash": "{0}{1}-{2}",
    "an invisible character": "\u200b{0}{1}{2}",
}


def full_width(text):
    return text.translate({code: code + 0xFEE0 for code in range(33, 127)})


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("case", [str, str.lower, full_width])
def test_a_label_counts_however_it_is_spelled(spelling, case, csv_file, shipped_readings, evaluate):
    lines = ["file,label"]
    for index, reading in enumerate(shipped_readings.values()):
        lines.append(
            f"{index}.png,{case(spelling.format(reading.text[0], reading.text[1], reading.text[2:]))}"
        )
    csv_file.write_text("\n".join(lines), encoding="utf-8")
    assert evaluate()["accuracy"] == 1.0


def test_a_label_that_the_model_cannot_read_is_named_with_its_line(csv_file, capsys):
    text = csv_file.read_text(encoding="utf-8").replace("新Z00000", "粤Z123港?")
    csv_file.write_text(text, encoding="utf-8")
    assert main(["--data", str(csv_file), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["correct"] == 7
    (line,) = captured.err.splitlines()
    assert line.startswith(f"lpr_evaluate: {csv_file}, line 9: the label 粤Z123港? holds 港?, which ")


def test_a_name_that_is_no_plate_is_no_label(shipped_readings, tmp_path, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    file, reading = next(iter(shipped_readings.items()))
    for name in ("1.png", "IMG_2034.png", "crop.png"):
        shutil.copy(file, folder / name)
    assert main(["--data", str(folder), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no file is named by its plate" in captured.err
    shutil.copy(file, folder / f"{reading.text}_1.png")
    assert main(["--data", str(folder), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["plates"] == 1
    assert captured.err.splitlines() == [
        f"lpr_evaluate: {folder / name}: left out, its name is no plate"
        for name in ("1.png", "IMG_2034.png", "crop.png")
    ]


def test_a_whole_photograph_is_named_with_what_to_do(csv_file, capsys):
    photograph = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    cv2.imwrite(str(csv_file.parent / "0.png"), photograph)
    assert main(["--data", str(csv_file), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["plates"] == 8
    (line,) = captured.err.splitlines()
    assert line.startswith(f"lpr_evaluate: {csv_file.parent / '0.png'}: 640x480 pixels look like a whole")
    assert "plate_cropper" in line
