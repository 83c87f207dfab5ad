import builtins
import os
import shutil
import time
from pathlib import Path

import pytest
import rdk_x5
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lprnet_ros.board.sysfs
from lprnet_ros.board.telemetry import Telemetry, read_telemetry

EMPTY = Path("/dev/null/nothing")  # cannot be there on any machine

# file of the board, attribute that comes from it alone, its value on the full layout
SINGLE_FILES = [
    (rdk_x5.MODEL, "board_model", "D-Robotics RDK X5 V1.0"),
    (f"{rdk_x5.BPU}/ratio", "bpu_percent", 9),
    (f"{rdk_x5.DEVFREQ}/cur_freq", "bpu_hz", 996_000_000),
    (f"{rdk_x5.DEVFREQ}/min_freq", "bpu_min_hz", 498_000_000),
    (f"{rdk_x5.DEVFREQ}/max_freq", "bpu_max_hz", 1_000_000_000),
    (f"{rdk_x5.POLICY}/scaling_cur_freq", "cpu_khz", 1_200_000),
    (rdk_x5.LIMIT, "cpu_max_khz", 1_500_000),
    (rdk_x5.GOVERNOR, "cpu_governor", "schedutil"),
    (rdk_x5.BOOST, "is_cpu_boosted", False),
    ("sys/class/devfreq/soc:ddrc-freq/cur_freq", "ddr_hz", 4_266_000_000),
    (f"{rdk_x5.AXI_MON}/enable", "ddr_bandwidth", None),
    (f"{rdk_x5.HEAPS}/carveout", "ion", None),
]
each_file = pytest.mark.parametrize(
    ("file", "name", "value"), SINGLE_FILES, ids=[row[1] for row in SINGLE_FILES]
)
SENSORS = {"DDR": 46.6, "BPU": 45.9, "CPU": 46.1, "thermal-cpu": 46.1, "thermal-ddr": 46.6}


def known(telemetry):
    """The values by attribute, without the reasons."""
    names = {name for _, name, _ in SINGLE_FILES} | {"temperatures_celsius"}
    return {name: getattr(telemetry, name) for name in names}


def test_the_whole_layout_is_read(root):
    telemetry = read_telemetry(root, pids=[4321, 99, 12])
    for _, name, value in SINGLE_FILES:
        if value is not None:
            assert getattr(telemetry, name) == value, name
    assert telemetry.temperatures_celsius == SENSORS
    assert telemetry.ion.used_bytes == 1_163_264 + 4096 + 2 * 2**20 + 8192 + 4096
    assert telemetry.ion.size_bytes == (768 + 256) * 2**20
    assert telemetry.ion_process_bytes == {4321: 1_163_264 + 2 * 4096, 99: 2 * 2**20, 12: 0}
    assert set(telemetry.problems) == {"ddr_bandwidth"}
    assert "sudo hrut_ddr" in telemetry.problems["ddr_bandwidth"]


def test_the_pairs_are_what_is_known_in_a_fixed_order(root):
    (root / rdk_x5.AXI_MON / "enable").write_text("1\n")
    assert read_telemetry(root, pids=[4321]).as_pairs() == [
        ("board", "D-Robotics RDK X5 V1.0"),
        ("BPU occupancy (%)", "9"),
        ("BPU clock (MHz)", "996"),
        ("BPU clock, lowest (MHz)", "498"),
        ("BPU clock, highest (MHz)", "1000"),
        ("temperature DDR (°C)", "46.6"),
        ("temperature BPU (°C)", "45.9"),
        ("temperature CPU (°C)", "46.1"),
        ("temperature thermal-cpu (°C)", "46.1"),
        ("temperature thermal-ddr (°C)", "46.6"),
        ("CPU clock (MHz)", "1200"),
        ("CPU clock, highest (MHz)", "1500"),
        ("CPU governor", "schedutil"),
        ("CPU boost", "off"),
        ("DDR clock (MHz)", "4266"),
        ("ION memory used (MiB)", "3.12"),
        ("ION memory in all (MiB)", "1024.00"),
        ("ION memory of process 4321 (MiB)", "1.12"),
        ("DDR read (MiB/s)", "4145"),
        ("DDR write (MiB/s)", "1278"),
        ("DDR cpu read (MiB/s)", "110"),
        ("DDR cpu write (MiB/s)", "103"),
        ("DDR bpu read (MiB/s)", "4035"),
        ("DDR bpu write (MiB/s)", "1175"),
        *[
            (f"DDR {name} {verb} (MiB/s)", "0")
            for name in ("vin", "codec", "gpu")
            for verb in ("read", "write")
        ],
    ]


