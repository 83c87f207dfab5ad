"""``lpr_benchmark --soak``: the slope of the memory, and a short run of the real thing."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from bench import soak
from bench.soak import summarise
from lprnet_ros.cli.benchmark import main

ANSWER = {"sent": 10_000, "read": 10_000, "dropped": 0}
PLATES = np.arange(100) * 100.0


def test_a_leak_is_measured_and_what_the_warm_up_takes_is_none():
    growth = np.where(PLATES < 500, 0, 50_000_000)  # half a second after the start a cache is filled
    flat = summarise(PLATES, 100_000_000 + growth, ANSWER, 10.0)
    assert flat.is_flat
    assert abs(flat.bytes_a_plate) < 1e-3
    leaking = summarise(PLATES, 100_000_000 + growth + 50 * PLATES, ANSWER, 10.0)
    assert leaking.bytes_a_plate == pytest.approx(50.0)
    assert not leaking.is_flat


def test_a_lost_plate_fails_the_soak():
    assert not summarise(PLATES, 0 * PLATES, ANSWER | {"read": 9_999}, 10.0).is_flat


def test_a_short_soak_of_the_live_node(ros_environment, monkeypatch, capsys):
    pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the live node needs it")
    monkeypatch.setattr(soak, "_SAMPLE_SECONDS", 0.2)
    status = main(["--soak", "600", "--rate", "200", "--workers", "1"])
    result = json.loads(capsys.readouterr().out)
    assert (result["sent"], result["dropped"]) == (600, 0)
    assert 0 < result["read"] <= 600  # a loaded machine may lose some on the way back
    assert 20e6 < result["warm_bytes"] <= 1.5 * result["last_bytes"]
    assert status == (0 if result["is_flat"] else 1)


def test_ctrl_c_ends_a_soak_in_silence_and_leaves_no_process_behind(ros_environment):
    pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the live node needs it")
    command = [sys.executable, "-m", "lprnet_ros.cli.benchmark", "--soak", "1000000", "--workers", "1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True
    )
    watched = psutil.Process(process.pid)
    while len(children := watched.children()) < 2:  # the node, and then the generator
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("", "", 130)
    assert not any(child.is_running() for child in children)
