"""``lpr_board``: what the RDK X5 tells of itself, and the article's performance settings."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from lprnet_ros.board.ddr_monitor import DdrMonitor
from lprnet_ros.board.found_values import STATE_FILE, PerformanceError
from lprnet_ros.board.identity import NotAnRdkError, require_rdk
from lprnet_ros.board.performance import Change, apply, plan
from lprnet_ros.board.sysfs import UnreadableError
from lprnet_ros.board.telemetry import Telemetry, read_telemetry

_CLEAR = "\x1b[H\x1b[J"


def main(arguments: list[str] | None = None) -> int:
    """Show the board's state, or change its settings.

    Args:
        arguments: the command line; None is this process's.

    Returns:
        The exit status: 0, or 1 where this is no RDK X5 or a setting was not changed.
    """
    parser = argparse.ArgumentParser(
        prog="lpr_board",
        description="Show load, clocks, temperatures and memory of an RDK X5; as root also its ION memory.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, with --watch one a line")
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="show again and again, until Ctrl-C")
    parser.add_argument(
        "--pid", type=int, nargs="+", default=[], help="processes whose ION memory is to be shown (root)"
    )
    parser.add_argument(
        "--bandwidth",
        action="store_true",
        help="start the vendor's hrut_ddr to count DDR bandwidth, for as long as this command runs (root)",
    )
    parser.add_argument(
        "--performance",
        choices=("on", "off"),
        help="on: CPU boost, governor performance and a BPU clock of 1.2 GHz, which is past its "
        "specification and heats the board; off: put back exactly what was there (root)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --performance: only show what it would write"
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        metavar="PATH",
        help="where the board's files lie (default: /)",
    )
    options = parser.parse_args(arguments)
    if options.watch is not None and not 0 < options.watch <= 86_400:
        parser.error("--watch is more than 0 seconds, and at most a day")
    if options.performance and (options.json or options.watch or options.bandwidth or options.pid):
        parser.error("--performance goes with --dry-run and --root alone")
    if options.dry_run and not options.performance:
        parser.error("--dry-run goes with --performance")
    try:
        return _performance(options) if options.performance else _show(options)
    except (NotAnRdkError, PerformanceError) as error:
        print(f"lpr_board: {error}", file=sys.stderr)
        return 1


def _show(options: argparse.Namespace) -> int:
    require_rdk(options.root)
    with contextlib.suppress(KeyboardInterrupt):  # the way to end --watch
        for index, telemetry in enumerate(_measurements(options)):
            if options.json:
                print(json.dumps(_as_json(telemetry), ensure_ascii=False), flush=True)
                continue
            if options.watch and sys.stdout.isatty():
                print(_CLEAR, end="")
            elif index:
                print()
            print(
                _table(
                    [(row.name, row.value or f"not available: {row.problem}") for row in telemetry.as_rows()]
                )
            )
            sys.stdout.flush()
    return 0


def _measurements(options: argparse.Namespace) -> Iterator[Telemetry]:
    """Read the board once, or as often as ``--watch`` says."""
    with contextlib.ExitStack() as stack:
        monitor: DdrMonitor | None = None
        problem = ""
        # where somebody else's monitor counts, a second one would stop it
        if options.bandwidth and read_telemetry(options.root).ddr_bandwidth is None:
            try:
                monitor = stack.enter_context(DdrMonitor(options.root))
            except UnreadableError as error:
                problem = str(error)
        while True:
            started = time.monotonic()
            if monitor is None:
                telemetry = _with_problem(read_telemetry(options.root, options.pid), problem)
            else:
                telemetry = _with_bandwidth(monitor, options)
            yield telemetry
            if not options.watch:
                return
            time.sleep(max(0.0, started + options.watch - time.monotonic()))


def _with_bandwidth(monitor: DdrMonitor, options: argparse.Namespace) -> Telemetry:
    """Wait for the bandwidth of the last second, then read the rest."""
    try:
        bandwidth = monitor.take()
    except UnreadableError as error:
        return _with_problem(read_telemetry(options.root, options.pid), str(error))
    telemetry = read_telemetry(options.root, options.pid)
    problems = {name: why for name, why in telemetry.problems.items() if name != "ddr_bandwidth"}
    return replace(telemetry, ddr_bandwidth=bandwidth, problems=problems)


def _with_problem(telemetry: Telemetry, problem: str) -> Telemetry:
    """Tell why the bandwidth that was asked for is not there, if it is not."""
    if not problem or telemetry.ddr_bandwidth is not None:
        return telemetry
    return replace(telemetry, problems={**telemetry.problems, "ddr_bandwidth": problem})


def _performance(options: argparse.Namespace) -> int:
    is_on = options.performance == "on"
    changes = plan(options.root, is_on)
    if not changes:
        print("nothing to put back: nothing was switched on since the board started")
        return 0
    print(_plan_table(changes))
    if options.dry_run:
        print("nothing was written (--dry-run)")
        return 0
    sys.stdout.flush()
    apply(options.root, is_on)
    if not is_on:
        print("done: every value was read back; all is as it was found")
    elif any(change.is_needed for change in changes):
        print(
            f"done: every value was read back. lpr_board --performance off puts back what {STATE_FILE} keeps"
        )
    else:
        print("nothing to do: all of it is in force already")
    return 0


def _plan_table(changes: Sequence[Change]) -> str:
    lines = []
    for change in changes:
        now = change.now if change.now is not None else f"unknown ({change.problem})"
        lines.append(
            (change.name, change.path, f"{now} -> {change.wanted}" if change.is_needed else f"{now}, stays")
        )
    return _table(lines)


def _as_json(telemetry: Telemetry) -> dict[str, object]:
    values = asdict(telemetry)
    if telemetry.ion is not None:
        values["ion"] |= {"used_bytes": telemetry.ion.used_bytes, "size_bytes": telemetry.ion.size_bytes}
    if telemetry.ddr_bandwidth is not None:
        bandwidth = telemetry.ddr_bandwidth
        values["ddr_bandwidth"] |= {"read": bandwidth.read, "write": bandwidth.write}
    return values


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
