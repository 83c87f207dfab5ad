import contextlib
import importlib
import json
import os
import tempfile
from pathlib import Path

import pytest

from lprnet_ros.cli.board import main


@pytest.fixture
def x5():
    """The stand-in of an RDK X5."""
    return importlib.import_module("rdk_x5")


@pytest.fixture
def root(x5, tmp_path):
    return x5.build(tmp_path)


@pytest.fixture
def kernel(x5, root, monkeypatch):
    kernel = x5.Kernel(root)
    monkeypatch.setattr("lprnet_ros.board.sysfs.write_value", kernel.write)
    return kernel


def run(root, *arguments):
    return main(["--root", str(root), *arguments])


def rows(text):
    """A table's lines as (name, value)."""
    return dict(line.split("  ", 1) for line in text.splitlines())


def test_the_table_shows_everything_and_why_something_is_missing(root, x5, capsys):
    (root / x5.BPU / "power_enable").write_text("0\n")
    assert run(root, "--pid", "4321", "12") == 0
    shown = {name: value.strip() for name, value in rows(capsys.readouterr().out).items()}
    assert shown["board"] == "D-Robotics RDK X5 V1.0"
    assert shown["BPU occupancy (%)"] == "9"
    assert shown["temperature DDR (°C)"] == "46.6"
    assert shown["temperature BPU (°C)"] == "not available: the BPU is powered down"
    assert shown["ION memory of process 4321 (MiB)"] == "1.12"
    assert shown["ION memory of process 12 (MiB)"] == "0.00"
    assert shown["DDR bandwidth (MiB/s)"].startswith("not available: the vendor's monitor is not counting")


def test_the_values_of_the_table_stand_below_one_another(root, capsys):
    assert run(root) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines[0].index("D-Robotics")
    assert all(line[start - 2 : start] == "  " and line[start] != " " for line in lines)


def test_the_json_has_every_value_and_every_reason(root, capsys):
    assert run(root, "--json", "--pid", "4321") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["board_model"] == "D-Robotics RDK X5 V1.0"
    assert values["temperatures_celsius"]["BPU"] == 45.9
    assert values["ion"]["size_bytes"] == 1024 * 2**20
    assert values["ion"]["used_bytes"] == sum(heap["used_bytes"] for heap in values["ion"]["heaps"].values())
    assert values["ion_process_bytes"] == {"4321": 1_163_264 + 2 * 4096}
    assert values["ddr_bandwidth"] is None
    assert list(values["problems"]) == ["ddr_bandwidth"]


def test_watch_shows_again_and_again_until_ctrl_c(root, x5, capsys, monkeypatch):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        (root / x5.BPU / "ratio").write_text(f"{9 + len(pauses)}\n")
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("lprnet_ros.cli.board.time.sleep", sleep)
    assert run(root, "--watch", "2", "--json") == 0
    printed = [json.loads(line)["bpu_percent"] for line in capsys.readouterr().out.splitlines()]
    assert printed == [9, 10, 11]
    assert all(0 < seconds <= 2 for seconds in pauses)


def test_watch_parts_its_tables_by_an_empty_line(root, capsys, monkeypatch):
    pauses = iter([None])
    monkeypatch.setattr("lprnet_ros.cli.board.time.sleep", lambda seconds: next(pauses))
    with pytest.raises(StopIteration):  # at the second pause
        run(root, "--watch", "1")
    first, second = capsys.readouterr().out.strip("\n").split("\n\n")
    assert first == second


def test_the_bandwidth_is_shown_while_the_vendors_tool_counts(root, x5, capsys):
    (root / x5.AXI_MON / "enable").write_text("1\n")
    assert run(root) == 0
    assert rows(capsys.readouterr().out)["DDR read (MiB/s)"].strip() == "4145"
    assert run(root, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["ddr_bandwidth"]["read"], values["ddr_bandwidth"]["write"]) == (4145 << 20, 1278 << 20)
    assert values["ddr_bandwidth"]["ports"]["bpu"] == {"read": 4035 << 20, "write": 1175 << 20}
    assert values["problems"] == {}


