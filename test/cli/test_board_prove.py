"""``lpr_board --prove`` on stand-ins of the board's files and of its library."""

import hashlib
import importlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from lprnet_ros.board.proof import CONTRADICTED
from lprnet_ros.board.proof_steps import CHECKOUT, commands
from lprnet_ros.cli import board
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.manifest import manifest_path

HELPERS = CHECKOUT / "test" / "helpers"
SHORT = ("self-test, hbm", "self-test, bpu", "demo crops", "threads", "lpr_board")


@pytest.fixture
def root(tmp_path):
    return importlib.import_module("rdk_x5").build(tmp_path / "root")


@pytest.fixture
def model(tmp_path):
    """A ``.bin`` whose network is the bundled one, where the library is the double that reads."""
    model = tmp_path / "lprnet_x5.bin"
    model.write_bytes(b"compiled for bayes-e")
    values = yaml.safe_load(manifest_path(bundled_model()).read_text(encoding="utf-8"))
    values["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest_path(model).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    for name in ("lprnet.self_test.png", "lprnet.self_test.npy"):
        shutil.copy(bundled_model().with_name(name), tmp_path)
    return model


@pytest.fixture
def prove(root, model, tmp_path, monkeypatch):
    """Runs those steps that take seconds; the whole of it was run by hand, see docs/commands.md."""

    def short(*arguments):
        return {name: command for name, command in commands(*arguments).items() if name in SHORT}

    def run(libraries):
        monkeypatch.setenv("PYTHONPATH", f"{HELPERS / libraries}:{HELPERS}")
        monkeypatch.setattr(board, "commands", short)
        name = tmp_path / "proof"
        status = board.main(["--root", str(root), "--prove", str(name), "--model", str(model)])
        return status, json.loads(Path(f"{name}.json").read_text(encoding="utf-8"))

    return run


def test_a_board_that_reads_confirms_and_the_report_says_what_was_measured(prove, tmp_path, capfd):
    status, report = prove("reading_libraries")
    shown = capfd.readouterr()
    assert status == 0, shown
    steps = {step["name"]: step for step in report["steps"]}
    assert "self-test passed with runtime hbm: reads" in steps["self-test, hbm"]["said"]
    assert steps["self-test, bpu"]["verdict"] == "not tried"
    assert (steps["demo crops"]["found"]["correct"], steps["demo crops"]["found"]["plates"]) == (31, 31)
    assert [row["threads"] for row in steps["threads"]["found"]["rows"]] == [1, 2, 4, 8]
    assert steps["threads"]["celsius"]["BPU"] == 45.9
    assert report["board"] == "D-Robotics RDK X5 V1.0"
    lines = {line["part"]: line for line in report["lines"]}
    assert lines["diagnostics of the board, `lpr_board`"]["verdict"] == "confirmed"
    assert lines["runtime `bpu`"]["verdict"] == "not tried"
    assert "31 of 31 demo crops read right" in (tmp_path / "proof.md").read_text(encoding="utf-8")
    assert shown.out.splitlines()[-1] == f"wrote {tmp_path}/proof.md and {tmp_path}/proof.json"


def test_a_bpu_that_fails_ends_a_step_and_not_the_proof(prove, capfd):
    """The library that ends its process; a network that copies its input would fail the self-test, too."""
    status, report = prove("dying_libraries")
    assert status == 1
    steps = {step["name"]: step for step in report["steps"]}
    assert steps["self-test, hbm"]["said"].startswith("ended with status -6")
    assert steps["self-test, hbm"]["verdict"] == steps["demo crops"]["verdict"] == CONTRADICTED
    assert steps["lpr_board"]["verdict"] == "confirmed"
    assert "contradicted" in capfd.readouterr().out


def test_only_a_model_for_the_bpu_can_be_proven(root, capsys):
    assert board.main(["--root", str(root), "--prove", "--model", str(bundled_model())]) == 1
    assert "--prove needs a model for the BPU, not lprnet.onnx" in capsys.readouterr().err


def test_without_a_checkout_one_sentence_says_so(root, model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(board, "CHECKOUT", tmp_path)
    assert board.main(["--root", str(root), "--prove", "--model", str(model)]) == 1
    assert "--prove needs a checkout" in capsys.readouterr().err


def test_on_another_machine_nothing_is_run(tmp_path, model, capsys):
    assert board.main(["--root", str(tmp_path), "--prove", "--model", str(model)]) == 1
    assert "this machine is no RDK X5" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--json"], ["--watch", "1"], ["--performance", "on"], ["--seconds", "0"]])
def test_options_that_do_not_go_with_it_are_a_usage_error(root, more):
    with pytest.raises(SystemExit) as stop:
        board.main(["--root", str(root), "--prove", "x", *more])
    assert stop.value.code == 2