@each_file
def test_a_file_that_is_absent_costs_its_own_value_alone(root, file, name, value):
    before = known(read_telemetry(root))
    (root / file).unlink()
    telemetry = read_telemetry(root)
    if name == "ion":  # the other heaps are still there
        assert telemetry.ion.heaps.keys() == {"cma_reserved", "system"}
        return
    assert getattr(telemetry, name) is None
    assert f"there is no {root / file}" in telemetry.problems[name]
    assert known(telemetry) | {name: before[name]} == before


@each_file
@given(content=st.binary(max_size=300))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_file_of_garbage_costs_its_own_value_alone(root, file, name, value, content):
    path = root / file
    kept = path.read_bytes()
    before = known(read_telemetry(root))
    path.write_bytes(content)
    telemetry = read_telemetry(root)
    path.write_bytes(kept)
    found = getattr(telemetry, name)
    assert (found is None) == (name in telemetry.problems)
    if found is None:
        assert str(path) in telemetry.problems[name] or b"0" in content
        assert telemetry.problems[name].isprintable()
    assert known(telemetry) | {name: before[name]} == before
    assert all(isinstance(value, str) for _, value in telemetry.as_pairs())


@pytest.mark.parametrize(
    ("file", "name", "content", "reason"),
    [
        (f"{rdk_x5.BPU}/ratio", "bpu_percent", "101\n", "holds 101, expected 0 to 100"),
        (f"{rdk_x5.BPU}/ratio", "bpu_percent", "-1\n", "holds -1, expected 0 to 100"),
        (
            f"{rdk_x5.BPU}/ratio",
            "bpu_percent",
            "bpu not inited!\n",
            "'bpu not inited!', expected a whole number",
        ),
        (f"{rdk_x5.BPU}/ratio", "bpu_percent", "٣\n", "expected a whole number"),
        (f"{rdk_x5.BPU}/ratio", "bpu_percent", "1_0\n", "expected a whole number"),
        (f"{rdk_x5.BPU}/ratio", "bpu_percent", "9" * 5000, "expected a whole number"),
        (f"{rdk_x5.DEVFREQ}/cur_freq", "bpu_hz", "0\n", "holds 0, expected 1 to"),
        (rdk_x5.BOOST, "is_cpu_boosted", "2\n", "holds 2, expected 0 to 1"),
        (rdk_x5.MODEL, "board_model", "RDK\x1b[2J X5", "expected a line of text"),
        (rdk_x5.MODEL, "board_model", "RDK X5 " * 100, "expected a line of text"),
        (rdk_x5.GOVERNOR, "cpu_governor", "", "expected a line of text"),
        (rdk_x5.MODEL, "board_model", "a" * (1 << 21), "holds more than 1048576 bytes"),
    ],
)
def test_a_value_that_cannot_be_true_is_told(root, file, name, content, reason):
    (root / file).write_text(content)
    telemetry = read_telemetry(root)
    assert getattr(telemetry, name) is None
    assert reason in telemetry.problems[name]
    assert telemetry.problems[name].isprintable()


@pytest.mark.parametrize("sensor", ["temp1_input", "temp2_input", "temp3_input"])
@pytest.mark.parametrize("content", [None, "", "hot", "300001", "-100001"])
def test_a_sensor_that_fails_costs_its_own_temperature_alone(root, sensor, content):
    name = {"temp1_input": "DDR", "temp2_input": "BPU", "temp3_input": "CPU"}[sensor]
    path = root / rdk_x5.HWMON / sensor
    path.unlink() if content is None else path.write_text(content)
    telemetry = read_telemetry(root)
    assert telemetry.temperatures_celsius == {key: value for key, value in SENSORS.items() if key != name}
    assert str(path) in telemetry.problems[f"temperatures_celsius.{name}"]
    row = next(row for row in telemetry.as_rows() if row.name == f"temperature {name} (°C)")
    assert row.value is None
    assert str(path) in row.problem


def test_the_sensor_of_a_bpu_without_power_is_not_asked(root, monkeypatch):
    (root / rdk_x5.BPU / "power_enable").write_text("0\n")
    asked = []
    really = lprnet_ros.board.sysfs.read_bytes
    monkeypatch.setattr(lprnet_ros.board.sysfs, "read_bytes", lambda path: asked.append(path) or really(path))
    telemetry = read_telemetry(root)
    assert any(path.endswith("temp1_input") for path in asked)
    assert not any(path.endswith("temp2_input") for path in asked)
    assert telemetry.problems["temperatures_celsius.BPU"] == "the BPU is powered down"
    assert telemetry.bpu_percent == 9


