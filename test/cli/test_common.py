"""Errors of the user, as every command tells them: one line, exit status 1, no traceback."""

import sys

import pytest

from lprnet_ros.cli import benchmark, evaluate, read

COMMANDS = {
    "lpr_read": (read.main, ["crop.png"]),
    "lpr_evaluate": (evaluate.main, ["--data", "DATA"]),
    "lpr_benchmark": (benchmark.main, ["--frames", "1", "--threads", "1"]),
}


@pytest.fixture(params=COMMANDS)
def command(request, csv_file):
    main, arguments = COMMANDS[request.param]
    arguments = [str(csv_file) if argument == "DATA" else argument for argument in arguments]
    return lambda *more: main([*arguments, *more])


def one_line(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.endswith("\n")
    return captured.err


def test_a_missing_model_is_one_line(command, capsys, tmp_path):
    assert command("--model", str(tmp_path / "gone.onnx")) == 1
    assert "gone.onnx" in one_line(capsys)


@pytest.mark.parametrize("text", ["a: b: c", "- 1", "input:\n  - 1\n bad"], ids=["colons", "list", "block"])
def test_a_broken_manifest_is_one_line(command, capsys, tmp_path, text):
    (tmp_path / "mine.onnx.yaml").write_text(text)
    assert command("--model", str(tmp_path / "mine.onnx")) == 1
    assert "mine.onnx.yaml" in one_line(capsys)


def test_a_failed_self_test_is_one_line(command, capsys, wrong_model):
    assert command("--model", str(wrong_model)) == 1
    assert "channel_order" in one_line(capsys)


def test_a_missing_runtime_is_one_line(command, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert command() == 1
    assert "pip install onnxruntime" in one_line(capsys)


def test_an_unknown_runtime_is_a_usage_error(command, capsys):
    with pytest.raises(SystemExit) as stop:
        command("--runtime", "cuda")
    assert stop.value.code == 2
    assert "cuda" in capsys.readouterr().err


@pytest.mark.parametrize("main", [main for main, _ in COMMANDS.values()])
def test_every_command_explains_itself(main, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    help_text = capsys.readouterr().out
    assert "--model" in help_text
    assert "--runtime" in help_text
