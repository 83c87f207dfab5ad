import dataclasses
import os
import sys
from pathlib import Path

import pytest

from lprnet_ros.runtimes import (
    RUNTIME_NAMES,
    RUNTIMES,
    InferenceError,
    RuntimeUnavailableError,
    choose_runtime,
    open_runtime,
)
from lprnet_ros.runtimes.library_output import library_output_to_stderr


def named(manifest, file_name):
    return dataclasses.replace(manifest, path=Path("/models") / file_name)


def write_library(folder, monkeypatch, name, source):
    """A library of our own that can be found but need not be importable."""
    (folder / f"{name}.py").write_text(source)
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.parametrize("file_name", ["lprnet.onnx", "LPRNET.ONNX", "a.bin.onnx"])
def test_auto_takes_onnx_runtime_for_onnx_files(board_libraries, onnx_manifest, file_name):
    assert choose_runtime(named(onnx_manifest, file_name)) == "onnx"


@pytest.mark.parametrize("file_name", ["lpr.bin", "LPR.BIN"])
def test_auto_takes_hbm_for_bin_files_where_it_is_installed(board_libraries, onnx_manifest, file_name):
    assert choose_runtime(named(onnx_manifest, file_name)) == "hbm"


def test_auto_takes_bpu_for_bin_files_where_hbm_is_not_installed(board_libraries, onnx_manifest, monkeypatch):
    monkeypatch.setitem(sys.modules, "hbm_runtime", None)
    assert choose_runtime(named(onnx_manifest, "lpr.bin")) == "bpu"


def test_auto_takes_bpu_where_the_installed_hbm_is_built_for_another_board(
    board_libraries, bin_manifest, monkeypatch, tmp_path
):
    broken = "raise RuntimeError('libdnn.so: cannot open shared object file')"
    write_library(tmp_path, monkeypatch, "hbm_runtime", broken)
    runtime = open_runtime("auto", bin_manifest)
    assert runtime.name == "bpu"
    runtime.close()


@pytest.mark.parametrize("file_name", ["lpr.binn", "lpr.hbm", "lpr", "lpr.pth"])
def test_a_file_that_no_runtime_reads_is_told(onnx_manifest, file_name):
    with pytest.raises(RuntimeUnavailableError, match=r"\.onnx file, or a \.bin file") as caught:
        open_runtime("auto", named(onnx_manifest, file_name))
    assert file_name in str(caught.value)


def test_auto_opens_what_it_chose(board_libraries, onnx_manifest, bin_manifest):
    for manifest, name in ((onnx_manifest, "onnx"), (bin_manifest, "hbm")):
        runtime = open_runtime("auto", manifest)
        assert runtime.name == name
        runtime.close()


@pytest.mark.parametrize("name", ["", "cuda", "ONNX"])
def test_an_unknown_runtime_is_refused_with_those_there_are(onnx_manifest, name):
    with pytest.raises(ValueError, match=repr(name)) as caught:
        open_runtime(name, onnx_manifest)
    assert all(known in str(caught.value) for known in RUNTIME_NAMES)


@pytest.mark.parametrize(
    ("name", "library", "advice"),
    [
        ("onnx", "onnxruntime", "pip install onnxruntime"),
        ("hbm", "hbm_runtime", "RDK OS 3.5.0"),
        ("bpu", "bpu_infer_lib", "pip install bpu_infer_lib_x5 -i http"),
        ("auto", "bpu_infer_lib", "pip install bpu_infer_lib_x5 -i http"),
    ],
)
def test_a_missing_library_is_told_with_what_to_install(
    no_board_libraries, bin_manifest, monkeypatch, name, library, advice
):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(RuntimeUnavailableError) as caught:
        open_runtime(name, bin_manifest)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("name", "library", "error"),
    [
        ("hbm", "hbm_runtime", "RuntimeError('libdnn.so is absent')"),
        ("hbm", "hbm_runtime", "ImportError('libhbucp.so is absent')"),
        ("bpu", "bpu_infer_lib", "ImportError('libopencv_world.so.3.4 is absent')"),
    ],
)
def test_a_library_that_cannot_be_loaded_is_told_with_its_reason(
    bin_manifest, monkeypatch, tmp_path, name, library, error
):
    write_library(tmp_path, monkeypatch, library, f"raise {error}")
    with pytest.raises(RuntimeUnavailableError, match="is absent"):
        open_runtime(name, bin_manifest)


@pytest.mark.parametrize(
    ("name", "dtype", "message"),
    [
        ("onnx", "uint8", "has an input of type float32, its manifest says uint8"),
        ("onnx", "nv12", "takes an input of type nv12, the runtime 'onnx' feeds float32 or uint8 only"),
        ("hbm", "uint8", "has an input of type float32, its manifest says uint8"),
        ("hbm", "nv12", "has an input of type float32, its manifest says nv12"),
        ("bpu", "uint8", "takes an input of type uint8, the runtime 'bpu' feeds float32 only"),
        ("bpu", "nv12", "takes an input of type nv12, the runtime 'bpu' feeds float32 only"),
    ],
)
def test_an_input_that_a_runtime_or_a_model_does_not_take_is_refused(
    board_libraries, onnx_manifest, bin_manifest, name, dtype, message
):
    manifest = onnx_manifest if name == "onnx" else bin_manifest
    pixels = dataclasses.replace(manifest.input, dtype=dtype, mean=(0.0,) * 3, scale=(1.0,) * 3)
    with pytest.raises(InferenceError, match=message):
        open_runtime(name, dataclasses.replace(manifest, input=pixels))


def test_only_runtimes_that_let_threads_run_side_by_side_say_so():
    assert {spec.name: spec.holds_gil for spec in RUNTIMES} == {
        "onnx": False,
        "hbm": True,
        "bpu": True,
        "simulator": False,
    }


def test_two_libraries_at_once_leave_stdout_as_it_was(capfd):
    first, second = library_output_to_stderr(), library_output_to_stderr()
    first.__enter__()
    os.write(1, b"one ")
    second.__enter__()
    first.__exit__(None, None, None)  # they overlap without being nested
    os.write(1, b"two")
    second.__exit__(None, None, None)
    os.write(1, b"result")
    assert capfd.readouterr() == ("result", "one two")
