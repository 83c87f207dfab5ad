"""Writes the record of vehicles: what is in it survives the end of the process and of the power."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from lprnet_ros.record.vehicle_record import (
    APPLICATION_ID,
    COLUMNS,
    SCHEMA,
    SCHEMA_VERSION,
    RecordedVehicle,
    RecordError,
    connect,
    is_record,
    naming,
)

_DAY_SECONDS = 86_400.0
_MEGABYTE = 2**20
_DELETED_AT_ONCE = 16
_WAL_BYTES = 4 * _MEGABYTE


class RecordWriter:
    """Adds vehicles to a record and keeps it within its bounds.

    Each vehicle is one transaction, and ``add`` returns after the write-ahead log is synchronised with the
    disk (``synchronous=FULL``): nothing that was added is lost by a kill or a loss of power, provided that
    the disk keeps what it confirmed.  Where bounds are exceeded the oldest vehicles go, and the file shrinks;
    what they took is overwritten with zeros.

    Args:
        path: the file; made, for its owner alone (0600), where there is none.
        keep_days: vehicles are deleted so many days after they were recorded, by the system's clock.
        keep_megabytes: the file takes so many MiB at most; a log beside it takes about 4 more.

    Raises:
        RecordError: the file cannot be made or written, is no record, or one of a later version.
    """

    def __init__(self, path: str | Path, keep_days: float, keep_megabytes: float) -> None:
        self._path = Path(path)
        self._keep_seconds = keep_days * _DAY_SECONDS
        self._most_bytes = keep_megabytes * _MEGABYTE
        with naming(self._path):
            if not self._path.exists():
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = connect(self._path, "rw")
            self._file = self._identity()
            try:
                self._prepare()
            except Exception:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        if not is_record(self._connection):  # before anything is written to a file that is no record
            execute("PRAGMA auto_vacuum=INCREMENTAL")
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA foreign_keys=ON")
        execute("PRAGMA secure_delete=ON")
        execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
        with self._transaction():
            if not is_record(self._connection):  # nor has another process made it one meanwhile
                for statement in SCHEMA:
                    execute(statement)
                execute(f"PRAGMA application_id={APPLICATION_ID}")
            execute(f"PRAGMA user_version={SCHEMA_VERSION}")  # shows that the disk takes something
        (self._page_bytes,) = execute("PRAGMA page_size").fetchone()

    def add(self, vehicle: RecordedVehicle, crop: bytes | None, now: float) -> int:
        """Record a vehicle.

        Args:
            vehicle: the vehicle; its identifier is not used.
            crop: its best crop as JPEG, or None.
            now: seconds since 1970 UTC, by the system's clock.

        Returns:
            Its identifier.

        Raises:
            RecordError: it was not recorded, as where the disk is full; the next one may be.
        """
        values = (
            *(now, vehicle.text, vehicle.kind, vehicle.colour, vehicle.confidence),
            *(vehicle.first_seen, vehicle.last_seen, vehicle.camera),
        )
        with naming(self._path), self._transaction():
            cursor = self._connection.execute(
                f"INSERT INTO vehicle (recorded, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            identifier = int(cursor.lastrowid or 0)
            if crop is not None:
                self._connection.execute("INSERT INTO crop VALUES (?, ?)", (identifier, crop))
            self._delete_old(now)
        return identifier

    def prune(self, now: float) -> None:
        """Delete what is too old; call it now and then, since nothing else happens without vehicles.

        Raises:
            RecordError: the file cannot be written.
        """
        with naming(self._path), self._transaction():
            self._delete_old(now)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _identity(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_dev, status.st_ino

    def _delete_old(self, now: float) -> None:
        execute = self._connection.execute
        deleted = execute("DELETE FROM vehicle WHERE recorded < ?", (now - self._keep_seconds,)).rowcount
        while self._used_bytes() > self._most_bytes:
            oldest = f"SELECT identifier FROM vehicle ORDER BY identifier LIMIT {_DELETED_AT_ONCE}"
            gone = execute(f"DELETE FROM vehicle WHERE identifier IN ({oldest})").rowcount
            deleted += gone
            if not gone:
                break
        if deleted:
            execute("PRAGMA incremental_vacuum").fetchall()

    def _used_bytes(self) -> int:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return int((pages - free) * self._page_bytes)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._identity() != self._file:  # SQLite would go on writing to the one that is gone
            raise RecordError("it was moved or replaced")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # SQLite has rolled some of them back itself
                self._connection.execute("ROLLBACK")
            raise
