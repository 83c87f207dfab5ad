"""The runtime 'simulator': what it refuses here, and what it computes where the vendor's simulator is."""

import sys

import pytest
from vendor_tools import in_board_environment, needs_vendor_tools

from lprnet_ros.models.find import BUNDLED_BOARD_MODEL, bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.runtimes import RuntimeUnavailableError, choose_runtime, open_runtime

PROGRAM = """
import dataclasses, sys
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.runtimes import InferenceError, open_runtime
manifest = load_manifest(bundled_model("lprnet_x5.bin"))
numbers = np.random.default_rng(0).uniform(-1.5, 1.5, (4, 1, 3, 24, 94)).astype(np.float32)
tensors = list(numbers)
def refusal(action):
    try:
        action()
    except InferenceError as error:
        return " ".join(str(error).split())
    return "nothing"
"""


def say(code, *arguments):
    return in_board_environment("-c", PROGRAM + code, *arguments).splitlines()


def test_auto_never_stands_for_it():
    manifest = load_manifest(bundled_model(BUNDLED_BOARD_MODEL))
    assert choose_runtime(manifest) == "bpu"  # the last that reads such files by itself


def test_where_it_is_not_installed_the_way_to_get_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "hbdk", None)
    with pytest.raises(RuntimeUnavailableError, match="run 'make board'"):
        open_runtime("simulator", load_manifest(bundled_model(BUNDLED_BOARD_MODEL)))


@needs_vendor_tools
def test_threads_at_once_get_what_one_alone_gets_and_nothing_is_left_behind():
    lines = say(
        """
runtime = open_runtime("simulator", manifest)
alone = [runtime.infer(tensor) for tensor in tensors]
with ThreadPoolExecutor(4) as pool:
    together = list(pool.map(runtime.infer, tensors))
print(runtime.name, alone[0].shape, alone[0].dtype)
print(all(map(np.array_equal, alone, together)), np.array_equal(alone[0], alone[1]))
folder = Path(runtime._folder.name)
print(folder.is_dir(), [path.name for path in folder.iterdir()])
runtime.close()
runtime.close()
print(folder.exists(), refusal(lambda: runtime.infer(tensors[0])))
"""
    )
    assert lines == [
        "simulator (1, 68, 18) float32",
        "True False",
        "True ['model.hbm']",
        "False the runtime is closed",
    ]


@needs_vendor_tools
def test_what_it_cannot_run_is_an_inference_error(tmp_path):
    lines = say(
        """
folder = Path(sys.argv[1])
bad = folder / "bad.bin"
bad.write_bytes(b"no model")
print(refusal(lambda: open_runtime("simulator", dataclasses.replace(manifest, path=bad))))
print(refusal(lambda: open_runtime("simulator", dataclasses.replace(manifest, path=folder / "none.bin"))))
wrong = dataclasses.replace(manifest.output, shape=(1, 68, 20))
print(refusal(lambda: open_runtime("simulator", dataclasses.replace(manifest, output=wrong))))
runtime = open_runtime("simulator", manifest)
print(refusal(lambda: runtime.infer(tensors[0][:, :, :10])))
print(runtime.infer(tensors[0]).shape)
""",
        tmp_path,
    )
    assert "the simulator cannot load" in lines[0]
    assert "bad.bin" in lines[0]
    assert "No such file or directory" in lines[1]
    assert "has an output of shape [1, 68, 1, 18], its manifest says [1, 68, 20]" in lines[2]
    assert "the simulator failed" in lines[3]
    assert lines[4] == "(1, 68, 18)"


@needs_vendor_tools
def test_the_commands_read_with_it():
    verified = in_board_environment(
        "-m", "lprnet_ros.cli.model", "verify", BUNDLED_BOARD_MODEL, "--runtime", "simulator"
    )
    assert "self-test passed with runtime simulator" in verified
    read = in_board_environment(
        "-m", "lprnet_ros.cli.read", "demo/crops/京AC6895.png", "--runtime", "simulator"
    )
    assert read.split("\t")[1] == "京AC6895"
    scored = in_board_environment(
        "-m", "lprnet_ros.cli.evaluate", "--data", "demo/self_test", "--runtime", "simulator"
    )
    assert "100.00%" in scored
