"""``lpr_benchmark --ros``: its table, and a short run of the real thing."""

import importlib.util
import json
import subprocess
import sys

import psutil
import pytest

from bench.ros_benchmark import RosRow, load_rows, markdown
from bench.ros_rig import cpu_seconds, resident_bytes
from bench.sustained import Trial
from lprnet_ros.cli import common
from lprnet_ros.cli.benchmark import main

QUIET = Trial(100.0, 500, 500, 0, 5.0, 0.01, 2.5, 4.25, 1500.0, 700.0)
ROW = RosRow(
    workers=2,
    cameras=2,
    sustained=Trial(1500.0, 45000, 45000, 0, 30.0, 0.0, 11.0, 22.0, 700.0, 560.0),
    quiet=QUIET,
    network_alone=2000.0,
    recognizer_alone=1600.0,
)


def test_the_table_says_what_was_measured():
    line = markdown([ROW]).splitlines()[-1]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["2, 2", "1500", "94% of 1600", "75% of 2000", "11.0, 22.0", "2.5, 4.2", "700", "140"]


def test_the_json_holds_the_ratios_and_the_trials():
    fields = ROW.as_dict()
    assert fields["of_recognizer_alone"] == pytest.approx(1500 / 1600)
    assert fields["of_network_alone"] == pytest.approx(0.75)
    assert fields["not_inference_cpu_us"] == pytest.approx(140.0)
    assert fields["sustained"]["read"] == 45000
    assert fields["is_kept_up"] is True
    json.dumps(fields)


def test_rows_come_back_from_their_json(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"rows": [ROW.as_dict()]}), encoding="utf-8")
    assert load_rows(path) == [ROW]


def test_without_a_checkout_one_sentence_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "__file__", str(tmp_path / "lprnet_ros" / "cli" / "common.py"))
    for option in (["--ros"], ["--soak", "10"]):
        assert main(option) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"lpr_benchmark: {option[0]} needs a checkout")
        assert said.err.count("\n") == 1


def test_without_psutil_one_sentence_says_so(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("bench", "psutil")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert main(["--ros"]) == 1
    assert "pip install psutil" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--ros"], ["--soak", "10"]])
def test_without_ros_one_sentence_says_so(option, monkeypatch, capsys):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "rclpy" else find_spec(name)
    )
    assert main(option) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"lpr_benchmark: {option[0]} needs rclpy; source /opt/ros/")
    assert said.err.count("\n") == 1


def test_the_cpu_time_and_memory_of_a_process_include_its_children():
    program = """
import subprocess, sys, time
def burn(seconds):
    while time.process_time() < seconds: pass
child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.4: pass\\n"
    "print(flush=True)\\ntime.sleep(100)"], stdout=subprocess.PIPE)
burn(0.3)
child.stdout.readline()
print(flush=True)
sys.stdin.read()
child.kill()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with psutil.Popen([sys.executable, "-c", program], **pipes) as process:
        process.stdout.readline()
        assert cpu_seconds(process) > 0.6
        assert resident_bytes(process) > process.memory_info().rss
    with pytest.raises(psutil.NoSuchProcess):
        cpu_seconds(psutil.Process(process.pid))


def test_a_short_run_measures_the_live_node(ros_environment, tmp_path, monkeypatch, capsys):
    pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the live node needs it")
    for name in ("_QUIET_SECONDS", "_PROBE_SECONDS", "_ALONE_SECONDS"):
        monkeypatch.setattr(f"bench.ros_benchmark.{name}", 0.5)
    monkeypatch.setattr("bench.sustained._CLOSE", 1e9)  # one probe is enough
    output = tmp_path / "measured"
    status = main(["--ros", "--workers", "1", "--seconds", "1", "--output", str(output), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    (row,) = printed["rows"]
    assert status == (0 if row["is_kept_up"] else 1)
    assert 0 < row["quiet"]["read"] <= row["quiet"]["sent"] == 50  # a loaded machine may lose some
    assert 0.0 < row["quiet"]["p50_ms"] <= row["quiet"]["p99_ms"]
    assert row["plates_a_second"] > 0
    assert 0.0 < row["sustained"]["inference_cpu_us"] < row["sustained"]["cpu_us"]
    assert min(row["network_alone"], row["recognizer_alone"]) > 0