def test_a_sensor_that_fails_when_it_is_read_is_told(root):
    sensor = root / rdk_x5.HWMON / "temp2_input"
    sensor.unlink()
    sensor.mkdir()  # opens, and fails on reading, as the driver does without power
    (root / rdk_x5.BPU / "power_enable").unlink()
    telemetry = read_telemetry(root)
    assert "BPU" not in telemetry.temperatures_celsius
    assert telemetry.problems["temperatures_celsius.BPU"] == f"{sensor}: Is a directory"


def test_sensors_are_found_by_name_and_not_by_number(root):
    (root / "sys/class/hwmon/hwmon0").rename(root / "sys/class/hwmon/hwmon3")
    rdk_x5.build(
        root, {"sys/class/hwmon/hwmon0/name": "tmp75c\n", "sys/class/hwmon/hwmon0/temp1_input": "1000\n"}
    )
    zones = root / rdk_x5.ZONES
    (zones / "thermal_zone0").rename(zones / "thermal_zone7")
    assert read_telemetry(root).temperatures_celsius == SENSORS


def test_two_zones_of_one_type_are_both_shown(root):
    rdk_x5.build(
        root,
        {
            f"{rdk_x5.ZONES}/thermal_zone10/type": "thermal-cpu",
            f"{rdk_x5.ZONES}/thermal_zone10/temp": "50000",
        },
    )
    celsius = read_telemetry(root).temperatures_celsius
    assert (celsius["thermal-cpu"], celsius["thermal-cpu 2"]) == (46.1, 50.0)


def test_a_board_without_sensors_says_so_in_one_row(root):
    shutil.rmtree(root / "sys/class/hwmon")
    shutil.rmtree(root / rdk_x5.ZONES)
    rows = [row for row in read_telemetry(root).as_rows() if "temperature" in row.name]
    assert [(row.value, row.problem) for row in rows] == [
        (None, "there is neither a sensor named pvt nor a thermal zone")
    ]


def test_the_clock_of_the_bpu_is_found_on_older_kernels(root):
    (root / rdk_x5.DEVFREQ).rename(root / rdk_x5.BPU / "bpufreq")
    (root / rdk_x5.BPU / "devfreq").rmdir()
    telemetry = read_telemetry(root)
    assert (telemetry.bpu_min_hz, telemetry.bpu_hz, telemetry.bpu_max_hz) == (498_000_000, 996_000_000, 10**9)
    shutil.rmtree(root / rdk_x5.BPU / "bpufreq")
    assert "devfreq/cur_freq" in read_telemetry(root).problems["bpu_hz"]


def test_what_is_closed_to_this_user_is_told(root, monkeypatch):
    closed = str(root / "sys/kernel/debug")
    really_open, really_list = builtins.open, os.listdir

    def refuse(path):
        if str(path).startswith(closed):
            raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(builtins, "open", lambda path, *rest: refuse(path) or really_open(path, *rest))
    monkeypatch.setattr(os, "listdir", lambda path: refuse(path) or really_list(path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    telemetry = read_telemetry(root, pids=[4321])
    assert telemetry.ion is telemetry.ddr_bandwidth is None
    assert telemetry.problems == {
        "ion": f"{root / rdk_x5.HEAPS} is open to root only",
        "ddr_bandwidth": f"{root / rdk_x5.AXI_MON}/enable is open to root only",
    }
    assert telemetry.ion_process_bytes == {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)  # a kernel that is locked down
    assert read_telemetry(root).problems["ion"] == f"{root / rdk_x5.HEAPS}: Permission denied"


def test_a_machine_that_has_nothing_of_it_tells_nothing():
    telemetry = read_telemetry(EMPTY, pids=[1])
    assert telemetry.as_pairs() == []
    rows = telemetry.as_rows()
    assert len(rows) > 10
    assert all(row.value is None and row.problem not in ("", "not read") for row in rows)


def test_nothing_is_written_and_nothing_created(root):
    def tree():
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = tree()
    for path in [root, *root.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    read_telemetry(root, pids=[4321])
    for path in [root, *root.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    assert tree() == before


def test_telemetry_that_was_never_read_has_a_row_for_everything_and_no_pair():
    assert Telemetry().as_pairs() == []
    assert {row.problem for row in Telemetry().as_rows()} == {"not read"}


def test_reading_all_of_it_is_cheap(root):
    """The least of many, so that a busy machine does not matter; the wait for real sensors is not in it."""
    took = []
    for _ in range(50):
        started = time.thread_time()
        read_telemetry(root, pids=[4321]).as_pairs()
        took.append(time.thread_time() - started)
    assert min(took) < 2e-3
