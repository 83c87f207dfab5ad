"""DDR bandwidth, as the chip's own monitor counts it.

The counters belong to the vendor's driver ``axi_mon`` (github.com/D-Robotics/x5-kernel
395fa71, drivers/soc/hobot/ddr_monitor).  It counts only while somebody has started
it: that is what ``hrut_ddr`` does, and what nothing here does.  While it counts, its
last figures stand in debugfs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lprnet_ros.board.sysfs import UnreadableError, read_integer, read_text

ENABLE_FILE = "/sys/kernel/debug/axi_mon/enable"
STATISTICS_FILE = "/sys/kernel/debug/axi_mon/statistics"
"""Both root only; writing to the first would start the monitor."""

_PORT = re.compile(r"Port\[(\w{1,16})\]:$")
_PORT_BANDWIDTH = re.compile(r"\t(Read|Write)\s+Bandwidth\s+: ([0-9]{1,18}) Bytes/sec$")
_TOOL_HEADER = re.compile(r"MB/S((?:\s+P[0-9]:\w+)+)\s+SUM$")
_TOOL_ROW = re.compile(r"(Read |Write):((?:\s+[0-9]{1,12})+)\s*$")
_MEBIBYTE = 1 << 20  # the tool shifts bytes by 20 bits and calls it MB/S


@dataclass(frozen=True)
class PortBandwidth:
    """Of one user of the memory, in bytes a second."""

    read: int
    write: int


@dataclass(frozen=True)
class DdrBandwidth:
    """Of every user of the memory: on the X5 ``cpu``, ``bpu``, ``vin``, ``codec`` and ``gpu``."""

    ports: Mapping[str, PortBandwidth]

    @property
    def read(self) -> int:
        """Bytes a second that all read together."""
        return sum(port.read for port in self.ports.values())

    @property
    def write(self) -> int:
        """Bytes a second that all write together."""
        return sum(port.write for port in self.ports.values())


def read_bandwidth(prefix: str) -> DdrBandwidth:
    """Read what the monitor counted in its last session, if it is counting.

    Args:
        prefix: comes before the absolute paths; empty for this machine.

    Raises:
        UnreadableError: it is not counting, closed to this user or absent.
    """
    if read_integer(prefix + ENABLE_FILE, 0, 1) == 0:
        raise UnreadableError("the vendor's monitor is not counting; lpr_board --bandwidth starts it")
    path = prefix + STATISTICS_FILE
    try:
        return parse_statistics(read_text(path))
    except ValueError as error:
        raise UnreadableError(f"{path}: {error}") from error


def parse_statistics(text: str) -> DdrBandwidth:
    """Read the driver's text (``port_stat_show`` in horizon_axi_monitor_debugfs.c).

    Raises:
        ValueError: it is something else.
    """
    found: dict[str, dict[str, int]] = {}
    port: dict[str, int] | None = None
    for line in text.split("\n"):
        if match := _PORT.match(line):
            port = found.setdefault(match[1].lower(), {})
        elif port is not None and (match := _PORT_BANDWIDTH.match(line)):
            port[match[1]] = int(match[2])
    if not found or any(set(values) != {"Read", "Write"} for values in found.values()):
        raise ValueError("these are no statistics of the DDR monitor")
    return DdrBandwidth({name: PortBandwidth(v["Read"], v["Write"]) for name, v in found.items()})


def parse_tool(lines: Iterable[str]) -> Iterator[DdrBandwidth]:
    """Read what ``hrut_ddr -t all`` prints: again and again a time, a header and two rows.

    The layout is that of the binary's own format strings (x5-hobot-utils d8061c8,
    debian/usr/bin/hrut_ddr) and of a real output that a user published::

        Time 364160.876s
        MB/S   P0:CPU   P1:BPU  P2:VIN  P3:CODEC  P4:GPU      SUM
        Read :    110     4035        0        0        0     4145
        Write:    103     1175        0        0        0     1278

    Args:
        lines: of its standard output; all others are passed over.

    Yields:
        One measurement for each pair of rows.
    """
    names: list[str] = []
    reads: list[int] = []
    for line in lines:
        if match := _TOOL_HEADER.match(line.rstrip()):
            names = [column.split(":")[1].lower() for column in match[1].split()]
            reads = []
        elif match := _TOOL_ROW.match(line):
            values = [int(value) * _MEBIBYTE for value in match[2].split()][:-1]  # the last is their sum
            if len(values) != len(names):
                names, reads = [], []
            elif match[1] == "Read ":
                reads = values
            elif reads:
                columns = zip(names, reads, values, strict=True)
                yield DdrBandwidth({name: PortBandwidth(read, write) for name, read, write in columns})
                names, reads = [], []


def mean_bandwidth(measurements: Iterable[DdrBandwidth]) -> DdrBandwidth:
    """Average measurements; those of other ports than the last one's are left out.

    Raises:
        ValueError: there is none.
    """
    every = list(measurements)
    if not every:
        raise ValueError("no measurement to average")
    every = [one for one in every if one.ports.keys() == every[-1].ports.keys()]
    return DdrBandwidth(
        {
            name: PortBandwidth(
                sum(one.ports[name].read for one in every) // len(every),
                sum(one.ports[name].write for one in every) // len(every),
            )
            for name in every[0].ports
        }
    )
