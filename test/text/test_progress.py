import io
import sys

from lprnet_ros.text.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_one_line_that_goes_again(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    progress = Progress()
    progress.show("1 of 300")
    progress.show("2 of 300")  # too soon after the first
    assert sys.stderr.getvalue() == "\r\x1b[K1 of 300"
    progress.clear()
    progress.clear()
    assert sys.stderr.getvalue() == "\r\x1b[K1 of 300\r\x1b[K"


def test_a_pipe_sees_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    progress = Progress()
    progress.show("1 of 300")
    progress.clear()
    assert sys.stderr.getvalue() == ""


def test_what_a_file_is_called_controls_no_terminal_and_wraps_no_line(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    Progress().show("a\x1b[31m\n" + "b" * 500)
    shown = sys.stderr.getvalue().removeprefix("\r\x1b[K")
    assert shown.isprintable()
    assert len(shown) <= 200
