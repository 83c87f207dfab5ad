"""lpr_calibrate: which crops are chosen, and what the command says."""

import json
from pathlib import Path

import pytest
import yaml

from lprnet_ros.cli.calibrate import main
from lprnet_ros.sources.labelled import is_held_out

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = REPOSITORY / "config" / "hb_mapper" / "lprnet_x5.yaml"
CROPS = REPOSITORY / "demo" / "crops"


@pytest.fixture
def calibrate(tmp_path):
    """Run the command for a folder ``calibration_x5``; returns its exit status."""

    def run(*arguments, config=CONFIG):
        output = tmp_path / "calibration_x5"
        return main(["--config", str(config), "--output", str(output), *map(str, arguments)])

    return run


def sources(tmp_path):
    index = json.loads((tmp_path / "calibration_x5.index.json").read_text(encoding="utf-8"))
    return [Path(sample["source"]).name for sample in index["samples"]]


def write_index(folder, rows):
    """A CSV that names shipped crops; rows are (label, set)."""
    crops = sorted(CROPS.iterdir())
    lines = ["file,label,set", *(f"{crops[i]},{label},{name}" for i, (label, name) in enumerate(rows))]
    path = folder / "index.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, [crop.name for crop in crops[: len(rows)]]


def test_all_crops_of_a_folder_become_samples_and_few_are_called_few(calibrate, tmp_path, capsys):
    assert calibrate("--data", CROPS) == 0
    said = capsys.readouterr()
    assert "wrote 31 samples, 1x3x24x94 float32 NCHW rgb (x - 127.5) * 0.00784314, to " in said.out
    assert said.err == "lpr_calibrate: 31 samples; the vendor's documentation asks for about 100\n"
    assert sorted(sources(tmp_path)) == sorted(path.name for path in CROPS.iterdir())
    assert len(list((tmp_path / "calibration_x5").iterdir())) == 31


def test_the_same_seed_chooses_the_same_crops(calibrate, tmp_path):
    chosen = []
    for seed in (0, 0, 1):
        assert calibrate("--data", CROPS, "--count", 8, "--seed", seed) == 0
        chosen.append(sources(tmp_path))
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(chosen[0])) == 8


def test_of_a_csv_only_plates_of_the_training_side_are_taken_and_no_empty_pictures(calibrate, tmp_path):
    labels = [f"京A{number:05}" for number in range(12)]
    assert any(map(is_held_out, labels))
    index, names = write_index(tmp_path, [(label, "a") for label in labels] + [("", "b")])
    assert calibrate("--data", index) == 0
    training = {name for name, label in zip(names, labels, strict=False) if not is_held_out(label)}
    assert set(sources(tmp_path)) == training
    assert calibrate("--data", index, "--split", "held-out") == 0
    assert set(sources(tmp_path)) == set(names[:12]) - training
    assert calibrate("--data", index, "--split", "all") == 0
    assert set(sources(tmp_path)) == set(names[:12])


def test_rows_are_left_out_by_their_columns(calibrate, tmp_path, capsys):
    index, names = write_index(tmp_path, [("京A12345", "real"), ("京A12346", "special")])
    assert calibrate("--data", index, "--split", "all", "--without", "set=spec*") == 0
    assert sources(tmp_path) == names[:1]
    assert calibrate("--data", index, "--split", "all", "--without", "set=*") == 1
    assert "no crop with a plate is left" in capsys.readouterr().err


def test_a_set_is_verified_against_the_yaml(calibrate, tmp_path, capsys):
    assert calibrate("--data", CROPS) == 0
    capsys.readouterr()
    assert calibrate("--verify") == 0
    assert "all 31 samples are as they were written, and fit" in capsys.readouterr().out
    assert calibrate("--verify", config=CONFIG.with_name("lprnet_x5_camera.yaml")) == 1
    assert "its samples have type 'featuremap'" in capsys.readouterr().err
    (tmp_path / "calibration_x5" / "00007.bin").write_bytes(b"")
    assert calibrate("--verify") == 1
    assert "00007.bin: is not the file that was written" in capsys.readouterr().err


def test_another_folder_than_the_yaml_names_is_told(tmp_path, capsys):
    assert main(["--config", str(CONFIG), "--output", str(tmp_path / "crops"), "--data", str(CROPS)]) == 0
    assert "looks in ./calibration_x5: move them there, or change it" in capsys.readouterr().out
    assert (
        main(["--config", str(CONFIG), "--output", str(tmp_path / "calibration_x5"), "--data", str(CROPS)])
        == 0
    )
    assert "looks in" not in capsys.readouterr().out


def test_a_yaml_that_does_not_fit_the_model_is_one_line_and_writes_nothing(calibrate, tmp_path, capsys):
    values = yaml.safe_load(CONFIG.with_name("lprnet_x5_camera.yaml").read_text(encoding="utf-8"))
    values["input_parameters"]["input_type_train"] = "bgr"
    config = tmp_path / "mine.yaml"
    config.write_text(yaml.safe_dump(values))
    assert calibrate("--data", CROPS, config=config) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "mine.yaml: input_type_train is bgr, the manifest of lprnet.onnx says rgb" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    "arguments", [[], ["--verify", "--data", "x"], ["--data", "x", "--count", "0"]], ids=["none", "both", "0"]
)
def test_what_makes_no_sense_is_a_usage_error(calibrate, arguments):
    with pytest.raises(SystemExit, match="2"):
        calibrate(*arguments)


def test_a_model_of_ones_own_is_meant_with_model(calibrate, tmp_path, wrong_model, capsys):
    camera = CONFIG.with_name("lprnet_x5_camera.yaml")
    assert calibrate("--data", CROPS, "--model", wrong_model, config=camera) == 1
    assert "the manifest of lprnet.onnx says bgr" in capsys.readouterr().err