def test_a_dry_run_shows_what_would_be_written_and_writes_nothing(root, kernel, capsys):
    assert run(root, "--performance", "on", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "0 -> 1",
        "schedutil -> performance",
        "996000000 -> 1200000000",
        "nothing was written (--dry-run)",
    ]
    assert "/sys/devices/system/cpu/cpufreq/boost" in lines[0]
    assert kernel.writes == []
    assert not (root / "run/lprnet_ros").exists()


def test_on_shows_first_then_writes_and_off_puts_back(root, x5, kernel, capsys):
    assert run(root, "--performance", "on") == 0
    shown = capsys.readouterr().out
    assert "996000000 -> 1200000000" in shown
    assert shown.splitlines()[-1].startswith("done: every value was read back. lpr_board --performance off")
    assert kernel.get(x5.CLOCK) == "1200000000"
    assert run(root, "--performance", "on") == 0
    shown = capsys.readouterr().out
    assert "1200000000, stays" in shown
    assert shown.splitlines()[-1] == "nothing to do: all of it is in force already"
    assert run(root, "--performance", "off") == 0
    assert "1200000000 -> 996000000" in capsys.readouterr().out
    assert kernel.get(x5.CLOCK) == "996000000"
    assert run(root, "--performance", "off") == 0
    assert capsys.readouterr().out.startswith("nothing to put back")


def test_a_refused_value_ends_with_status_1_and_what_holds_now(root, x5, kernel, capsys):
    kernel.refused = {x5.CLOCK}
    assert run(root, "--performance", "on") == 1
    error = capsys.readouterr().err
    assert error.startswith("lpr_board: 1200000000 was not taken: ")
    assert error.endswith("all that had been written was put back\n")
    assert error.count("\n") == 1


@pytest.fixture
def somebody():
    """Lets a block run as a user who is not root."""

    @contextlib.contextmanager
    def as_somebody():
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    return as_somebody


def test_without_root_one_sentence_names_the_file_and_sudo(x5, somebody, capsys):
    """With the file system's own answers."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        root = x5.build(Path(folder))
        root.chmod(0o755)
        assert run(root, "--performance", "on", "--dry-run") == 0
        capsys.readouterr()
        debug = root / "sys/kernel/debug"
        debug.chmod(0)
        with somebody():
            status = run(root, "--performance", "on")
        debug.chmod(0o755)
        shown = capsys.readouterr()
        clock = root / x5.CLOCK
        assert status == 1
        assert "schedutil -> performance" in shown.out
        assert f"unknown ({clock} is open to root only) -> 1200000000" in shown.out
        assert (
            shown.err
            == f"lpr_board: {clock} is open to root only; run this with sudo (nothing was written)\n"
        )
        assert (root / x5.BOOST).read_text() == "0\n"


def test_without_root_the_table_shows_what_is_open_to_all(x5, somebody, capsys):
    with tempfile.TemporaryDirectory() as folder:
        root = x5.build(Path(folder))
        root.chmod(0o755)
        (root / "sys/kernel/debug").chmod(0)
        with somebody():
            status = run(root)
        (root / "sys/kernel/debug").chmod(0o755)
        shown = rows(capsys.readouterr().out)
        assert status == 0
        assert shown["BPU occupancy (%)"].strip() == "9"
        assert shown["ION memory used (MiB)"].strip().endswith("ion/heaps is open to root only")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--json"],
        ["--watch", "1"],
        *[["--performance", state] for state in ("on", "off")],
    ],
)
def test_on_another_machine_one_sentence_says_so(tmp_path, arguments, capsys):
    assert run(tmp_path, *arguments) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    model = tmp_path / "proc/device-tree/model"
    assert shown.err == f"lpr_board: this machine is no RDK X5 (there is no {model})\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--watch", "0"],
        ["--watch", "-1"],
        ["--watch", "nan"],
        ["--watch", "inf"],
        ["--performance", "on", "--json"],
        ["--performance", "on", "--watch", "1"],
        ["--performance", "on", "--pid", "1"],
        ["--performance", "maybe"],
        ["--dry-run"],
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(root, kernel, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run(root, *arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().out == ""
    assert kernel.writes == []
