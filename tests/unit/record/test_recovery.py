"""Damaged databases: set aside, read around, gone on with."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter
from npr_edge.record import Passage, Reads, Store, StoreParts
from npr_edge.record.database import PAGE_BYTES, connect_writer
from npr_edge.record.migrations import migrations
from npr_edge.record.outbox import StoredOutbox
from npr_edge.record.store import Batch
from tests.support.sightings import FakeClock, event_id, read_sighting, unread_sighting

ROWS = 600


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a closed, sound database of 600 reads and 50 ledger rows."""
    from tests.support.sightings import encode

    folder = tmp_path_factory.mktemp("sound")
    store = Store(StoreParts(folder, FakeClock(), encode))
    store.apply(Batch([Passage(read_sighting(number)) for number in range(ROWS)]))
    store.apply(Batch([Passage(unread_sighting(number)) for number in range(5_000, 5_050)]))
    store.close()
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    for file in sound.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path


def overwrite(folder: Path, page: int, count: int = 1) -> None:
    with (folder / "npr-edge.db").open("r+b") as file:
        file.seek(page * PAGE_BYTES)
        file.write(b"\xa5" * PAGE_BYTES * count)


def pages_of(folder: Path, name: str) -> list[int]:
    """Numbers (from 0) of the leaf pages of a table or index."""
    with closing(sqlite3.connect(folder / "npr-edge.db")) as connection:
        try:
            rows = connection.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (name,))
            return [row[0] - 1 for row in rows]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite was built without dbstat")


def recovered(parts: StoreParts) -> tuple[Store, list[str]]:
    store = Store(parts)
    return store, [read.event_id for read in Reads(parts.data_dir).export(ReadFilter())]


def test_a_sound_database_is_left_alone(folder: Path, parts: StoreParts) -> None:
    store, events = recovered(parts)
    assert store.recovery is None
    assert len(events) == ROWS
    store.close()


def test_one_overwritten_page_of_reads_costs_its_rows_only(
    folder: Path, parts: StoreParts, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(folder, pages_of(folder, "reads")[5])
    store, events = recovered(parts)
    assert store.recovery is not None
    assert ROWS - 25 <= len(events) < ROWS
    assert events == sorted(events)
    assert store.recovery.rows["unread"] == 50
    assert store.recovery.aside.exists()
    assert store.recovery.aside.name.startswith("npr-edge.db.damaged-20270115T0")
    assert "is damaged" in caplog.text
    assert store.recovery.summary() in caplog.text
    store.apply(Batch([Passage(read_sighting(9_000))]))
    assert Reads(folder).get(event_id(9_000)) is not None
    store.close()


def test_a_damaged_index_costs_no_row(folder: Path, parts: StoreParts) -> None:
    overwrite(folder, pages_of(folder, "reads_plate")[0])
    store, events = recovered(parts)
    assert store.recovery is not None
    assert len(events) == ROWS
    store.close()


def test_the_outbox_is_carried_over_in_order(folder: Path, parts: StoreParts, outbox: StoredOutbox) -> None:
    overwrite(folder, pages_of(folder, "reads")[0])
    store, _ = recovered(parts)
    messages = outbox.pending(0, 1_000)
    assert [message.event_id for message in messages] == [event_id(number) for number in range(ROWS)]
    store.apply(Batch([Passage(read_sighting(9_000))]))
    assert outbox.pending(messages[-1].id, 10)[0].event_id == event_id(9_000)
    store.close()


@pytest.mark.parametrize("count", [1, 3])
def test_without_its_first_page_the_rest_is_still_found(folder: Path, parts: StoreParts, count: int) -> None:
    overwrite(folder, 0, count)
    store, events = recovered(parts)
    assert store.recovery is not None
    assert len(events) == (ROWS if count == 1 else len(events))
    assert [path.name for path in folder.iterdir() if path.name.endswith(".reading")] == []
    store.close()


def test_damage_everywhere_still_ends_in_a_database_that_works(folder: Path, parts: StoreParts) -> None:
    size = (folder / "npr-edge.db").stat().st_size
    (folder / "npr-edge.db").write_bytes(b"\x00\x5a" * (size // 2))
    store, events = recovered(parts)
    assert store.recovery is not None
    assert events == []
    store.apply(Batch([Passage(read_sighting(1))]))
    assert Reads(folder).get(event_id(1)) is not None
    store.close()


def test_a_truncated_file_gives_what_is_left(folder: Path, parts: StoreParts) -> None:
    with (folder / "npr-edge.db").open("r+b") as file:
        file.truncate((folder / "npr-edge.db").stat().st_size // 2)
    store, events = recovered(parts)
    assert store.recovery is not None
    assert len(set(events)) == len(events)
    store.close()


def test_damaged_files_never_replace_each_other(folder: Path, parts: StoreParts) -> None:
    for _ in range(3):
        overwrite(folder, 0)
        store, _ = recovered(parts)
        store.close()
    assert len(list(folder.glob("npr-edge.db.damaged-*Z*"))) == 3


def test_damage_that_shows_at_work_is_recovered_too(folder: Path, parts: StoreParts) -> None:
    store = Store(parts, known_damage="a page could not be read")
    assert store.recovery is not None
    assert store.recovery.rows["reads"] == ROWS
    store.close()


def test_an_empty_file_is_a_new_database(tmp_path: Path, parts: StoreParts) -> None:
    (tmp_path / "npr-edge.db").touch()
    store, events = recovered(parts)
    assert (store.recovery, events) == (None, [])
    store.close()


def test_migrations_run_once(open_store: Callable[[], Store], tmp_path: Path) -> None:
    open_store()
    open_store().close()
    db = connect_writer(tmp_path / "npr-edge.db")
    assert [migration.name for migration in migrations.applied(db)] == ["m001_reads_ledger_outbox", "m002_plate_packs"]
    assert migrations.pending(db) == []
    db.close()


def test_every_damaged_page_alone_can_be_lived_with(folder: Path, parts: StoreParts, tmp_path: Path) -> None:
    """Each tenth page in turn: the store opens, works, and no row comes twice."""
    pages = (folder / "npr-edge.db").stat().st_size // PAGE_BYTES
    for page in range(0, pages, 10):
        place = tmp_path / f"page-{page}"
        place.mkdir()
        for name in ("npr-edge.db", "npr-edge.db.first-page"):
            shutil.copy(folder / name, place)
        overwrite(place, page)
        store, events = recovered(replace(parts, data_dir=place))
        assert len(set(events)) == len(events)
        store.apply(Batch([Passage(read_sighting(9_000))]))
        store.close()
