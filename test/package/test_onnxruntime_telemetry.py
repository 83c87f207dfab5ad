"""No telemetry: ONNX Runtime from 1.32 would write a device id into the home and look up its maker's host."""

import os
import subprocess
import sys

import pytest
from tethered import ROOT, environment_of

CROP = next((ROOT / "demo" / "crops").glob("*.png"))


def printed(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment_of(**environment)
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["lprnet_ros", "lprnet_ros.runtimes.onnx", "lprnet_ros.toolchain.quantization"]
)
def test_telemetry_is_off_before_onnxruntime_can_be_imported(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    code = (
        f"import os, sys, {module}; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    assert printed(code) == "1 False"


def test_whoever_wants_telemetry_can_have_it() -> None:
    code = "import os, lprnet_ros; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert printed(code, ORT_DISABLE_TELEMETRY="0") == "0"


def test_reading_a_crop_leaves_nothing_in_the_home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "lprnet_ros.cli.read", os.fspath(CROP)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment_of(**home))
    assert CROP.stem in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
