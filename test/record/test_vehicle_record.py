"""The record: what was added is found again, bounds hold, and what cannot be used is named."""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lprnet_ros.record.record_writer import RecordWriter
from lprnet_ros.record.vehicle_record import RecordedVehicle, RecordError, RecordReader

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "interface.md"
DAY = 86_400.0
NOW = 1.8e9
JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 16


def vehicle(text: str = "沪QHN5542", **values: object) -> RecordedVehicle:
    given = {"kind": "new_energy_small", "colour": "green", "confidence": 0.987, "camera": "/gate cam"}
    times = {"first_seen": NOW - 2.5, "last_seen": NOW - 1.0}
    return RecordedVehicle(0, text, **{**given, **times, **values})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "50% #1?.db"


@pytest.fixture
def write(path: Path) -> Iterator[Callable[..., RecordWriter]]:
    opened = []

    def write(keep_days: float = 30, keep_megabytes: float = 100, path: Path = path) -> RecordWriter:
        opened.append(RecordWriter(path, keep_days, keep_megabytes))
        return opened[-1]

    yield write
    for writer in opened:
        writer.close()


def everything(path: Path) -> list[RecordedVehicle]:
    reader = RecordReader(path)
    try:
        return reader.search(limit=10_000)
    finally:
        reader.close()


def test_what_was_added_is_found_at_once_and_after_a_restart(path: Path, write: Callable) -> None:
    writer = write()
    reader = RecordReader(path)
    assert reader.search() == []
    assert writer.add(vehicle(), JPEG, NOW) == 1
    assert writer.add(vehicle("京A12345", kind=None, colour=None), None, NOW) == 2
    assert reader.search() == [
        RecordedVehicle(2, "京A12345", None, None, 0.987, NOW - 2.5, NOW - 1.0, "/gate cam"),
        RecordedVehicle(
            1, "沪QHN5542", "new_energy_small", "green", 0.987, NOW - 2.5, NOW - 1.0, "/gate cam"
        ),
    ]
    assert (reader.crop(1), reader.crop(2), reader.crop(3)) == (JPEG, None, None)
    writer.close()
    assert write().add(vehicle(), None, NOW) == 3
    assert [one.identifier for one in reader.search()] == [3, 2, 1]
    reader.close()


def test_a_search_finds_parts_of_texts_page_by_page(path: Path, write: Callable) -> None:
    writer = write()
    for text in ("京A12345", "沪A12345", "京B1_%\\5", "京a99999"):
        writer.add(vehicle(text), None, NOW)
    reader = RecordReader(path)

    def found(*arguments: object, **named: object) -> list[int]:
        return [one.identifier for one in reader.search(*arguments, **named)]

    assert found("京") == [4, 3, 1]
    assert found("A1") == found("a1") == [2, 1]
    assert found("沪a12345") == [2]
    assert found("%") == found("_") == found("\\") == found("_%\\") == [3]
    assert found("1_3") == found("'; DROP TABLE vehicle") == []
    assert found(limit=2) == [4, 3]
    assert found(limit=2, before=3) == [2, 1]
    assert found(limit=0) == found(limit=-1) == found(before=1) == []
    reader.close()


def test_every_text_is_found_by_each_of_its_parts(path: Path, write: Callable) -> None:
    texts = ["京A%1_5", "\\%_\\", "'\"--", "é京\u2028", "%%", "[0-9]*?"]
    writer = write()
    for text in texts:
        writer.add(vehicle(text), None, NOW)
    reader = RecordReader(path)
    for text in texts:
        for start, end in itertools.combinations(range(len(text) + 1), 2):
            part = text[start:end]
            assert {one.text for one in reader.search(part)} == {one for one in texts if part in one}
    reader.close()


def test_it_is_for_its_owner_alone(path: Path, write: Callable) -> None:
    write().add(vehicle(), JPEG, NOW)
    modes = {file.name.removeprefix(path.name): file.stat().st_mode for file in path.parent.iterdir()}
    assert {name: oct(stat.S_IMODE(mode)) for name, mode in modes.items()} == {
        "": "0o600",
        "-wal": "0o600",
        "-shm": "0o600",
    }


def test_each_vehicle_is_synchronised_with_the_disk(write: Callable) -> None:
    asked = {name: write()._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    assert asked == PRAGMAS


PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "auto_vacuum": 2}


def test_old_vehicles_go_with_their_crops(path: Path, write: Callable) -> None:
    writer = write(keep_days=2)
    for day in range(4):
        writer.add(vehicle(), JPEG, NOW + day * DAY)
    assert [one.identifier for one in everything(path)] == [4, 3, 2]
    writer.prune(NOW + 3.5 * DAY)
    assert [one.identifier for one in everything(path)] == [4, 3]
    writer.prune(NOW + 100 * DAY)
    assert everything(path) == []
    assert writer._connection.execute("SELECT count(*) FROM crop").fetchone() == (0,)
    assert writer.add(vehicle(), None, NOW) == 5, "a number is not given twice"


