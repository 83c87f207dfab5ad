import json
import shutil

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
    assert set(result) == KEYS | {"groups"}
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
    path, label, text, confidence = line.split("\t")
    assert path == str(csv_file.parent / "7.png")
    assert label == "新Z00000"
    assert text == list(shipped_readings.values())[7].text
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
