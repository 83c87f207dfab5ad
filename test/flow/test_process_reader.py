"""Reading in a process of its own: the real process, with the bundled model or a board's double."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from board_model import PYTHON_PATH, spelled_crop, write_model
from flow_doubles import PATIENCE_SECONDS, wait_until

from lprnet_ros.flow.job import WorkerLostError
from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup
from lprnet_ros.images.crop_image import BadImage, CropImage, ImageRejectedError
from lprnet_ros.models.find import bundled_model
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import ManifestError, manifest_path
from lprnet_ros.reading.plate_reading import ReadingFailedError, Verdict
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.runtimes import RuntimeUnavailableError
from lprnet_ros.runtimes.self_test_input import SelfTestError

ROOT = Path(__file__).resolve().parents[2]
RULES = ReadingRules(decoder="greedy", second_look=False)


@pytest.fixture(autouse=True)
def faulty_libraries(monkeypatch):
    """The processes find the faulty doubles; this one does not."""
    for folder in PYTHON_PATH.split(":"):
        monkeypatch.syspath_prepend(folder)


@pytest.fixture
def model(tmp_path) -> Path:
    return write_model(tmp_path)


@pytest.fixture
def reader(model) -> Iterator[ProcessReader]:
    reader = ProcessReader(ReaderSetup(model, "hbm", rules=RULES), timeout_seconds=PATIENCE_SECONDS)
    yield reader
    reader.close()


def crop(text: str = "京A12345", fault: str = "") -> CropImage:
    return CropImage(spelled_crop(text, fault))


def is_gone(process_id: int) -> bool:
    """Whether a process has ended, and was waited for."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def texts(results) -> list[str]:
    return [result.text for result in results]


def test_it_reads_what_the_bundled_model_reads_here():
    paths = sorted((ROOT / "demo" / "crops").glob("*.png"))[:6]
    crops = [CropImage(cv2.imread(str(path))) for path in paths]
    here = PlateRecognizer.open(bundled_model()).read_batch(crops)
    reader = ProcessReader(ReaderSetup(bundled_model()), timeout_seconds=PATIENCE_SECONDS)
    try:
        there = reader.read_batch(crops, ReadingRules())
    finally:
        reader.close()
    assert texts(there) == texts(here)
    assert [result.confidence for result in there] == [result.confidence for result in here]


def test_every_kind_of_result_comes_back_in_its_place(reader):
    broken = CropImage(np.frombuffer(b"no jpeg", np.uint8), is_encoded=True)
    png = CropImage(cv2.imencode(".png", spelled_crop("粤B00001"))[1], is_encoded=True)
    empty = CropImage(np.zeros((0, 0, 3), np.uint8))
    results = reader.read_batch([crop(), broken, png, crop(fault="raise"), empty, crop("沪C99999")], RULES)
    assert [getattr(result, "text", type(result)) for result in results] == [
        "京A12345",
        ImageRejectedError,
        "粤B00001",
        ReadingFailedError,
        ReadingFailedError,
        "沪C99999",
    ]
    assert results[1].reason is BadImage.UNDECODABLE
    assert "hbDNNInfer failed: -6000013" in str(results[3])


@pytest.mark.parametrize("fault", ["raise", "type error", "nan", "shape", "false", "stale", "constant"])
@pytest.mark.parametrize("runtime", ["hbm", "bpu"])
def test_a_library_that_fails_costs_the_one_crop(model, runtime, fault):
    reader = ProcessReader(ReaderSetup(model, runtime, rules=RULES), timeout_seconds=PATIENCE_SECONDS)
    try:
        results = reader.read_batch([crop(), crop(fault=fault), crop("粤B00001")], RULES)
    finally:
        reader.close()
    assert isinstance(results[1], ReadingFailedError)
    assert str(results[1])
    if fault in ("stale", "constant"):
        assert "and again when asked once more" in str(results[1])
    assert texts(results[::2]) == ["京A12345", "粤B00001"]


def test_what_a_library_prints_on_stdout_comes_out_on_stderr(model, capfd):
    reader = ProcessReader(ReaderSetup(model, "bpu", rules=RULES), timeout_seconds=PATIENCE_SECONDS)
    try:
        reader.read_batch([crop(fault="false")], RULES)
    finally:
        reader.close()
    printed = capfd.readouterr()
    assert "ERROR: the BPU is busy" in printed.err
    assert printed.out == ""


