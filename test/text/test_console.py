"""How programs start and end: every command and node, with output that fails, Ctrl-C, or ROS missing."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lprnet_ros.text import console

PACKAGE = Path(console.__file__).resolve().parents[1]
COMMANDS = sorted(
    f"lprnet_ros.cli.{path.stem}"
    for path in (PACKAGE / "cli").glob("*.py")
    if path.stem not in ("__init__", "common")
)
NODES = sorted(
    f"lprnet_ros.ros.nodes.{path.stem}"
    for path in (PACKAGE / "ros" / "nodes").glob("*.py")
    if path.stem != "__init__"
)


def name_of(module):
    last = module.rpartition(".")[2]
    return last if module in NODES else f"lpr_{last}"


def start(module, *arguments, python=(), env=None, **streams):
    command = [sys.executable, *python, "-m", module, *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    env = os.environ | (env or {})
    env.pop("PYTHONUNBUFFERED", None)  # with which argparse keeps to itself that its help is not written
    return subprocess.Popen(command, encoding="utf-8", env=env, **streams)


@pytest.mark.parametrize("module", [*COMMANDS, *NODES])
def test_help_that_nobody_reads_ends_in_silence(module):
    if module in NODES:
        pytest.importorskip("rclpy")
    read, write = os.pipe()
    os.close(read)
    process = start(module, "--help", stdout=write)
    os.close(write)
    _, err = process.communicate()
    assert (err, process.returncode) == ("", 141)


@pytest.mark.parametrize("module", ["lprnet_ros.cli.read", *NODES[:1]])
def test_a_full_disk_is_one_line(module):
    if module in NODES:
        pytest.importorskip("rclpy")
    with open("/dev/full", "w") as full:
        process = start(module, "--help", stdout=full)
        _, err = process.communicate()
    assert err == f"{name_of(module)}: reading or writing failed: {os.strerror(errno.ENOSPC)}\n"
    assert process.returncode == 1


def test_nothing_is_said_where_stderr_fails_as_well():
    with open("/dev/full", "w") as full:
        process = start("lprnet_ros.cli.read", "--help", stdout=full, stderr=full)
        assert process.wait() == 1


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("lprnet_ros.cli.read", "lprnet_ros.cli"),
        ("lprnet_ros.cli.evaluate", "numpy"),
        ("lprnet_ros.cli.benchmark", "cv2"),
        (NODES[0], "lprnet_ros.ros.nodes"),
        (NODES[1], "rclpy.node"),
    ],
)
def test_ctrl_c_while_libraries_are_imported_ends_in_silence(module, imported):
    if module in NODES:
        pytest.importorskip("rclpy")
    process = start(module, "--help", python=["-X", "importtime"], stdout=subprocess.DEVNULL)
    lines = iter(process.stderr.readline, "")
    assert any(line.rpartition("|")[2].strip() == imported for line in lines)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate()
    assert [line for line in rest.splitlines() if not line.startswith("import time:")] == []
    assert process.returncode in (-signal.SIGINT, 130, 0)  # 0: it had shown its help already


@pytest.mark.parametrize("module", NODES)
def test_a_node_without_ros_is_one_line(module, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "def hide(name, path=None, target=None):\n"
        "    return None if name == 'rclpy' else find(name, path, target)\n"
        "PathFinder.find_spec = hide\n"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    process = start(module, env={"PYTHONPATH": path})
    out, err = process.communicate()
    assert (out, process.returncode) == ("", 1)
    assert err == f"{name_of(module)}: needs rclpy; {console.ROS_HINT}\n"


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding)

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_escaped_as_in_json(encoding, monkeypatch):
    terminal = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    text = "京é😀\udce4"
    assert console.run_program("lpr_read", lambda: print(f'"{text}"') or 0) == 0
    assert json.loads(terminal.text()) == text
    monkeypatch.undo()
    assert ("京" in terminal.text()) is (encoding == "utf-8")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "x"), 141, ""),
        (PermissionError(errno.EACCES, "Permission denied", "a\nb"), 1, "lpr_x: a\\nb: Permission denied\n"),
        (OSError("no number"), 1, "lpr_x: reading or writing failed: no number\n"),
    ],
)
def test_what_ends_a_command_gives_its_status_and_at_most_one_line(error, status, said, capsys):
    @console.program("lpr_x")
    def main(arguments=None):
        raise error

    assert main([]) == status
    assert capsys.readouterr() == ("", said)


def test_a_mistake_of_the_program_keeps_its_traceback():
    def broken():
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        console.run_program("lpr_x", broken)


def test_the_status_of_a_command_is_its_own(capsys):
    assert console.run_program("lpr_x", lambda: 7) == 7
    with pytest.raises(SystemExit) as stop:
        console.run_program("lpr_x", lambda: sys.exit(2))
    assert stop.value.code == 2


def test_importing_a_command_changes_nothing_in_another_program():
    before = signal.getsignal(signal.SIGINT)
    console.until_started("no_such_library", "install it")
    assert signal.getsignal(signal.SIGINT) is before
