import json
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from lprnet_ros.cli.benchmark import main, measure
from lprnet_ros.reading.recognizer import PlateRecognizer


def test_the_json_has_a_row_for_every_number_of_threads(capsys):
    assert main(["--threads", "1", "2", "4", "--frames", "8", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"model", "runtime", "rows"}
    assert result["runtime"] == "onnx"
    assert [row["threads"] for row in result["rows"]] == [1, 2, 4]
    for row in result["rows"]:
        assert set(row) == {"threads", "frames", "total_ms", "average_ms", "median_ms", "fps"}
        assert row["frames"] == 8
        assert row["total_ms"] > 0
        assert row["average_ms"] == pytest.approx(row["total_ms"] / 8)
        assert 0 < row["median_ms"] <= row["total_ms"]
        assert row["fps"] > 0


def test_one_thread_reads_no_faster_than_its_delays_allow():
    recognizer = PlateRecognizer.open()
    row = measure(recognizer, threads=1, frames=10)
    recognizer.close()
    assert row.fps <= 1000 / row.average_ms


def test_the_table_shows_threads_frames_delays_and_rate(capsys):
    assert main(["--threads", "1", "2", "--frames", "4"]) == 0
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head == "| threads | frames | total delay (ms) | average delay (ms) | median delay (ms) | FPS |"
    assert rule == "|---|---|---|---|---|---|"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[:2] for row in cells] == [["1", "4"], ["2", "4"]]
    for row in cells:
        assert float(row[3]) == pytest.approx(float(row[2]) / 4, abs=0.01)
        assert float(row[4]) > 0
        assert float(row[5]) > 0


@pytest.mark.parametrize("arguments", [["--frames", "0"], ["--threads", "0"], ["--threads", "1", "-2"]])
def test_less_than_one_frame_or_thread_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("runtime", ["hbm", "bpu"])
def test_what_the_boards_library_prints_stays_out_of_the_json(runtime, board_model, capfd):
    options = ["--model", str(board_model), "--runtime", runtime]
    assert main(["--threads", "2", "--frames", "4", "--json", *options]) == 0
    assert json.loads(capfd.readouterr().out)["runtime"] == runtime


def test_the_crop_is_the_self_tests_and_is_looked_at_once():
    class Counting:
        name = "counting"

        def __init__(self, runtime):
            self.runtime, self.calls = runtime, 0

        def infer(self, tensor):
            self.calls += 1
            return self.runtime.infer(tensor) * 0.1  # unsure of everything

    recognizer = PlateRecognizer.open()
    recognizer.runtime = counting = Counting(recognizer.runtime)
    row = measure(recognizer, threads=1, frames=10)
    assert row.frames == 10
    assert counting.calls == 10 + 20  # and those that warm up


def test_ctrl_c_ends_it_after_the_crops_in_flight():
    bundled = PlateRecognizer.open()
    main_thread, read = threading.main_thread().ident, []

    def read_slowly(crop):
        read.append(crop.shape)
        if len(read) == 120:
            signal.pthread_kill(main_thread, signal.SIGINT)
        time.sleep(0.002 if len(read) < 120 else 0.2)

    recognizer = SimpleNamespace(
        manifest=bundled.manifest, rules=bundled.rules, set_rules=lambda _: None, read=read_slowly
    )
    with pytest.raises(KeyboardInterrupt):
        measure(recognizer, threads=4, frames=1_000_000)
    assert len(read) < 120 + 100  # those in flight, and what a busy machine starts before it interrupts