def test_crops_larger_than_a_sockets_buffer_come_through(reader):
    large = CropImage(np.zeros((1080, 1920, 3), np.uint8))
    assert len(reader.read_batch([large] * 3, RULES)) == 3


def test_new_rules_reach_the_process(reader):
    lenient = ReadingRules(decoder="greedy", require_syntax=False)
    no_plate = crop("AAAAAAA")
    verdicts = [reader.read_batch([no_plate], rules)[0].verdict for rules in (RULES, lenient, lenient, RULES)]
    assert verdicts == [Verdict.SYNTAX, Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.SYNTAX]


def test_a_process_that_was_killed_is_lost_with_its_status(reader):
    os.kill(reader.process_id, signal.SIGKILL)
    for _ in range(2):  # and stays so
        with pytest.raises(WorkerLostError, match=rf"process {reader.process_id} ended with status -9"):
            reader.read_batch([crop()], RULES)
    assert is_gone(reader.process_id)


def test_a_process_that_dies_over_a_crop_is_lost(reader):
    with pytest.raises(WorkerLostError, match="ended with status -6"):  # SIGABRT, as hbm_runtime ends it
        reader.read_batch([crop(), crop(fault="die")], RULES)


@pytest.mark.parametrize("how", ["stopped", "hangs", "hangs before it reads"])
def test_a_process_that_does_not_answer_is_lost_in_time(model, how):
    reader = ProcessReader(ReaderSetup(model, "hbm", rules=RULES), timeout_seconds=0.3)
    crops = [crop(fault="hang" if how == "hangs" else "")]
    if how != "hangs":
        os.kill(reader.process_id, signal.SIGSTOP)
    if how == "hangs before it reads":
        crops = [CropImage(np.zeros((1080, 1920, 3), np.uint8))]  # more than the socket holds
    started = time.monotonic()
    with pytest.raises(WorkerLostError, match=r"gave no answer in 0\.3 s"):
        reader.read_batch(crops, RULES)
    assert time.monotonic() - started < 30.0
    assert is_gone(reader.process_id)
    reader.close()


def test_killing_it_ends_the_wait_of_another_thread(reader):
    threading.Timer(0.2, reader.kill).start()
    with pytest.raises(WorkerLostError, match="ended with status -9"):
        reader.read_batch([crop(fault="hang")], RULES)
    assert is_gone(reader.process_id)


def test_sigint_and_sigterm_are_the_nodes_business(model):
    for delay in (0.0, 0.02, 0.1, 0.2):  # whatever the process is at when they come
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{PYTHON_PATH}"}
        program = (
            "import sys, threading, os, signal, time\n"
            "from pathlib import Path\n"
            "from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup\n"
            "signal.signal(signal.SIGINT, lambda *_: None)\n"
            "signal.signal(signal.SIGTERM, lambda *_: None)\n"
            "def send():\n"
            "    for _ in range(3):\n"
            f"        time.sleep({delay})\n"
            "        os.killpg(0, signal.SIGINT)\n"
            "        os.killpg(0, signal.SIGTERM)\n"
            "threading.Timer(0.02, send).start()\n"
            "reader = ProcessReader(ReaderSetup(Path(sys.argv[1]), 'hbm'), timeout_seconds=10)\n"
            "time.sleep(0.3)\n"
            "print(reader._process.poll())\n"
            "reader.close()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(model)],
            capture_output=True,
            text=True,
            env=environment,
            start_new_session=True,
            check=False,
        )
        assert (done.stdout.splitlines()[-1], done.returncode) == ("None", 0), done.stderr
        assert "Traceback" not in done.stderr


def test_the_process_goes_with_its_parent_however_that_ends(model):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup\n"
        "reader = ProcessReader(ReaderSetup(Path(sys.argv[1]), 'hbm'), timeout_seconds=60)\n"
        "print(reader.process_id, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{PYTHON_PATH}"},
    )
    with parent:
        child = next(int(line) for line in parent.stdout if line.strip().isdigit())
        assert not is_gone(child)
        parent.kill()
        parent.wait()
        wait_until(lambda: is_gone(child) or _is_zombie(child), "the process is gone")


