"""CPU time of a process and its children, as the kernel tells it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.process_tree import cpu_seconds, resident_bytes

BUSY = """
import subprocess, sys, time
def burn(seconds):
    while time.process_time() < seconds: pass
child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.4: pass\\n"
    "print('done', flush=True)\\ntime.sleep(30)"], stdout=subprocess.PIPE)
burn(0.3)
child.stdout.readline()
print("done", flush=True)
sys.stdin.read()
child.kill()
"""


def test_a_process_counts_with_its_children():
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    used = cpu_seconds(process.pid)
    process.stdin.close()
    process.wait()
    process.stdout.close()
    assert 0.6 < used < 1.5


def test_a_name_with_blanks_and_brackets_is_read(tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    for number, parent, user, name in ((7, 1, 3, "a) (b"), (8, 7, 5, "c d"), (9, 1, 100, "stranger")):
        (tmp_path / str(number)).mkdir()
        fields = (
            f"{number} ({name}) S {parent} 0 0 0 0 0 0 0 0 0 {user * ticks} {ticks} 0 0 0 0 0 0 0 0 {number}"
        )
        (tmp_path / str(number) / "stat").write_text(fields, encoding="utf-8")
    (tmp_path / "10").mkdir()  # a process that has just ended
    assert cpu_seconds(7, tmp_path) == pytest.approx(3 + 1 + 5 + 1)
    assert resident_bytes(7, tmp_path) == (7 + 8) * os.sysconf("SC_PAGE_SIZE")


def test_a_process_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        cpu_seconds(7, tmp_path)


def test_the_memory_of_this_process_is_what_the_kernel_says():
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident_bytes(os.getpid()) == pytest.approx(int(line.split()[1]) * 1024, rel=0.2)
