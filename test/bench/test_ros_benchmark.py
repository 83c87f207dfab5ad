"""``lpr_benchmark --ros``: its table and chart, and a short run of the real thing."""

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.ros_plot import draw
from bench.ros_rows import README_TABLES, RosRow, load_rows, markdown
from bench.sustained import Trial
from lprnet_ros.cli.benchmark import main

ROOT = Path(__file__).resolve().parents[2]
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


def test_the_chart_has_a_bar_for_every_figure_as_high_as_the_figure():
    svg = ET.fromstring(draw([ROW]))
    space = "{http://www.w3.org/2000/svg}"
    bars = [
        (element.get("fill"), float(element.get("height")))
        for element in svg.iter(f"{space}rect")
        if element.get("fill") != "white" and element.get("height") != "12"
    ]
    heights = dict(bars)
    assert len(bars) == 3
    unit = heights["#2a78b5"] / 1500
    assert heights["#9db8cc"] == pytest.approx(1600 * unit, abs=0.1)
    assert heights["#d5dfe6"] == pytest.approx(2000 * unit, abs=0.1)
    assert {"1500", "1600", "2000"} <= {element.text for element in svg.iter(f"{space}text")}


def test_rows_come_back_from_their_json(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"rows": [ROW.as_dict()]}), encoding="utf-8")
    assert load_rows(path) == [ROW]


@pytest.mark.parametrize(("name", "chinese"), [("README.md", False), ("README_cn.md", True)])
@pytest.mark.parametrize("stem", README_TABLES)
def test_the_readmes_show_what_was_measured(name, chinese, stem):
    rows = load_rows(ROOT / "docs" / f"{stem}.json")
    text = (ROOT / name).read_text(encoding="utf-8")
    table = text.partition(f"<!-- {stem} begins -->\n")[2].partition(f"\n<!-- {stem} ends -->")[0]
    assert table == markdown(rows, chinese=chinese)
    assert all(row.sustained.is_kept_up for row in rows)


def test_a_short_run_measures_the_live_node(tmp_path, monkeypatch, capsys):
    pytest.importorskip("rclpy", reason="ROS 2 (rclpy) is not installed: the live node needs it")
    for name in ("_QUIET_SECONDS", "_PROBE_SECONDS", "_ALONE_SECONDS"):
        monkeypatch.setattr(f"bench.ros_benchmark.{name}", 0.5)
    monkeypatch.setattr("bench.sustained._CLOSE", 1e9)  # one probe is enough
    monkeypatch.setenv("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
    output = tmp_path / "measured"
    status = main(["--ros", "--workers", "1", "--seconds", "1", "--output", str(output), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    ET.fromstring(output.with_suffix(".svg").read_text(encoding="utf-8"))
    (row,) = printed["rows"]
    assert status == (0 if row["is_kept_up"] else 1)
    assert 0 < row["quiet"]["read"] <= row["quiet"]["sent"] == 50  # a loaded machine may lose some
    assert 0.0 < row["quiet"]["p50_ms"] <= row["quiet"]["p99_ms"]
    assert row["plates_a_second"] > 0
    assert 0.0 < row["sustained"]["inference_cpu_us"] < row["sustained"]["cpu_us"]
    assert min(row["network_alone"], row["recognizer_alone"]) > 0