def test_the_oldest_go_where_the_file_gets_too_large(path: Path, write: Callable) -> None:
    writer = write(keep_megabytes=0.25)
    for _ in range(200):
        writer.add(vehicle(), os.urandom(4000), NOW)
        assert writer._used_bytes() <= 0.25 * 2**20
    kept = [one.identifier for one in everything(path)]
    assert kept == list(range(200, 200 - len(kept), -1))
    assert len(kept) > 30
    writer.close()
    assert path.stat().st_size <= 0.25 * 2**20
    write(keep_megabytes=0.1).prune(NOW)
    assert len(everything(path)) < 25


def test_what_was_deleted_is_no_longer_in_the_file(path: Path, write: Callable) -> None:
    writer = write(keep_days=1)
    writer.add(vehicle("沪SECRET9"), JPEG, NOW)
    writer.close()
    assert "沪SECRET9".encode() in path.read_bytes()
    writer = write(keep_days=1)
    writer.prune(NOW + 2 * DAY)
    writer.close()
    assert "沪SECRET9".encode() not in path.read_bytes()
    assert JPEG[:256] not in path.read_bytes()


def test_a_full_disk_loses_that_vehicle_alone(path: Path, write: Callable) -> None:
    writer = write()
    writer.add(vehicle(), JPEG, NOW)
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(RecordError, match=r"^record .*1\?\.db: database or disk is full$"):
        writer.add(vehicle(), bytes(100_000), NOW)
    assert [one.identifier for one in everything(path)] == [1]
    writer._connection.execute("PRAGMA max_page_count=10000")
    writer.add(vehicle("京A12345"), JPEG, NOW)
    assert [one.text for one in everything(path)] == ["京A12345", "沪QHN5542"]


def test_a_record_that_was_moved_away_is_noticed(path: Path, write: Callable) -> None:
    writer = write()
    path.rename(path.with_suffix(".old"))
    with pytest.raises(RecordError, match="No such file"):
        writer.add(vehicle(), None, NOW)
    write()
    with pytest.raises(RecordError, match="it was moved or replaced"):
        writer.add(vehicle(), None, NOW)


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE contacts (name TEXT)")
    connection.commit()
    connection.close()


def later_record(path: Path) -> None:
    RecordWriter(path, 1, 1).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=2")
    connection.close()


def broken_record(path: Path) -> None:
    RecordWriter(path, 1, 1).close()
    path.write_bytes(path.read_bytes()[:100] + bytes(8092))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda path: path.write_bytes(b"not a database, but long enough to be looked at" * 40),
            "not a data",
        ),
        (Path.mkdir, "it is no file"),
        (other_database, "it is a database, but no record of vehicles: name another file"),
        (later_record, r"a later version of lprnet_ros \(format 2, this one knows 1\): update, or name"),
        (broken_record, "malformed"),
    ],
)
def test_what_is_no_record_is_named_and_left_alone(path: Path, make: Callable, reason: str) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (lambda: RecordReader(path).search(), lambda: RecordWriter(path, 1, 1)):
        with pytest.raises(RecordError, match=rf"^record .*1\?\.db: .*{reason}") as caught:
            use()
        assert "\n" not in str(caught.value)
    if before is not None:
        assert path.read_bytes() == before


def test_a_reader_makes_no_file(path: Path) -> None:
    with pytest.raises(RecordError, match="there is no such file"):
        RecordReader(path)
    assert not path.exists()
    path.touch()
    with pytest.raises(RecordError, match="nothing has been recorded yet"):
        RecordReader(path)


def test_a_writer_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file or directory"):
        RecordWriter(tmp_path / "no" / "record.db", 1, 1)


def test_the_examples_of_the_document_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    writer = RecordWriter(tmp_path / "vehicles.db", 30, 1024)
    for plate in ("京A12345", "沪QHN5542", "京A12999"):
        writer.add(vehicle(plate), JPEG, NOW)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (example,) = [block for block in blocks if "RecordReader" in block]
    exec(compile(example, str(DOCUMENT), "exec"), {})
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [words[:2] for words in printed] == [["京A12999", "0.987"], ["京A12345", "0.987"]]
    (query,) = re.findall(r'^sqlite3 -readonly vehicles.db "(.*)"$', text, re.MULTILINE)
    connection = sqlite3.connect("vehicles.db")
    rows = connection.execute(query).fetchall()
    connection.close()
    writer.close()
    assert rows[0] == ("京A12999", "2027-01-15 07:59:59")
    assert len(rows) == 3


def test_a_record_on_a_read_only_medium_is_read(
    path: Path, write: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where SQLite can make no files beside it; none is made here either, which is how it shows."""
    writer = write()
    writer.add(vehicle(), JPEG, NOW)
    writer.close()
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    reader = RecordReader(path)
    assert [one.text for one in reader.search()] == ["沪QHN5542"]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    reader.close()
