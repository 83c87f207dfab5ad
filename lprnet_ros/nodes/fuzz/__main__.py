"""``python -m lprnet_ros.nodes.fuzz``: mutated messages through the conversion, as many as asked for.

Prints one JSON object.  Exit status 1 means that a message raised something
undeclared, was accepted as something that it does not mean, or was refused
though nothing is wrong with it; that message is written to a file.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TextIO

from lprnet_ros.crop_image import BadImage, BgrImage, ImageRejectedError
from lprnet_ros.nodes.fuzz.messages import KINDS, MessageMaker, serialised
from lprnet_ros.nodes.fuzz.mutations import change_bytes, change_field
from lprnet_ros.nodes.fuzz.trial import compare, convert

_WARM_UP = 10_000
"""Messages after which memory is looked at first."""

_LONGEST_LOG_BYTES = 1 << 20
_GOOD_SHARE = 0.1


class Fuzzer:
    """Makes, converts and checks messages; each depends on the seed and its number alone.

    Args:
        seed: of all messages.
        max_pixels: greatest width x height.
        pictures: share of messages that hold a JPEG or PNG.
        compared: share of messages that are held against rclpy and the oracle.

    Attributes:
        counts: of messages, by what became of them.
        slowest: CPU milliseconds and number of the message that took longest.
    """

    def __init__(self, *, seed: int, max_pixels: int, pictures: float, compared: float) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, -1)
        self._seed, self._max_pixels = seed, max_pixels
        self._pictures, self._compared = pictures, compared
        self._maker = MessageMaker(seed)
        self._random = Random()

    def message(self, number: int) -> tuple[str, bytes, bool]:
        """Make a message: its kind, its bytes, and whether it has to be read."""
        random = self._random
        random.seed(self._seed << 40 | number)
        is_picture = random.random() < self._pictures
        kind = KINDS[1] if is_picture and random.random() < 0.7 else KINDS[0]
        make = self._maker.picture if is_picture else self._maker.raw
        message, way = make(random), random.random()
        if way > _GOOD_SHARE and random.random() < 0.5:
            message = change_field(random, message)
            if random.random() < 0.2:
                message = change_field(random, message)
        elif is_picture and way > 0.5:
            other = bytes(random.choice(self._maker.pictures)[1])
            message.data = change_bytes(random, bytes(message.data), other)
        elif way > _GOOD_SHARE:
            content = serialised(message, kind, big_endian=random.random() < 0.1)
            other = serialised(make(random), kind)
            return kind, change_bytes(random, content, other), False
        return kind, serialised(message, kind, big_endian=random.random() < 0.1), way <= _GOOD_SHARE

    def run(self, number: int) -> None:
        """Send one message through the conversion.

        Raises:
            AssertionError: what came of it is wrong.
            Exception: the conversion raised it, and may not.
        """
        kind, content, is_good = self.message(number)
        self.check(kind, content, number, is_good=is_good, is_compared=self._random.random() < self._compared)

    def check(self, kind: str, content: bytes, number: int, *, is_good: bool, is_compared: bool) -> None:
        """Convert a message, count what became of it, and compare that if asked to; see ``run``."""
        image: BgrImage | None = None
        reason: BadImage | None = None
        started = time.thread_time_ns()
        try:
            image = convert(kind, content, max_pixels=self._max_pixels)
        except ImageRejectedError as error:
            reason = error.reason
        milliseconds = (time.thread_time_ns() - started) * 1e-6
        self.counts["messages"] += 1
        self.counts["accepted" if reason is None else reason.value] += 1
        if milliseconds > self.slowest[0]:
            self.slowest = (milliseconds, number)
        if image is not None and (image.ndim != 3 or image.shape[0] * image.shape[1] > self._max_pixels):
            raise AssertionError(f"accepted an image of {image.shape}")
        if is_good:
            self.counts["good"] += 1
            if reason is not None:
                raise AssertionError(f"nothing is wrong with it, but it was refused as {reason.value}")
        if is_compared:
            self.counts["compared"] += 1
            compare(kind, content, image, reason, max_pixels=self._max_pixels)


@contextlib.contextmanager
def captured_stderr() -> Iterator[tuple[TextIO, Counter[str]]]:
    """Keep what libraries print away from the terminal, and count it.

    libjpeg, libpng and Fast CDR write to file descriptor 2 themselves.

    Yields:
        The real stderr, and the lines and bytes that were kept away; filled in by ``empty_log``.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log, os.fdopen(os.dup(2), "w") as terminal:
        os.dup2(log.fileno(), 2)
        try:
            yield terminal, Counter()
        finally:
            os.dup2(terminal.fileno(), 2)


def count_log(counts: Counter[str]) -> None:
    """Count what was printed since the last call, and throw it away."""
    size = os.lseek(2, 0, os.SEEK_CUR)
    if size:
        counts["bytes"] += size
        counts["lines"] += os.pread(2, size, 0).count(b"\n")
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)


def peak_megabytes() -> float:
    """Return the greatest memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(arguments)
    sys.modules["cv_bridge"] = None  # type: ignore[assignment]  # its encodings count as unknown
    fuzzer = Fuzzer(
        seed=options.seed,
        max_pixels=options.max_pixels,
        pictures=options.pictures,
        compared=options.compared,
    )
    failure: dict[str, str] | None = None
    started, memory = time.monotonic(), 0.0
    with captured_stderr() as (terminal, printed):
        faulthandler.enable(terminal)
        for number in range(options.first, options.first + options.messages):
            try:
                fuzzer.run(number)
            except Exception as error:  # noqa: BLE001 - any error is what is looked for
                failure = _write(options.failures, fuzzer, options.seed, number, error)
                break
            done = number - options.first + 1
            if done == min(_WARM_UP, options.messages):
                memory = peak_megabytes()
            if done % 1000 == 0:
                count_log(printed)
            if done % 100_000 == 0:
                print(f"{done} messages", file=terminal, flush=True)
        count_log(printed)
    seconds = time.monotonic() - started
    counts = fuzzer.counts
    summary = {
        "seed": options.seed,
        "first": options.first,
        "messages": counts["messages"],
        "accepted": counts["accepted"],
        "rejected": {reason.value: counts[reason.value] for reason in BadImage},
        "good_messages": counts["good"],
        "compared": counts["compared"],
        "slowest_ms": round(fuzzer.slowest[0], 3),
        "slowest_number": fuzzer.slowest[1],
        "seconds": round(seconds, 1),
        "peak_memory_growth_mb": round(peak_megabytes() - memory, 2) if memory else None,
        "library_lines": printed["lines"],
        "library_bytes": printed["bytes"],
        "failure": failure,
    }
    print(json.dumps(summary, indent=1))
    return 0 if failure is None else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lprnet_ros.nodes.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--first", type=int, default=0, help="number of the first message (default: 0)")
    parser.add_argument("--max-pixels", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--pictures", type=float, default=0.03, help="share with a JPEG or PNG")
    parser.add_argument("--compared", type=float, default=0.01, help="share held against the oracle")
    parser.add_argument("--failures", type=Path, default=Path(), help="folder for a message that fails")
    return parser.parse_args(arguments)


def _write(folder: Path, fuzzer: Fuzzer, seed: int, number: int, error: Exception) -> dict[str, str]:
    kind, content, _ = fuzzer.message(number)
    path = folder / f"fuzz-{seed}-{number}.{kind}.cdr"
    path.write_bytes(content)
    return {"file": str(path), "error": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    sys.exit(main())
