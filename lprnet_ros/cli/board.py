"""``lpr_board``: what the RDK X5 tells of itself, and the article's performance settings."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lprnet_ros.board.identity import require_rdk
from lprnet_ros.board.performance import STATE_FILE, Change, apply, plan
from lprnet_ros.board.proof import CONTRADICTED, conclude, run_step
from lprnet_ros.board.proof_report import write_report
from lprnet_ros.board.proof_steps import CHECKOUT, commands
from lprnet_ros.board.telemetry import Telemetry, read_telemetry
from lprnet_ros.cli.common import UserError, parse, run
from lprnet_ros.models.find import find_model
from lprnet_ros.text.console import program

_CLEAR = "\x1b[H\x1b[J"


@program("lpr_board")
def main(arguments: list[str] | None = None) -> int:
    """Show the board's state, or change its settings."""
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
    _add_proof_options(parser)
    options = parse(parser, arguments)
    if options.watch is not None and not 0 < options.watch <= 86_400:
        parser.error("--watch is more than 0 seconds, and at most a day")
    if options.performance and (options.json or options.watch or options.pid):
        parser.error("--performance goes with --dry-run and --root alone")
    if options.dry_run and not options.performance:
        parser.error("--dry-run goes with --performance")
    if options.prove and (options.json or options.watch or options.pid or options.performance):
        parser.error("--prove goes with --model, --seconds and --root alone")
    if options.seconds <= 0:
        parser.error("--seconds is more than 0")
    do = _prove if options.prove else _performance if options.performance else _show
    return run("lpr_board", lambda: do(options))


def _add_proof_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "the day a board is there (needs ROS 2 and a checkout of the repository)"
    )
    group.add_argument(
        "--prove",
        metavar="NAME",
        nargs="?",
        type=Path,
        const=Path("lpr_board_proof"),
        help="run self-test, demo crops, threads, live node and the node's tests, and write NAME.md and "
        "NAME.json: what confirms or contradicts each line of docs/hardware_status.md (minutes to an hour)",
    )
    group.add_argument(
        "--model",
        default="lprnet_x5.bin",
        help="the .bin file to prove, or its name (default: lprnet_x5.bin)",
    )
    group.add_argument(
        "--seconds", type=float, default=30.0, help="how long a rate of the live node must hold (default: 30)"
    )


def _prove(options: argparse.Namespace) -> int:
    board, model = require_rdk(options.root), find_model(options.model).resolve()
    if not (CHECKOUT / "demo" / "crops").is_dir():
        raise UserError(
            "--prove needs a checkout of the lprnet_ros repository: in its folder, run "
            "python3 -m lprnet_ros.cli.board --prove"
        )
    if model.suffix != ".bin":
        raise UserError(
            f"--prove needs a model for the BPU, not {model.name}: give one with --model, lpr.bin say"
        )
    about = {"board": board, "model": str(model), "begun": time.strftime("%Y-%m-%d %H:%M:%S %z")}
    steps = []
    for name, command in commands(model, options.root, options.seconds).items():
        print(f"lpr_board: {name} ...", file=sys.stderr, flush=True)
        steps.append(run_step(name, command, options.root))
    lines = conclude(steps)
    write_report(options.prove, about, lines, steps)
    print(_table([(line.part, line.verdict, line.evidence) for line in lines]))
    print(f"wrote {options.prove}.md and {options.prove}.json")
    return int(any(line.verdict == CONTRADICTED for line in lines))


def _show(options: argparse.Namespace) -> int:
    require_rdk(options.root)
    with contextlib.suppress(KeyboardInterrupt):  # the way to end --watch
        for index in itertools.count():
            started = time.monotonic()
            telemetry = read_telemetry(options.root, options.pid)
            if options.json:
                print(json.dumps(_as_json(telemetry), ensure_ascii=False))
            else:
                if index:
                    print(end=_CLEAR if sys.stdout.isatty() else "\n")
                rows = telemetry.as_rows()
                print(_table([(row.name, row.value or f"not available: {row.problem}") for row in rows]))
            sys.stdout.flush()
            if not options.watch:
                break
            time.sleep(max(0.0, started + options.watch - time.monotonic()))
    return 0


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
        off = f"lpr_board --performance off puts back what {STATE_FILE} keeps"
        print(f"done: every value was read back. {off}")
    else:
        print("nothing to do: all of it is in force already")
    return 0


def _plan_table(changes: Sequence[Change]) -> str:
    rows = []
    for change in changes:
        now = change.now if change.now is not None else f"unknown ({change.problem})"
        effect = f"{now} -> {change.wanted}" if change.is_needed else f"{now}, stays"
        rows.append((change.name, change.path, effect))
    return _table(rows)


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
