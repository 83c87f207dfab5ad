"""Text that came from outside, made harmless for a log, a terminal and JSON.

Whoever may publish an image chooses its encoding and its ``frame_id``; whoever
joins the network chooses the name of a node.  A line feed in such a text forges
a line of the log, an escape sequence paints the terminal that shows it, and a
megabyte of it fills the disk.

What counts as harmless is what Python calls printable: letters, digits, marks,
punctuation, symbols and the blank of Unicode; not controls (C0, DEL, C1, so no
ANSI sequence), not line and paragraph separators, not the invisible characters
that turn the direction of writing, not lone surrogates.
"""

from __future__ import annotations

from json.encoder import encode_basestring, encode_basestring_ascii

LONGEST_QUOTED = 80
"""Characters of a quoted text that are shown."""

LONGEST_LINE = 1000
"""Characters of a line of text that are shown."""


def quoted(text: str, longest: int = LONGEST_QUOTED) -> str:
    """Return a text between quotes, on one line, without anything a terminal obeys.

    Args:
        text: any text, of any length.
        longest: characters of it that are shown; of a longer one the length is told.

    Returns:
        What ``repr`` makes of it, at most 10 characters for each one shown.
    """
    if len(text) <= longest:
        return repr(text)
    return f"{text[:longest]!r}... ({len(text)} characters)"


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return a text on one line, without anything a terminal obeys.

    A text that is one printable line already stays as it is, backslashes too, so
    nothing is escaped twice.

    Args:
        text: any text, of any length.
        longest: greatest length of what is returned, at least 40; of a longer
            text the beginning and the length are told.

    Returns:
        The text; characters that are not printable as ``\n``, ``\x1b``, ``\u2028``.
    """
    shown = text[:longest]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else _backslashed(c) for c in shown)
    if len(text) <= longest and len(shown) <= longest:
        return shown
    tail = f"... ({len(text)} characters)"
    return shown[: longest - len(tail)] + tail


def json_string(text: str) -> str:
    r"""Write a text as a string of JSON.

    Args:
        text: any text.

    Returns:
        The text between quotes.  Where all of it is printable, Chinese stands as
        it is; else all that is not printable ASCII stands as ``\uXXXX``, so that
        neither a reader by lines nor a terminal is fooled.  Whoever parses it
        gets the same text either way.
    """
    string = encode_basestring(text)
    if string.isprintable():
        return string
    return encode_basestring_ascii(text).replace("\x7f", "\\u007f")  # DEL is the one that json leaves


def as_utf8(text: str) -> str:
    r"""Return a text that can be sent: the name of a file may be any bytes, a string of a message is UTF-8.

    Args:
        text: any text, such as a file's name.

    Returns:
        The text; bytes that Python could not read as UTF-8 stand as ``\udcff``.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _backslashed(character: str) -> str:
    return repr(character)[1:-1]
