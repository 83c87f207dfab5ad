import contextlib
import os
import signal
import subprocess

import pytest
import rdk_x5
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.board import ddr_monitor
from lprnet_ros.board.bandwidth import (
    DdrBandwidth,
    PortBandwidth,
    mean_bandwidth,
    parse_statistics,
    parse_tool,
    read_bandwidth,
)
from lprnet_ros.board.ddr_monitor import DdrMonitor
from lprnet_ros.board.sysfs import UnreadableError

# an output of `hrut_ddr -t all -p 1000` that a user published
PUBLISHED = """\
Time 364160.876s
MB/S   P0:CPU   P1:BPU  P2:VIN  P3:CODEC  P4:GPU      SUM
Read :    110     4035        0        0        0     4145
Write:    103     1175        0        0        0     1278

Time 364161.330s
MB/S   P0:CPU   P1:BPU  P2:VIN  P3:CODEC  P4:GPU      SUM
Read :    126     3857        0        0        0     3983
Write:    119     1163        0        0        0     1282
"""
HEADER, READ, WRITE = PUBLISHED.splitlines()[1:4]
PORTS = {name: PortBandwidth(read << 20, write << 20) for name, (read, write) in rdk_x5.PORTS.items()}
rates = st.integers(0, 2**40)


def test_the_published_output_is_read():
    first, second = parse_tool(PUBLISHED.splitlines(keepends=True))
    assert first == DdrBandwidth(PORTS)
    assert (first.read, first.write) == (4145 << 20, 1278 << 20)
    assert second.ports["bpu"] == PortBandwidth(3857 << 20, 1163 << 20)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["port_type:ALL", "ret:-1"],
        [READ, WRITE],
        [HEADER, WRITE],
        [HEADER, WRITE, READ],
        [HEADER, READ, "MB/S   P0:CPU      SUM", WRITE],
        [HEADER, READ, WRITE.rsplit(maxsplit=1)[0]],
        [HEADER, READ + " 7", WRITE],
        ["P1:BPU     SUM  MB/S", "Read :   4035     ", "Write:   1175     "],
    ],
)
def test_what_is_no_whole_measurement_is_none(lines):
    assert list(parse_tool(lines)) == []


@given(st.lists(st.one_of(st.text(), st.sampled_from([HEADER, READ, WRITE]))))
def test_any_output_gives_whole_measurements_or_none(lines):
    for measurement in parse_tool(lines):
        assert measurement == DdrBandwidth(PORTS)


@given(st.dictionaries(st.sampled_from(list(PORTS)), st.tuples(rates, rates), min_size=1))
def test_the_drivers_statistics_are_read(ports):
    expected = {name: PortBandwidth(*rate) for name, rate in ports.items()}
    assert parse_statistics(rdk_x5.statistics_text(ports)).ports == expected


@pytest.mark.parametrize(
    "text",
    ["", "Port[cpu]:\n", rdk_x5.statistics_text().rsplit("\tWrite Bandwidth  ", 1)[0]],
)
def test_other_text_is_no_statistics(text):
    with pytest.raises(ValueError, match="these are no statistics"):
        parse_statistics(text)


@given(st.text())
def test_any_text_is_no_statistics(text):
    with pytest.raises(ValueError, match="these are no statistics"):
        parse_statistics(text)


def test_old_figures_of_a_monitor_that_does_not_count_are_not_shown(root):
    with pytest.raises(UnreadableError, match="is not counting"):
        read_bandwidth(str(root))
    (root / rdk_x5.AXI_MON / "enable").write_text("1\n")
    assert read_bandwidth(str(root)) == DdrBandwidth(PORTS)
    (root / rdk_x5.AXI_MON / "statistics").write_text("\n")
    with pytest.raises(UnreadableError, match="axi_mon/statistics: these are no statistics"):
        read_bandwidth(str(root))


def test_the_mean_is_taken_port_by_port():
    one = DdrBandwidth({"cpu": PortBandwidth(10, 0), "bpu": PortBandwidth(4, 8)})
    two = DdrBandwidth({"cpu": PortBandwidth(20, 2), "bpu": PortBandwidth(0, 0)})
    other = DdrBandwidth({"cpu": PortBandwidth(1000, 1000)})
    assert mean_bandwidth([other, one, two]).ports == {
        "cpu": PortBandwidth(15, 1),
        "bpu": PortBandwidth(2, 4),
    }
    with pytest.raises(ValueError, match="no measurement"):
        mean_bandwidth([])


@pytest.fixture
def started(monkeypatch):
    """The processes that a monitor starts."""
    processes = []
    really = subprocess.Popen

    def start(*arguments, **options):
        processes.append(really(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(ddr_monitor.subprocess, "Popen", start)
    yield processes
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def test_the_tool_is_read_while_it_runs_and_ended_as_by_ctrl_c(root, started):
    rdk_x5.add_tool(root)
    with DdrMonitor(root) as monitor:
        assert monitor.take() == DdrBandwidth(PORTS)
        assert monitor.take() == DdrBandwidth(PORTS)
        assert started[0].poll() is None
    assert started[0].returncode == 0
    assert len(started) == 1


def test_a_tool_that_does_not_end_is_killed(root, started, monkeypatch):
    monkeypatch.setattr(ddr_monitor, "_STOP_SECONDS", 0.2)
    rdk_x5.add_tool(root, rdk_x5.TOOL.replace("lambda *_: ended.append(1)", "signal.SIG_IGN"))
    with DdrMonitor(root) as monitor:
        monitor.take()
    assert started[0].returncode == -signal.SIGKILL


def test_a_tool_without_root_is_told_with_its_own_words(root):
    rdk_x5.add_tool(root, rdk_x5.CLOSED_TOOL)
    with DdrMonitor(root) as monitor:
        for _ in range(2):
            with pytest.raises(UnreadableError, match="it needs root; it said: port_type:ALL / ret:-1"):
                monitor.take()


def test_a_tool_that_prints_nothing_is_not_waited_for_for_ever(root):
    rdk_x5.add_tool(root, "#!/bin/sh\nexec sleep 60\n")
    with DdrMonitor(root) as monitor, pytest.raises(UnreadableError, match=r"printed no figure in 0.1 s"):
        monitor.take(0.1)


def test_a_board_without_the_tool_or_the_driver_says_so(root):
    with pytest.raises(UnreadableError, match=r"there is no .*/usr/bin/hrut_ddr, the vendor's tool"):
        DdrMonitor(root)
    rdk_x5.add_tool(root, "no program\n")
    os.chmod(root / "usr/bin/hrut_ddr", 0o644)
    with pytest.raises(UnreadableError, match="hrut_ddr cannot be started"):
        DdrMonitor(root)
    (root / "dev/axi_mon").unlink()
    with pytest.raises(UnreadableError, match="this kernel has no DDR monitor"):
        DdrMonitor(root)
