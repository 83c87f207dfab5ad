import math

import pytest

from lprnet_ros.cli.read import main


def test_every_file_gives_its_name_text_and_confidence(shipped_readings, capsys):
    assert main([str(file) for file in shipped_readings]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [str(file) for file in shipped_readings]
    assert [line[1] for line in lines] == [reading.text for reading in shipped_readings.values()]
    for (_, _, confidence), reading in zip(lines, shipped_readings.values(), strict=True):
        assert math.isclose(float(confidence), reading.confidence, abs_tol=0.001)


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
