"""lpr_model: each verb, what it says and its exit status."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import lprnet_ros.models.find
import lprnet_ros.models.install
from lprnet_ros.cli.model import main
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import manifest_path
from lprnet_ros.reading.preprocess import preprocess
from lprnet_ros.sources.labelled import read_image

CONTENT = b"compiled for bayes-e" * 100


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Nobody's folders but the test's are searched or written."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for module in (lprnet_ros.models.find, lprnet_ros.models.install):
        monkeypatch.setattr(module, "BOARD_MODELS", tmp_path / "no board")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data" / "lprnet_ros" / "models"


@pytest.fixture
def published(tmp_path):
    """A manifest of a file like the board's, its sum that of CONTENT, and the file elsewhere."""
    values = yaml.safe_load((bundled_model().with_name("lpr.bin.yaml")).read_text(encoding="utf-8"))
    values["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    (tmp_path / "known").mkdir()
    path = tmp_path / "known" / "board.bin"
    manifest_path(path).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    (tmp_path / "got.bin").write_bytes(CONTENT)
    return path


def said(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


def test_a_fetched_model_is_installed_found_and_verified(published, places, capsys):
    assert main(["fetch", str(published), "--url", "got.bin"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"installed {places / 'board.bin'}"
    assert second == "use it with --model board.bin or model:=board.bin"
    assert main(["fetch", str(published), "--url", "got.bin"]) == 0
    assert capsys.readouterr().out.startswith(f"already there: {places / 'board.bin'}\n")
    assert main(["fetch", "board.bin", "--url", "gone.bin"]) == 0  # known by name now, and whole
    assert main(["info", "board.bin"]) == 0
    assert f"  file       {len(CONTENT)} bytes, SHA-256 right\n" in capsys.readouterr().out


def test_a_model_whose_file_was_lost_is_fetched_by_its_name(published, places, capsys):
    main(["fetch", str(published), "--url", "got.bin"])
    (places / "board.bin").unlink()
    shutil.rmtree(published.parent)
    assert main(["fetch", "board.bin", "--url", "got.bin"]) == 0
    assert (places / "board.bin").read_bytes() == CONTENT


def test_elsewhere_it_is_used_by_its_path(published, tmp_path, capsys):
    assert main(["fetch", str(published), "--url", "got.bin", "--to", str(tmp_path / "mine")]) == 0
    assert f"model:={tmp_path / 'mine' / 'board.bin'}\n" in capsys.readouterr().out


def test_the_address_is_the_manifests_where_none_is_given(published, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("lprnet_ros.cli.model.install", lambda *a, **k: asked.append(a) or (published, True))
    assert main(["fetch", "lpr.bin"]) == 0
    url = "https://archive.d-robotics.cc/downloads/rdk_model_zoo/rdk_x5/LPRNet/lpr.bin"
    assert asked[0][:2] == (bundled_model().with_name("lpr.bin"), url)
    assert main(["fetch", "lprnet.onnx"]) == 1
    assert "lprnet.onnx.yaml names no url; say with --url where lprnet.onnx is" in capsys.readouterr().err


def test_a_fetch_that_fails_is_one_line_and_installs_nothing(published, places, tmp_path, capsys):
    (tmp_path / "got.bin").write_bytes(CONTENT[:-1])
    assert main(["fetch", str(published), "--url", "got.bin"]) == 1
    assert "got.bin: is not the file that was asked for" in said(capsys)
    assert main(["fetch", str(published), "--url", "got.bin", "--max-megabytes", "0.0001"]) == 1
    assert "has more than 104 bytes" in said(capsys)
    assert main(["fetch", "unheard_of.bin", "--url", "got.bin"]) == 1
    assert "unheard_of.bin.yaml: no such manifest" in said(capsys)
    assert list(places.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["get"], ["fetch"], ["fetch", "x", "--timeout", "0"], ["verify"]])
def test_what_makes_no_sense_is_a_usage_error(arguments):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_verify_runs_the_self_test(capsys):
    assert main(["verify", "lprnet.onnx", "lprnet_int8.onnx"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [
        "SHA-256 right; self-test passed with runtime onnx: reads lprnet.self_test.png as 晋G63317"
    ] * 2


def test_verify_fails_for_a_wrong_file_a_wrong_answer_and_none_and_still_checks_the_rest(
    wrong_model, published, capsys
):
    published.write_bytes(b"another file")
    assert main(["verify", str(published), str(wrong_model), "lpr.bin", "lprnet_int8.onnx"]) == 1
    captured = capsys.readouterr()
    first, second, third = captured.err.splitlines()
    assert "is not the file its manifest describes" in first
    assert "channel_order" in second
    assert "no such model file" in third
    assert captured.out.count("self-test passed") == 1


@pytest.mark.parametrize("runtime", ["hbm", "bpu"])
def test_verify_on_a_board_uses_its_runtime(board_model, runtime, capfd):
    assert main(["verify", str(board_model), "--runtime", runtime]) == 0
    out = capfd.readouterr().out
    assert (
        out
        == f"{board_model}: SHA-256 right; self-test passed with runtime {runtime}: input as it should be\n"
    )


def test_verify_without_a_runtime_checks_the_sum_and_says_so(published, monkeypatch, capsys):
    for library in ("hbm_runtime", "bpu_infer_lib"):
        monkeypatch.setitem(sys.modules, library, None)
    published.write_bytes(CONTENT)
    assert main(["verify", str(published)]) == 0
    assert (
        "SHA-256 right; self-test not run: the runtime 'bpu' needs bpu_infer_lib" in capsys.readouterr().out
    )


def test_info_shows_what_a_manifest_says_and_whether_the_file_is_right(published, capsys):
    assert main(["info", str(published)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(published),
        "  file       not there: lpr_model fetch",
        "  name       lpr",
        f"  sha256     {hashlib.sha256(CONTENT).hexdigest()}",
        "  input      1x3x24x94 rgb, (x - 127.5) * 0.00784314",
        "  output     1x68x18, syntax GA 36-2018",
        "  self-test  input alone",
        "  url        https://archive.d-robotics.cc/downloads/rdk_model_zoo/rdk_x5/LPRNet/lpr.bin",
    ]
    published.write_bytes(b"another file")
    main(["info", str(published)])
    assert "  file       is not the file of this manifest (SHA-256)\n" in capsys.readouterr().out


def test_info_shows_what_the_compiler_said(capsys):
    assert main(["info", "lprnet_x5.bin"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  compiled ")]
    assert "estimated_us" in line
    assert "hb_mapper" in line


def test_info_lists_all_models_and_names_a_broken_manifest(published, places, capsys):
    main(["fetch", str(published), "--url", "got.bin"])
    manifest_path(places / "bad.bin").write_text("nothing")
    capsys.readouterr()
    assert main(["info"]) == 1
    captured = capsys.readouterr()
    shown = [Path(line).name for line in captured.out.splitlines() if not line.startswith(" ")]
    shown = [name for name in shown if not name.startswith("plate_finder")]
    assert shown == ["lpr.bin", "lprnet.onnx", "lprnet_int8.onnx", "lprnet_x5.bin", "board.bin"]
    assert "bad.bin.yaml: holds no fields" in captured.err


def test_describe_writes_the_manifest_of_what_the_compiler_made(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    compiled = tmp_path / "out" / "lprnet_x5.bin"
    compiled.write_bytes(CONTENT)
    assert main(["describe", str(compiled), "--like", "lprnet.onnx"]) == 0
    assert capsys.readouterr().out == f"wrote {compiled}.yaml\n"
    manifest, original = load_manifest(compiled), load_manifest(bundled_model())
    manifest.verify_file()
    assert manifest.name == "lprnet_x5"
    assert manifest.self_test.minimum_cosine == original.self_test.minimum_cosine
    assert manifest.self_test.image.is_file()
    assert main(["describe", str(compiled), "--like", "lprnet.onnx", "--minimum-cosine", "0.9"]) == 0
    assert load_manifest(compiled).self_test.minimum_cosine == 0.9


def test_describe_refuses_what_is_not_there_and_the_model_itself(tmp_path, capsys):
    assert main(["describe", "gone.bin", "--like", "lprnet.onnx"]) == 1
    assert "gone.bin: no such file" in said(capsys)
    assert main(["describe", str(bundled_model()), "--like", "lprnet.onnx"]) == 1
    assert "expected another model" in said(capsys)


@pytest.fixture
def sample(tmp_path):
    """A raw input, and the float network's logits for it as the board would dump them."""
    test = load_manifest(bundled_model()).self_test
    tensor = preprocess(read_image(test.image), load_manifest(bundled_model()).input)
    tensor.tofile(tmp_path / "00000.bin")
    np.load(test.logits).astype("<f4").tofile(tmp_path / "logits.bin")
    return np.load(test.logits)


def compare(*outputs, model="lprnet.onnx", options=()):
    return main(["compare", model, "--input", "00000.bin", *options, "--output", *outputs])


def test_compare_shows_texts_and_cosines(sample, capsys):
    noise = np.random.default_rng(0).normal(0, 0.5, sample.shape)
    (sample + noise).astype("<f4").tofile("near.bin")
    np.roll(sample, 9, axis=1).astype("<f4").tofile("far.bin")
    assert compare("logits.bin") == 0
    assert capsys.readouterr().out == "lprnet.onnx\t晋G63317\nlogits.bin\t晋G63317\tcosine 1.0000\n"
    assert compare("logits.bin", "near.bin") == 0
    cosine = float(capsys.readouterr().out.split()[-1])
    assert 0.983 < cosine < 1
    assert compare("logits.bin", "far.bin", "near.bin") == 1
    assert ", expected at least 0.983\nnear.bin" in capsys.readouterr().out
    assert compare("near.bin", options=("--minimum-cosine", "0.99999")) == 1
    assert compare("far.bin", options=("--minimum-cosine", "-1")) == 0


@pytest.mark.parametrize(("name", "shape"), [("00000.bin", "1x3x24x94"), ("logits.bin", "68x18")])
def test_compare_refuses_raw_files_of_another_size_or_none(sample, name, shape, capsys):
    size = Path(name).stat().st_size
    Path(name).write_bytes(bytes(size + 4))
    assert compare("logits.bin") == 1
    assert f"{name}: has {size + 4} bytes, expected {size}: {shape} float32" in said(capsys)
    Path(name).unlink()
    assert compare("logits.bin") == 1
    assert f"{name}: cannot be read (No such file" in said(capsys)


def test_compare_refuses_logits_that_are_no_numbers(sample, capsys):
    np.full(sample.shape, np.nan, "<f4").tofile("nan.bin")
    assert compare("nan.bin") == 1
    assert "finite" in capsys.readouterr().err
