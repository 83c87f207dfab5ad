"""How a program of this package starts and ends on a terminal: no traceback for what its user did."""

from __future__ import annotations

import codecs
import contextlib
import functools
import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import ParamSpec, TextIO

from lprnet_ros.text.escaping import one_line

ROS_HINT = "source /opt/ros/$ROS_DISTRO/setup.bash, or in a checkout run 'make setup' and use .venv/bin"
"""What to do where rclpy is missing."""

WEB_HINT = "pip install 'lprnet_ros[web]', or sudo apt install python3-aiohttp"
"""What to do where aiohttp is missing."""

_ESCAPED = "lprnet_ros.escaped"
_ENDED_BY_PIPE, _INTERRUPTED = 128 + signal.SIGPIPE, 128 + signal.SIGINT  # as a shell numbers them

_Arguments = ParamSpec("_Arguments")


def program(name: str) -> Callable[[Callable[_Arguments, int]], Callable[_Arguments, int]]:
    """Make a function the ``main`` of a program, with what ``run_program`` does.

    Args:
        name: of the program, for its messages.
    """

    def decorate(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
        @functools.wraps(main)
        def started(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
            return run_program(name, lambda: main(*args, **kwargs))

        return started

    return decorate


def run_program(name: str, command: Callable[[], int]) -> int:
    r"""Run a command; Ctrl-C, and output or files that the system refuses, end it without a traceback.

    Characters that the terminal's encoding lacks are written as ``\uXXXX``, which is also what JSON allows.

    Args:
        name: of the program, for its messages.
        command: does the work and returns the exit status.

    Returns:
        The command's exit status; 1 and one line on stderr after an OSError; 130 after Ctrl-C; 141 where
        nobody reads the output any more, as after ``| head``.

    Raises:
        SystemExit: the command's own.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ESCAPED)
    if threading.current_thread() is threading.main_thread() and _sigint() is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status, problem = _INTERRUPTED, ""
    except BrokenPipeError:
        status, problem = _ENDED_BY_PIPE, ""
    except OSError as error:
        status, problem = 1, system_problem(error)
    with contextlib.suppress(OSError):  # stderr may be what fails
        if problem:
            print(f"{name}: {one_line(problem)}", file=sys.stderr, flush=True)
    _drop_unwritten(sys.stdout)
    _drop_unwritten(sys.stderr)
    return status


@contextlib.contextmanager
def until_signalled() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM end what has no end of its own; a second Ctrl-C ends the program at once.

    Yields:
        Tells whether one of them came.
    """
    asked = threading.Event()

    def note(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    kept = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def system_problem(error: OSError) -> str:
    """Say which file the system refuses, and why."""
    where = error.filename if error.filename is not None else "reading or writing failed"
    return f"{where}: {error.strerror or error}"


def until_started(needs: str = "", hint: str = "") -> None:
    """Prepare for the imports of a program: Ctrl-C ends it at once, a missing library is one line.

    Does nothing where the process is no program of this package, as in tests.

    Args:
        needs: name of a library without which it cannot start.
        hint: what to do where that library is missing.

    Raises:
        SystemExit: the library is missing.
    """
    name = _program_name()
    if not name:
        return
    if _sigint() is signal.default_int_handler and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if needs and importlib.util.find_spec(needs) is None:
        print(f"{name}: needs {needs}; {hint}", file=sys.stderr)
        raise SystemExit(1)


def _program_name() -> str:
    """Return the name under which a command or node of this package was started; empty for others."""
    started = os.path.basename(sys.argv[0]) if sys.argv else ""
    if started == "-m":  # Python is still looking for the module
        module = sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv else ""
        return module.rpartition(".")[2] if module.startswith("lprnet_ros.") else ""
    return started if started.startswith(("lpr_", "plate_", "frame_")) and "." not in started else ""


def _sigint() -> object:
    return signal.getsignal(signal.SIGINT)


def _drop_unwritten(stream: TextIO) -> None:
    """Send what cannot be written nowhere: the interpreter would try again at its end."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPED, _escape)
