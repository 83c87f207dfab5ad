"""Makes text from outside safe for a log, a terminal and JSON.

Whoever can publish an image chooses its encoding and its ``frame_id``; whoever
joins the network chooses the name of a node.  A line feed in such a text forges
a log line, an escape sequence controls the terminal that shows it, and a
megabyte of it fills the disk.

Characters are safe if Python calls them printable: letters, digits, marks,
punctuation, symbols and the space of Unicode.  Not safe are control characters
(C0, DEL, C1, and thus ANSI sequences), line and paragraph separators, the
invisible characters that change the direction of writing, and lone surrogates.
"""

from __future__ import annotations

from json.encoder import encode_basestring, encode_basestring_ascii

LONGEST_QUOTED = 80
"""Maximum number of characters of a quoted text that are shown."""

LONGEST_PATH = 5000
"""Maximum number of characters of a file's path that are shown; Linux has none of more than 4096 bytes."""

LONGEST_LINE = 1000
"""Maximum number of characters of a line that are shown."""


def quoted(text: str, longest: int = LONGEST_QUOTED) -> str:
    """Return a text in quotes, on one line, without control characters.

    Args:
        text: any text, of any length.
        longest: number of characters to show; for a longer text its length is appended.

    Returns:
        The ``repr`` of the text, at most 10 characters for each one shown.
    """
    if len(text) <= longest:
        return repr(text)
    return f"{text[:longest]!r}... ({len(text)} characters)"


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return a text on one line, without control characters.

    A text that is already one printable line is returned unchanged, including its
    backslashes, so nothing is escaped twice.

    Args:
        text: any text, of any length.
        longest: maximum length of the result, at least 40; for a longer text the
            result holds its beginning and its length.

    Returns:
        The text, with unprintable characters written as ``\n``, ``\x1b``, ``\u2028``.
    """
    shown = text[:longest]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else _backslashed(c) for c in shown)
    if len(text) <= longest and len(shown) <= longest:
        return shown
    tail = f"... ({len(text)} characters)"
    return shown[: longest - len(tail)] + tail


def json_string(text: str) -> str:
    r"""Write a text as a JSON string.

    Args:
        text: any text.

    Returns:
        The text in quotes.  If all of it is printable, Chinese characters are kept;
        otherwise everything but printable ASCII is written as ``\uXXXX``, so that it
        cannot mislead a line-based reader or a terminal.  Parsing gives the same text
        in both cases.
    """
    string = encode_basestring(text)
    if string.isprintable():
        return string
    return encode_basestring_ascii(text).replace("\x7f", "\\u007f")  # json keeps DEL


def as_utf8(text: str) -> str:
    r"""Return a text as valid UTF-8: a file name may hold any bytes, a string in a message may not.

    Args:
        text: any text, such as a file's name.

    Returns:
        The text; bytes that Python could not decode as UTF-8 are written as ``\udcff``.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _backslashed(character: str) -> str:
    return repr(character)[1:-1]
