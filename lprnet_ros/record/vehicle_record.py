"""The record of vehicles, an SQLite file: what it holds, and how it is read."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lprnet_ros.text.escaping import one_line

APPLICATION_ID = 0x6C707276
"""SQLite's ``application_id`` of a record: ``lprv``."""
SCHEMA_VERSION = 1
"""SQLite's ``user_version`` of a record."""
SCHEMA = (
    "CREATE TABLE vehicle (identifier INTEGER PRIMARY KEY AUTOINCREMENT, recorded REAL NOT NULL,"
    " text TEXT NOT NULL, kind TEXT, colour TEXT, confidence REAL NOT NULL,"
    " first_seen REAL NOT NULL, last_seen REAL NOT NULL, camera TEXT NOT NULL)",
    "CREATE INDEX vehicle_recorded ON vehicle (recorded)",
    # a table of its own: who searches for texts does not read pictures
    "CREATE TABLE crop (identifier INTEGER PRIMARY KEY REFERENCES vehicle ON DELETE CASCADE,"
    " jpeg BLOB NOT NULL)",
)
COLUMNS = "text, kind, colour, confidence, first_seen, last_seen, camera"
_MOST_ROWS = 10_000
_PATIENCE_SECONDS = 5.0


class RecordError(RuntimeError):
    """A record cannot be read or written; the message names the file and says why, in one sentence."""


@dataclass(frozen=True)
class RecordedVehicle:
    """One vehicle of a record.

    Attributes:
        identifier: its number in the record; later ones are greater, and none is given twice.
        text: its plate.
        kind: of plate, such as ``new_energy_small``; None where unknown.
        colour: of the plate's ground, such as ``blue``; None where unknown.
        confidence: of the text, 0..1.
        first_seen, last_seen: seconds since 1970 UTC, by the clock of ``lpr_node``.
        camera: where it was seen.
    """

    identifier: int
    text: str
    kind: str | None
    colour: str | None
    confidence: float
    first_seen: float
    last_seen: float
    camera: str


class RecordReader:
    """Reads a record, also while another process writes it.  Every method may be called from any thread.

    Args:
        path: the file.

    Raises:
        RecordError: there is no such file, it is no record, or one of a later version of this package.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        with naming(self._path):
            self._connection = connect(self._path, "ro")
            try:
                if not is_record(self._connection):
                    raise RecordError("it is empty: nothing has been recorded yet")
            except Exception:
                self._connection.close()
                raise

    def search(self, text: str = "", limit: int = 100, before: int | None = None) -> list[RecordedVehicle]:
        """Return vehicles, the newest first.

        Args:
            text: what stands on the plate, or a part of it; ASCII letters in any case.  Empty finds all.
            limit: how many at most.
            before: only those with smaller identifiers: for the next page, that of the last one here.

        Raises:
            RecordError: the file cannot be read.
        """
        pattern = "".join(f"\\{one}" if one in "\\%_" else one for one in text)
        rows = self._ask(
            f"SELECT identifier, {COLUMNS} FROM vehicle WHERE text LIKE ? ESCAPE '\\'"
            " AND (? IS NULL OR identifier < ?) ORDER BY identifier DESC LIMIT ?",
            (f"%{pattern}%", before, before, max(0, min(limit, _MOST_ROWS))),
        )
        return [RecordedVehicle(*row) for row in rows]

    def crop(self, identifier: int) -> bytes | None:
        """Return a vehicle's best crop as JPEG; None where there is none.

        Raises:
            RecordError: the file cannot be read.
        """
        rows = self._ask("SELECT jpeg FROM crop WHERE identifier = ?", (identifier,))
        return bytes(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _ask(self, question: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock, naming(self._path):
            return self._connection.execute(question, values).fetchall()


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a file with SQLite, in autocommit mode.

    Args:
        path: an existing file.
        mode: ``ro`` or ``rw``.
    """
    if not path.is_file():  # SQLite would not say why
        raise RecordError("it is no file" if path.exists() else "there is no such file")
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    # SQLite makes files beside a database with a write-ahead log, and on a read-only medium it cannot
    if os.statvfs(path).f_flag & os.ST_RDONLY and not Path(f"{path}-wal").exists():
        uri += "&immutable=1"
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=_PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def is_record(connection: sqlite3.Connection) -> bool:
    """Tell whether a file is a record; False means that it is empty.

    Raises:
        RecordError: it is something else, or of a later version.
    """
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if (application, version, tables) == (0, 0, 0):
        return False
    if application != APPLICATION_ID:
        raise RecordError("it is a database, but no record of vehicles: name another file")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"it was written by a later version of lprnet_ros (format {version}, this one knows "
            f"{SCHEMA_VERSION}): update, or name another file"
        )
    return True


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the system into a ``RecordError`` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError, RecordError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RecordError(f"record {one_line(str(path))}: {reason}") from error
