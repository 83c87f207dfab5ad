"""Which bundled model an empty name stands for, and the way out where the board's cannot be opened."""

import dataclasses
import sys

import pytest

from lprnet_ros.cli.read import main
from lprnet_ros.models.find import (
    BUNDLED_BOARD_FINDER,
    BUNDLED_BOARD_MODEL,
    BUNDLED_FINDER,
    BUNDLED_MODEL,
    BUNDLED_NV12_FINDER,
    bundled_model,
)
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import sha256_of
from lprnet_ros.runtimes import default_finder, default_model

PLATE = "demo/crops/京AC6895.png"


def test_on_a_pc_it_is_the_onnx_file(no_board_libraries):
    assert default_model() == default_model("onnx") == bundled_model(BUNDLED_MODEL)
    assert default_finder() == default_finder("onnx") == bundled_model(BUNDLED_FINDER)


def test_where_a_runtime_for_the_bpu_can_be_imported_it_is_the_boards(board_libraries):
    assert default_model() == bundled_model(BUNDLED_BOARD_MODEL)
    assert default_model("onnx") == bundled_model(BUNDLED_MODEL)
    assert default_finder() == bundled_model(BUNDLED_NV12_FINDER)
    assert default_finder("onnx") == bundled_model(BUNDLED_FINDER)


def test_the_simulator_alone_makes_no_board(no_board_libraries, tmp_path, monkeypatch):
    (tmp_path / "hbdk.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert default_model() == bundled_model(BUNDLED_MODEL)
    monkeypatch.delitem(sys.modules, "hbdk", raising=False)


@pytest.mark.parametrize("name", ["hbm", "bpu", "simulator"])
def test_a_runtime_for_bin_files_that_is_named_gets_the_boards(no_board_libraries, name):
    assert default_model(name) == bundled_model(BUNDLED_BOARD_MODEL)
    takes_planes = name != "bpu"  # bpu_infer_lib feeds floats
    assert default_finder(name) == bundled_model(
        BUNDLED_NV12_FINDER if takes_planes else BUNDLED_BOARD_FINDER
    )


def test_an_unknown_runtime_is_refused():
    with pytest.raises(ValueError, match="there is no runtime 'cuda'"):
        default_model("cuda")


def test_where_the_boards_model_cannot_be_opened_one_sentence_names_the_cpu(no_board_libraries, capsys):
    assert main([PLATE, "--runtime", "hbm"]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "to go on with the CPU: --runtime onnx --model lprnet.onnx" in message


def test_a_model_that_was_named_gets_no_such_advice(no_board_libraries, capsys):
    assert main([PLATE, "--model", BUNDLED_BOARD_MODEL]) == 1
    assert "to go on" not in capsys.readouterr().err


def test_the_boards_model_is_whole_and_made_of_the_onnx_file():
    board, float_model = (load_manifest(bundled_model(name)) for name in (BUNDLED_BOARD_MODEL, BUNDLED_MODEL))
    assert board.sha256 == sha256_of(board.path)
    same = ("input", "output", "alphabet", "self_test", "calibration")
    assert all(getattr(board, field) == getattr(float_model, field) for field in same)
    assert dataclasses.asdict(board.input) == dataclasses.asdict(float_model.input)
