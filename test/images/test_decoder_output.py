"""What decoders print is heard; what others print meanwhile comes through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from lprnet_ros.images import decoder_output
from lprnet_ros.images.decoder_output import call_and_listen

PICTURE = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 256, (24, 94, 3), dtype=np.uint8))[
    1
].ravel()
BROKEN = np.concatenate([PICTURE[:-2], np.full(40, 0x11, np.uint8), PICTURE[-2:]])


def prints(*lines: str) -> None:
    for line in lines:
        os.write(2, f"{line}\n".encode())


def test_the_warning_of_libjpeg_is_heard_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    image, lines = call_and_listen(lambda: cv2.imdecode(BROKEN, cv2.IMREAD_COLOR))
    assert image.shape == (24, 94, 3)
    (line,) = lines
    assert re.fullmatch(r"Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9", line)
    assert capfd.readouterr().err == ""


def test_nothing_is_heard_of_a_good_picture(capfd: pytest.CaptureFixture[str]) -> None:
    assert call_and_listen(lambda: cv2.imdecode(PICTURE, cv2.IMREAD_COLOR))[1] == []
    assert capfd.readouterr().err == ""


def test_the_lines_of_others_are_printed_in_their_order(capfd: pytest.CaptureFixture[str]) -> None:
    mixed = [
        "[INFO] one",
        "libpng warning: iCCP: odd",
        "> two",
        "Traceback",
        "",
        "libpng error: x",
        "三 \udcff",
    ]
    _, lines = call_and_listen(lambda: prints(*mixed[:-1]))
    assert lines == ["libpng warning: iCCP: odd", "libpng error: x"]
    assert capfd.readouterr().err == "[INFO] one\nTraceback\n\n"
    call_and_listen(lambda: os.write(2, b"\xff half a line"))
    call_and_listen(lambda: prints(" and its end"))
    assert capfd.readouterr().err.endswith(" half a line and its end\n")


def test_a_message_of_opencv_of_several_lines_is_one(capfd: pytest.CaptureFixture[str]) -> None:
    said = "[ERROR:0@0.021] global loadsave.cpp:1 imdecode_ imdecode_(''): can't read data: OpenCV(4.14.0)"
    old = "[ WARN:0] global /tmp/opencv/modules/imgcodecs/src/grfmt_tiff.cpp (390) readHeader OpenCV TIFF"
    _, lines = call_and_listen(lambda: prints(said, "> Too long", "> where", "", "mine", old))
    assert lines == [said, old]
    assert capfd.readouterr().err == "mine\n"


def test_what_is_raised_leaves_stderr_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        prints("before")
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        call_and_listen(fail)
    prints("after")
    assert capfd.readouterr().err == "before\nafter\n"


def test_no_line_of_other_threads_is_lost_while_several_decode(capfd: pytest.CaptureFixture[str]) -> None:
    """Each line comes whole and once, and each decoder hears of its own picture alone."""
    heard: list[tuple[bool, list[str]]] = []

    def log(name: int) -> None:
        for number in range(2000):
            prints(f"thread {name} line {number}")

    def decode(is_broken: bool) -> None:
        data = BROKEN if is_broken else PICTURE
        heard.extend(
            (is_broken, call_and_listen(lambda: cv2.imdecode(data, cv2.IMREAD_COLOR))[1]) for _ in range(150)
        )

    threads = [threading.Thread(target=log, args=(name,)) for name in range(3)]
    threads += [threading.Thread(target=decode, args=(is_broken,)) for is_broken in (True, False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    call_and_listen(lambda: None)  # brings what was written as the last decoder set stderr back
    printed = capfd.readouterr().err.splitlines()
    assert sorted(printed) == sorted(
        f"thread {name} line {number}" for name in range(3) for number in range(2000)
    )
    assert len(heard) == 450
    assert all(len(lines) == is_broken for is_broken, lines in heard)


def test_the_file_does_not_grow_with_what_is_printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_output, "_LARGEST_BYTES", 100)
    sizes = []
    for number in range(50):
        call_and_listen(lambda number=number: prints(f"line {number}", "libpng error: " + 150 * "x"))
        sizes.append(os.fstat(decoder_output._memory.descriptor).st_size)
    assert capfd.readouterr().err.splitlines() == [f"line {number}" for number in range(50)]
    assert max(sizes[1:]) < 400


def test_a_forked_process_has_a_file_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    program = (
        "import os\n"
        "from lprnet_ros.images.decoder_output import call_and_listen as listen\n"
        "say = lambda text: listen(lambda: os.write(2, text))[1]\n"
        "say(b'parent\\n')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    say(b'libpng error: child\\n' * 100), say(b'child\\n'), os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(say(b''), say(b'libpng error: parent\\n'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['libpng error: parent']\n"
    assert done.stderr == "parent\nchild\n"


def test_listening_takes_some_microseconds() -> None:
    seconds = []
    for _ in range(20):
        started = time.thread_time()
        for _ in range(100):
            call_and_listen(int)
        seconds.append((time.thread_time() - started) / 100)
    assert min(seconds) < 50e-6  # 3 us on an idle x86 core


def test_a_process_without_stderr_decodes_too():
    program = (
        "import os, cv2, numpy as np\n"
        "from lprnet_ros.images.decoder_output import call_and_listen\n"
        "os.close(2)\n"
        "data = cv2.imencode('.png', np.zeros((24, 94, 3), np.uint8))[1]\n"
        "for _ in range(3):\n"
        "    image, lines = call_and_listen(lambda: cv2.imdecode(data, cv2.IMREAD_COLOR))\n"
        "    assert image.shape == (24, 94, 3) and lines == []\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
