"""Temperatures of the chip, by name."""

from __future__ import annotations

from collections.abc import Iterator

from lprnet_ros.board.sysfs import UnreadableError, line_or_nothing, names_in, read_integer

HWMON_FOLDER = "/sys/class/hwmon"
THERMAL_FOLDER = "/sys/class/thermal"
BPU_POWER_FILE = "/sys/devices/system/bpu/bpu0/power_enable"

PVT_SENSORS = {"temp1_input": "DDR", "temp2_input": "BPU", "temp3_input": "CPU"}
"""Sensors of the hwmon device ``pvt``, as ``hrut_somstatus`` names them
(github.com/D-Robotics/x5-hobot-utils d8061c8)."""

_MILLIDEGREES = (-100_000, 300_000)


def read_temperatures(prefix: str) -> tuple[dict[str, float], dict[str, str]]:
    """Read every sensor.

    The sensor in the BPU is not asked while the BPU is powered down: the driver would try for
    40 ms and fail (x5-kernel 395fa71, drivers/hwmon/mr75203.c).

    Returns:
        Degrees C by name: ``DDR``, ``BPU``, ``CPU`` of ``pvt``, then the thermal
        zones by their type (their numbers differ between releases); and for those
        that could not be read, why.
    """
    celsius: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name, path in [*_pvt_files(prefix), *_zone_files(prefix)]:
        if name in celsius or name in problems:
            continue
        if name == "BPU" and is_bpu_powered_down(prefix):
            problems[name] = "the BPU is powered down"
            continue
        try:
            celsius[name] = read_integer(path, *_MILLIDEGREES) / 1000
        except UnreadableError as error:
            problems[name] = str(error)
    return celsius, problems


def is_bpu_powered_down(prefix: str) -> bool:
    """Tell whether the BPU is known to be without power."""
    try:
        return read_integer(prefix + BPU_POWER_FILE, 0, 1) == 0
    except UnreadableError:
        return False  # unknown: its sensor itself will tell


def _pvt_files(prefix: str) -> Iterator[tuple[str, str]]:
    for folder in _folders(prefix + HWMON_FOLDER, "hwmon"):
        if line_or_nothing(f"{folder}/name") == "pvt":
            yield from ((name, f"{folder}/{file}") for file, name in PVT_SENSORS.items())
            return


def _zone_files(prefix: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for folder in _folders(prefix + THERMAL_FOLDER, "thermal_zone"):
        kind = line_or_nothing(f"{folder}/type")
        if not kind:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        yield kind if seen[kind] == 1 else f"{kind} {seen[kind]}", f"{folder}/temp"


def _folders(parent: str, beginning: str) -> list[str]:
    return [f"{parent}/{name}" for name in names_in(parent) if name.startswith(beginning)]
