"""DDR bandwidth, as the chip's own monitor counts it.

The vendor's driver ``axi_mon`` (github.com/D-Robotics/x5-kernel 395fa71, drivers/soc/hobot/ddr_monitor)
counts only while the vendor's tool ``hrut_ddr`` runs; its last figures then stand in debugfs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lprnet_ros.board.sysfs import UnreadableError, read_integer, read_text

ENABLE_FILE = "/sys/kernel/debug/axi_mon/enable"
STATISTICS_FILE = "/sys/kernel/debug/axi_mon/statistics"
"""Both root only; writing to the first would start the monitor."""

_PORT = re.compile(r"Port\[(\w{1,16})\]:$")
_PORT_BANDWIDTH = re.compile(r"\t(Read|Write)\s+Bandwidth\s+: ([0-9]{1,18}) Bytes/sec$")


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

    Raises:
        UnreadableError: it is not counting, closed to this user or absent.
    """
    if read_integer(prefix + ENABLE_FILE, 0, 1) == 0:
        raise UnreadableError("the vendor's monitor is not counting; sudo hrut_ddr -t all starts it")
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
