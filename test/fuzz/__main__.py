"""``python test/fuzz``: sends mutated messages through parse, inspect and to_bgr, and prints one JSON object.

Exit status 1 means that a message raised something undeclared, was accepted as
something that it does not mean, was refused though nothing is wrong with it, or
took too much time or memory; that message is written to a file.  A message
depends on the seed and its number alone: --seed S --first N --messages 1 repeats
it.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.fuzzer import Fuzzer
from fuzz.library_output import LibraryOutput, kept_library_output
from lprnet_ros.images.crop_image import BadImage

_WARM_UP = 5_000
"""Messages after which memory is looked at first."""

_MOST_GROWTH_MB = 64.0
_LOOK_EVERY = 1_000
_REPORT_EVERY = 100_000


class _Memory:
    """The greatest memory that this process has had, against that after the warm-up."""

    def __init__(self) -> None:
        self._first: float | None = None
        self.growth_mb = 0.0

    def look(self) -> None:
        """Look at it again."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self._first = peak if self._first is None else self._first
        self.growth_mb = peak - self._first
        if self.growth_mb > _MOST_GROWTH_MB:
            raise AssertionError(f"this or one of the {_LOOK_EVERY} before took {self.growth_mb:.0f} MB")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(arguments)
    sys.modules["cv_bridge"] = None  # type: ignore[assignment]  # the oracle knows none of its encodings
    fuzzer = Fuzzer(
        seed=options.seed,
        max_pixels=options.max_pixels,
        pictures=options.pictures,
        compared=options.compared,
    )
    memory, started = _Memory(), time.monotonic()
    with kept_library_output() as output:
        faulthandler.enable(output.terminal)
        failure = _run(fuzzer, options, memory, output)
        output.count()
        faulthandler.disable()
    counts = fuzzer.counts
    summary = {
        "seed": options.seed,
        "first": options.first,
        "messages": counts["messages"],
        "good": counts["good"],
        "accepted": counts["accepted"],
        "rejected": {reason.value: counts[reason.value] for reason in BadImage},
        "compared": counts["compared"],
        "slowest_ms": round(fuzzer.slowest[0], 3),
        "slowest_number": fuzzer.slowest[1],
        "peak_memory_growth_mb": round(memory.growth_mb, 2),
        "seconds": round(time.monotonic() - started, 1),
        "lines_printed_by_libraries": output.lines,
        "bytes_printed_by_libraries": output.size,
        "failure": failure,
    }
    print(json.dumps(summary, indent=1))
    return 0 if failure is None else 1


def _run(
    fuzzer: Fuzzer, options: argparse.Namespace, memory: _Memory, output: LibraryOutput
) -> dict[str, str] | None:
    for number in range(options.first, options.first + options.messages):
        done = number - options.first + 1
        try:
            fuzzer.run(number)
            if done % _LOOK_EVERY == 0:
                output.count()
                if done >= _WARM_UP:
                    memory.look()
        except Exception as error:  # noqa: BLE001 - any error is what is looked for
            kind, content, _ = fuzzer.message(number)
            path = options.failures / f"fuzz-{options.seed}-{number}.{kind}.cdr"
            path.write_bytes(content)
            return {"file": str(path), "error": f"{type(error).__name__}: {error}"[:500]}
        if done % _REPORT_EVERY == 0:
            print(f"{done} messages", file=output.terminal, flush=True)
    return None


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python test/fuzz", description=__doc__)
    number = "default: %(default)s"
    parser.add_argument("--messages", type=int, default=1_000_000, help=number)
    parser.add_argument("--seed", type=int, default=0, help=number)
    parser.add_argument("--first", type=int, default=0, help=f"number of the first message; {number}")
    parser.add_argument("--max-pixels", type=int, default=10_000, help=f"as max_image_pixels; {number}")
    parser.add_argument("--pictures", type=float, default=0.03, help=f"share with JPEG or PNG; {number}")
    parser.add_argument("--compared", type=float, default=0.01, help=f"share held against others; {number}")
    parser.add_argument("--failures", type=Path, default=Path(), help="folder for a message that fails")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