def _is_zombie(process_id: int) -> bool:
    """Where nobody waits for orphans, as in a container, one that has ended stays a name."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def _remove(model: Path) -> None:
    model.unlink()


def _break_file(model: Path) -> None:
    model.write_bytes(b"something else")


def _break_manifest(model: Path) -> None:
    manifest_path(model).write_text("{{ no yaml", encoding="utf-8")


def _claim_another_blue(model: Path) -> None:
    path = manifest_path(model)
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["self_test"]["blue_pixel"].reverse()
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "error", "told"),
    [
        (_remove, ManifestError, "no such model file"),
        (_break_file, ManifestError, "sha256"),
        (_break_manifest, ManifestError, "not readable YAML"),
        (_claim_another_blue, SelfTestError, "channel_order"),
    ],
)
def test_an_error_of_opening_arrives_as_it_was_raised(model, spoil, error, told):
    spoil(model)
    with pytest.raises(error, match=told) as caught:
        ProcessReader(ReaderSetup(model, "hbm"), timeout_seconds=1.0)
    assert type(caught.value) is error


def test_a_library_that_is_missing_in_there_is_told_as_such(model, monkeypatch):
    monkeypatch.setattr("sys.path", [each for each in sys.path if each not in PYTHON_PATH.split(":")])
    with pytest.raises(RuntimeUnavailableError, match="hbm_runtime"):
        ProcessReader(ReaderSetup(model, "hbm"), timeout_seconds=1.0)


def test_a_process_that_cannot_even_start_is_an_error_with_a_reason(model, monkeypatch, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "yaml.py").write_text("raise SystemExit(7)", encoding="utf-8")
    monkeypatch.setattr(
        "lprnet_ros.flow.process_reader._module_search_path", lambda: [str(folder), str(ROOT), *sys.path]
    )
    with pytest.raises(WorkerLostError, match="ended with status 7"):
        ProcessReader(ReaderSetup(model, "hbm"), timeout_seconds=1.0)


def test_a_file_of_the_working_folder_stands_in_for_no_library(model, monkeypatch, tmp_path):
    for name in ("yaml", "numpy", "cv2", "lprnet_ros", "hbm_runtime"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for entry in ("", ".", str(tmp_path)):
        monkeypatch.setattr("sys.path", [entry, *sys.path])
    reader = ProcessReader(ReaderSetup(model, "hbm", rules=RULES), timeout_seconds=PATIENCE_SECONDS)
    try:
        assert texts(reader.read_batch([crop()], RULES)) == ["京A12345"]
    finally:
        reader.close()


def test_each_slow_crop_of_a_batch_has_its_own_time_limit(model, monkeypatch):
    monkeypatch.setenv("LPR_TEST_MICROSECONDS", "30000")
    reader = ProcessReader(ReaderSetup(model, "hbm", rules=RULES), timeout_seconds=4.0)
    limits = []
    receive = reader._connection.recv_bytes

    def receive_with_limit():
        limits.append(reader._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
        return receive()

    monkeypatch.setattr(reader._connection, "recv_bytes", receive_with_limit)
    try:
        assert len(reader.read_batch([crop()] * 12, RULES)) == 12
    finally:
        reader.close()
    assert len(limits) == 12
    ((seconds, microseconds),) = {struct.unpack("ll", limit) for limit in limits}
    assert (seconds, round(microseconds, -4)) == (4, 20_000)


def test_no_process_descriptor_or_shared_memory_is_left_behind(model):
    gc.collect()
    before = os.listdir("/proc/self/fd")
    ids = []
    for number in range(3):
        reader = ProcessReader(ReaderSetup(model, "hbm", rules=RULES), timeout_seconds=PATIENCE_SECONDS)
        ids.append(reader.process_id)
        assert "/dev/shm" not in Path(f"/proc/{reader.process_id}/maps").read_text(encoding="utf-8")
        if number == 1:
            os.kill(reader.process_id, signal.SIGKILL)
            with pytest.raises(WorkerLostError):
                reader.read_batch([crop()], RULES)
        if number == 2:
            os.kill(reader.process_id, signal.SIGSTOP)  # does not hear that the connection was closed
        reader.close()
        reader.close()
    model.unlink()
    with pytest.raises(ManifestError):
        ProcessReader(ReaderSetup(model, "hbm"), timeout_seconds=1.0)
    assert all(is_gone(each) for each in ids)
    with pytest.raises(ChildProcessError) as caught:
        os.waitpid(-1, os.WNOHANG)
    assert caught.value.errno == errno.ECHILD, "a process was not waited for"
    assert os.listdir("/proc/self/fd") == before


def test_the_manifest_of_the_double_is_sound(model):
    assert load_manifest(model).path == model
