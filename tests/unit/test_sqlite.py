"""The shared SQLite file: faults name it, transactions are whole, foreign errors pass."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from npr_edge.errors import StoreError
from npr_edge.sqlite import SharedDatabase

migrations = Migrations("npr_edge_test")


@migrations()
def m001_numbers(db: Database) -> None:
    db.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SharedDatabase]:
    opened = SharedDatabase(tmp_path / "deep" / "numbers.db", migrations)
    yield opened
    opened.close()


def numbers(database: SharedDatabase) -> list[int]:
    return [row["id"] for row in database.rows("SELECT id FROM numbers ORDER BY id")]


def fill(folder: Path) -> Path:
    """A closed database of 2,000 numbers."""
    opened = SharedDatabase(folder / "numbers.db", migrations, ("numbers",))
    with opened.writing() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(2_000)])
    opened.close()
    return opened.path


def spoil(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)


@pytest.mark.parametrize("page", [0, 5], ids=["the page of the tables", "a page of rows"])
def test_a_damaged_file_is_set_aside_and_what_can_be_read_is_kept(
    tmp_path: Path, page: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = fill(tmp_path)
    spoil(path, page)

    with pytest.raises(StoreError, match=r"numbers\.db cannot be (opened|read): .*sets it aside"):
        SharedDatabase(path, migrations).rows("SELECT count(*) FROM numbers")
    assert path.exists()
    mended = SharedDatabase(path, migrations, ("numbers",))

    kept = len(numbers(mended))
    mended.close()
    assert 1_000 <= kept <= 2_000
    assert len(list(tmp_path.glob("numbers.db.damaged-*"))) >= 1
    assert f"{kept} of numbers" in caplog.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    path = fill(tmp_path)
    again = SharedDatabase(path, migrations, ("numbers",))
    assert len(numbers(again)) == 2_000
    again.close()
    assert not list(tmp_path.glob("*.damaged-*"))


def test_files_are_their_owners_alone(database: SharedDatabase) -> None:
    assert stat.S_IMODE(database.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [OSError(28, "no space"), KeyError("x")])
def test_what_others_raise_inside_passes_and_undoes_all(database: SharedDatabase, error: Exception) -> None:
    def begin() -> None:
        with database.writing() as connection:
            connection.execute("INSERT INTO numbers VALUES (1)")
            raise error

    with pytest.raises(type(error)) as caught:
        begin()
    assert caught.value is error
    assert numbers(database) == []


def test_contradicting_rows_are_told_as_such(database: SharedDatabase) -> None:
    for _ in range(2):
        with database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO numbers VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError), database.writing() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
    assert numbers(database) == [1]


def test_faults_name_the_file(database: SharedDatabase, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"numbers\.db cannot be read: .*no such table"):
        database.rows("SELECT * FROM absent")
    with pytest.raises(StoreError, match=r"numbers\.db cannot be written"), database.writing() as connection:
        connection.execute("INSERT INTO absent VALUES (1)")
    with pytest.raises(StoreError, match="check disk and permissions"):
        SharedDatabase(database.path / "below a file.db", migrations)
    database.close()
    database.close()
    with pytest.raises(StoreError, match="closed"):
        numbers(database)
