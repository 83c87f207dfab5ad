"""The logs of hrt_model_exec perf, in the forms that the board prints and the manual shows."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.board.hrt_log import ARTICLE as ARTICLE_ROWS
from lprnet_ros.board.hrt_log import ARTICLE_SOURCE, HrtLogError, HrtRow, read_hrt_log
from lprnet_ros.cli.benchmark import main

ARTICLE = Path(__file__).resolve().parents[2].parent / "shared" / "background" / "lprnet_on_rdk_x5.md"

# what hrt_model_exec prints on an RDK X5
PRINTED = """[BPU_PLAT]BPU Platform Version(1.3.6)! soc info(x5)
[HBRT] set log level as 0. version = 3.15.55.0
Load model to DDR cost 174.773ms.
Frame count: 200,  Thread Average: 12.428570 ms,  thread max latency: 13.361000 ms,  thread min latency: 6.258000 ms,  FPS: 80.279182

Running condition:
  Thread number is: 1
  Frame count   is: 200
  Program run time: 2491.783000 ms
Perf result:
  Frame totally latency is: 2485.713867 ms
  Average    latency    is: 12.428570 ms
  Frame      rate       is: 80.263811 FPS
"""  # noqa: E501
# the manual's own, with the core number
MANUAL = """Running condition:
  Thread number is: 4
  Frame count   is: 200
  core number   is: 1
  Program run time: 818.985000 ms
Perf result:
  Frame totally latency is: 800.621155 ms
  Average    latency    is: 4.003106 ms
  Frame      rate       is: 244.204717 FPS
"""


@pytest.fixture
def log(tmp_path):
    def write(text, name="perf.log"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_the_board_prints_is_read(log):
    assert read_hrt_log(log(PRINTED)) == [HrtRow("perf.log", 1, 200, 2485.713867, 12.42857, 80.263811)]


def test_the_form_of_the_manual_is_read(log):
    assert read_hrt_log(log(MANUAL)) == [HrtRow("perf.log", 4, 200, 800.621155, 4.003106, 244.204717)]


def test_several_runs_in_one_file_are_several_rows(log):
    rows = read_hrt_log(log(PRINTED + MANUAL + PRINTED))
    assert [row.threads for row in rows] == [1, 4, 1]


def test_carriage_returns_and_bytes_that_are_no_text_do_not_disturb(log, tmp_path):
    path = log("")
    path.write_bytes(b"\xff\xfe\x00 noise\r\n" + PRINTED.replace("\n", "\r\n").encode())
    assert read_hrt_log(path)[0].fps == 80.263811


@pytest.mark.parametrize(
    ("pattern", "meaning"),
    [
        (r".*Thread number.*\n", "Thread number"),
        (r".*Frame count +is.*\n", "Frame count"),
        (r".*totally.*\n", "Frame totally latency"),
        (r".*Average +latency.*\n", "Average latency"),
        (r".*rate.*\n", "Frame rate"),
        (r"Perf result(.|\n)*", "Frame totally latency"),
    ],
)
def test_a_run_that_was_ended_early_is_named(log, pattern, meaning):
    broken = re.sub(pattern, "", MANUAL)
    with pytest.raises(HrtLogError, match=rf"perf\.log: run 2 has no '{meaning}'; was it ended before"):
        read_hrt_log(log(PRINTED + broken))


@pytest.mark.parametrize("value", ["40.36.3396", "-1", "0", "nan", "inf", "x"])
def test_a_number_that_is_none_is_named(log, value):
    with pytest.raises(
        HrtLogError, match=rf"'Average latency' '{re.escape(value)}', expected a number above 0"
    ):
        read_hrt_log(log(PRINTED.replace("is: 12.428570", f"is: {value}")))
    with pytest.raises(HrtLogError, match=f"'Thread number' '{re.escape(value)}'"):
        read_hrt_log(log(PRINTED.replace("is: 1\n", f"is: {value}\n")))


@pytest.mark.parametrize("text", ["", "Frame rate is: 5 FPS", '{"chip_latency": {}}'])
def test_what_is_no_log_is_named(log, text):
    with pytest.raises(HrtLogError, match=r"perf\.log: holds no result of hrt_model_exec perf"):
        read_hrt_log(log(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(HrtLogError, match=r"gone\.log: cannot be read \(No such file"):
        read_hrt_log(tmp_path / "gone.log")


@given(st.text(alphabet='Runigcodt: \n{}"perf_sl,0123456789.xTham'), st.integers(0, len(PRINTED)))
def test_no_text_makes_more_than_an_error(tmp_path_factory, noise, cut):
    path = tmp_path_factory.getbasetemp() / "noise.log"
    for text in (noise, PRINTED[:cut] + noise + MANUAL, "Running condition:" + noise):
        path.write_text(text, encoding="utf-8")
        try:
            rows = read_hrt_log(path)
        except HrtLogError:
            continue
        assert all(row.threads >= 1 and row.fps > 0 for row in rows)


# the article, and the command


@pytest.mark.skipif(not ARTICLE.is_file(), reason=f"the source article is not at {ARTICLE}")
def test_the_articles_rows_are_those_of_the_article():
    table = re.findall(r"^\|\s*(\d+)\s*\|\s*(\d+)\s*\|\s*([\d.]+)\s*\|\s*([\d.]+)\s*\|\s*([\d.]+)\s*\|$",
                       ARTICLE.read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip
    assert [tuple(map(float, row)) for row in table] == [dataclasses.astuple(row)[1:] for row in ARTICLE_ROWS]
    assert len(table) == 4


def test_the_table_has_the_runs_by_threads_and_below_the_article(log, capsys):
    logs = [log(MANUAL, "four.log"), log(PRINTED, "one.log")]
    assert main(["--hrt", *map(str, logs)]) == 0
    head, rule, *rows, blank, source = capsys.readouterr().out.splitlines()
    assert head == "| source | threads | frames | total delay (ms) | average delay (ms) | FPS |"
    assert set(rule) == {"|", "-"}
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells[0] == ["one.log", "1", "200", "2485.71", "12.429", "80.26"]
    assert cells[1][:2] == ["four.log", "4"]
    assert [row[:2] for row in cells[2:]] == [
        ["article", "1"],
        ["article", "2"],
        ["article", "4"],
        ["article", "8"],
    ]
    assert cells[5] == ["article", "8", "200", "1112.61", "5.560", "1403.01"]
    assert (blank, source) == ("", f"article: {ARTICLE_SOURCE}")


def test_the_json_holds_the_same(log, capsys):
    assert main(["--json", "--hrt", str(log(MANUAL + PRINTED))]) == 0
    values = json.loads(capsys.readouterr().out)
    assert set(values) == {"rows", "article", "article_source"}
    assert [set(row) for row in values["rows"] + values["article"]] == [
        {"source", "threads", "frames", "total_ms", "average_ms", "fps"}
    ] * 6
    assert values["rows"][0]["fps"] == 80.263811
    assert values["article"][3]["fps"] == 1403.01


def test_a_log_that_cannot_be_read_is_one_line(tmp_path, capsys):
    assert main(["--hrt", str(tmp_path / "gone.log")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "gone.log" in said.err
