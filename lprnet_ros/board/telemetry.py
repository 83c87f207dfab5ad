"""What the board can tell of itself at a moment: load, clocks, temperatures, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from lprnet_ros.board.bandwidth import DdrBandwidth, read_bandwidth
from lprnet_ros.board.identity import MODEL_FILE
from lprnet_ros.board.ion import IonMemory, read_ion
from lprnet_ros.board.sysfs import UnreadableError, names_in, prefix_of, read_integer, read_line
from lprnet_ros.board.temperatures import read_temperatures

BPU_FOLDER = "/sys/devices/system/bpu/bpu0"  # the X5's only core
CPU_FOLDER = "/sys/devices/system/cpu/cpufreq"
DDR_FILE = "/sys/class/devfreq/soc:ddrc-freq/cur_freq"

_HERTZ = (1, 100_000_000_000)
_KILOHERTZ = (1, 100_000_000)
_MEBIBYTE = 1 << 20

_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """One line about the board: a value, or why there is none."""

    name: str
    value: str | None
    problem: str = ""


@dataclass(frozen=True)
class Telemetry:
    """The board at a moment; None is what could not be read.

    Attributes:
        board_model: as the device tree names it.
        bpu_percent: occupancy of the BPU in its last statistics window, 0 to 100.
        bpu_hz: the BPU's clock; ``bpu_min_hz`` and ``bpu_max_hz`` are the limits of
            its governor, not of a clock that was set past it.
        temperatures_celsius: by name, see ``read_temperatures``.
        cpu_khz: clock of the CPU's eight cores, which share one.
        cpu_max_khz: the limit that holds now, by boost, user or heat.
        cpu_governor: what chooses the clock of the CPU.
        is_cpu_boosted: whether clocks above the CPU's nominal one are allowed.
        ddr_hz: the memory's clock, as its driver counts it.
        ion: ION memory; root only.
        ion_process_bytes: ION memory that each process asked about holds, by its id.
        ddr_bandwidth: what the chip's monitor counts; only while somebody started it.
        problems: why a value is None, by the attribute's name; for a temperature
            ``temperatures_celsius.`` and its name.
    """

    board_model: str | None = None
    bpu_percent: int | None = None
    bpu_hz: int | None = None
    bpu_min_hz: int | None = None
    bpu_max_hz: int | None = None
    temperatures_celsius: Mapping[str, float] = field(default_factory=dict)
    cpu_khz: int | None = None
    cpu_max_khz: int | None = None
    cpu_governor: str | None = None
    is_cpu_boosted: bool | None = None
    ddr_hz: int | None = None
    ion: IonMemory | None = None
    ion_process_bytes: Mapping[int, int] = field(default_factory=dict)
    ddr_bandwidth: DdrBandwidth | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    def as_pairs(self) -> list[tuple[str, str]]:
        """Return names and values of what is known, in a fixed order, for a diagnostic status."""
        return [(row.name, row.value) for row in self.as_rows() if row.value is not None]

    def as_rows(self) -> list[Row]:
        """Return a line for everything, also for what is not known, in a fixed order."""
        rows = [
            self._row("board", "board_model", str),
            self._row("BPU occupancy (%)", "bpu_percent", str),
            self._row("BPU clock (MHz)", "bpu_hz", _megahertz),
            self._row("BPU clock, lowest (MHz)", "bpu_min_hz", _megahertz),
            self._row("BPU clock, highest (MHz)", "bpu_max_hz", _megahertz),
            *self._temperature_rows(),
            self._row("CPU clock (MHz)", "cpu_khz", lambda khz: _megahertz(1000 * khz)),
            self._row("CPU clock, highest (MHz)", "cpu_max_khz", lambda khz: _megahertz(1000 * khz)),
            self._row("CPU governor", "cpu_governor", str),
            self._row("CPU boost", "is_cpu_boosted", lambda is_on: "on" if is_on else "off"),
            self._row("DDR clock (MHz)", "ddr_hz", _megahertz),
            self._row("ION memory used (MiB)", "ion", lambda ion: _mebibytes(ion.used_bytes)),
        ]
        if self.ion is not None:
            rows.append(Row("ION memory in all (MiB)", _mebibytes(self.ion.size_bytes)))
        for pid, size in self.ion_process_bytes.items():
            rows.append(Row(f"ION memory of process {pid} (MiB)", _mebibytes(size)))
        return rows + self._bandwidth_rows()

    def _temperature_rows(self) -> list[Row]:
        name, start = "temperature {} (°C)", "temperatures_celsius"
        rows = [Row(name.format(one), f"{value:.1f}") for one, value in self.temperatures_celsius.items()]
        cold = [(key.partition(".")[2], why) for key, why in self.problems.items() if key.startswith(start)]
        rows += [Row(name.format(one), None, why) for one, why in cold if one]
        return rows or [Row("temperatures (°C)", None, self.problems.get(start, "not read"))]

    def _bandwidth_rows(self) -> list[Row]:
        bandwidth = self.ddr_bandwidth
        if bandwidth is None:
            return [self._row("DDR bandwidth (MiB/s)", "ddr_bandwidth", str)]
        every = [("DDR", bandwidth.read, bandwidth.write)]
        every += [(f"DDR {name}", port.read, port.write) for name, port in bandwidth.ports.items()]
        return [
            Row(f"{name} {verb} (MiB/s)", f"{value / _MEBIBYTE:.0f}")
            for name, read, write in every
            for verb, value in (("read", read), ("write", write))
        ]

    def _row(self, name: str, key: str, show: Callable[..., str]) -> Row:
        value = getattr(self, key)
        return Row(name, None if value is None else show(value), self.problems.get(key, "not read"))


def read_telemetry(root: Path = Path("/"), pids: Iterable[int] = ()) -> Telemetry:
    """Read all that the board tells; nothing is written, started or raised.

    Args:
        root: where the board's files lie.
        pids: processes whose ION memory is wanted.
    """
    prefix = prefix_of(root)
    problems: dict[str, str] = {}

    def take(name: str, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except UnreadableError as error:
            problems[name] = str(error)
            return None

    model = take("board_model", lambda: read_line(prefix + MODEL_FILE))
    percent = take("bpu_percent", lambda: read_integer(f"{prefix}{BPU_FOLDER}/ratio", 0, 100))
    clocks = _bpu_clock_folder(prefix)
    bpu_hz, bpu_min_hz, bpu_max_hz = (
        take(name, partial(read_integer, f"{clocks}/{file}", *_HERTZ))
        for name, file in (("bpu_hz", "cur_freq"), ("bpu_min_hz", "min_freq"), ("bpu_max_hz", "max_freq"))
    )
    celsius, cold = read_temperatures(prefix)
    problems.update((f"temperatures_celsius.{name}", why) for name, why in cold.items())
    if not celsius and not cold:
        problems["temperatures_celsius"] = "there is neither a sensor named pvt nor a thermal zone"
    policy = f"{prefix}{CPU_FOLDER}/policy0"
    boost = take("is_cpu_boosted", lambda: read_integer(f"{prefix}{CPU_FOLDER}/boost", 0, 1))
    ion = take("ion", lambda: read_ion(prefix))
    return Telemetry(
        board_model=model,
        bpu_percent=percent,
        bpu_hz=bpu_hz,
        bpu_min_hz=bpu_min_hz,
        bpu_max_hz=bpu_max_hz,
        temperatures_celsius=celsius,
        cpu_khz=take("cpu_khz", lambda: read_integer(f"{policy}/scaling_cur_freq", *_KILOHERTZ)),
        cpu_max_khz=take("cpu_max_khz", lambda: read_integer(f"{policy}/scaling_max_freq", *_KILOHERTZ)),
        cpu_governor=take("cpu_governor", lambda: read_line(f"{policy}/scaling_governor")),
        is_cpu_boosted=None if boost is None else bool(boost),
        ddr_hz=take("ddr_hz", lambda: read_integer(prefix + DDR_FILE, *_HERTZ)),
        ion=ion,
        ion_process_bytes={} if ion is None else {pid: ion.bytes_of(pid) for pid in pids},
        ddr_bandwidth=take("ddr_bandwidth", lambda: read_bandwidth(prefix)),
        problems=problems,
    )


def _bpu_clock_folder(prefix: str) -> str:
    """Return the folder of the BPU's clocks: ``devfreq/3a000000.bpu``, on older kernels ``bpufreq``."""
    newer = f"{prefix}{BPU_FOLDER}/devfreq"
    if names := names_in(newer):
        return f"{newer}/{names[0]}"
    older = f"{prefix}{BPU_FOLDER}/bpufreq"
    return older if names_in(older) else newer  # what is missing is reported by its newer name


def _megahertz(hertz: int) -> str:
    return f"{hertz / 1e6:.0f}"


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.2f}"
