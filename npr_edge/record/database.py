"""Connections to the database: one that writes, many that only look."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from sqlite_utils import Database

from npr_edge.record.faults import fault_error
from npr_edge.record.migrations import migrations

FILE_NAME = "npr-edge.db"
PAGE_BYTES = 1024
"""Page size of new databases; docs/storage.md has the figures that chose it."""

CHECKPOINT_PAGES = 4000
"""The log is folded into the database when it holds this many pages: often changed ones are then written once."""


def connect_writer(path: Path, durable: Literal["power-cut", "kill"] = "power-cut") -> Database:
    """Open the database for its one writer, making or migrating it as needed.

    WAL lets readers look while it is written, and turns a commit into one append. ``synchronous=FULL`` syncs that
    append: in WAL mode NORMAL would survive a kill too, but a power cut could take the last commits back.

    Raises:
        StoreFaultError: The file cannot be opened, written or migrated.
    """
    try:
        db = Database(sqlite3.connect(path, timeout=10, check_same_thread=False))
        try:
            db.conn.row_factory = sqlite3.Row
            for pragma in (
                f"page_size = {PAGE_BYTES}",  # this and the next only work before the first table
                "auto_vacuum = INCREMENTAL",
                "journal_mode = WAL",
                f"synchronous = {'FULL' if durable == 'power-cut' else 'NORMAL'}",
                "temp_store = MEMORY",
                f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
                "journal_size_limit = 8388608",
            ):
                db.execute(f"PRAGMA {pragma}").fetchall()
            migrations.apply(db)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise fault_error(error, f"opening {path}") from error
    return db


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only look, for one piece of work.

    One for each piece of work: opening costs a fraction of a millisecond, and a database that was set aside and
    made anew is never held on to.

    Raises:
        StoreFaultError: There is no database or it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only = ON")
            yield connection
    except sqlite3.Error as error:
        raise fault_error(error, f"reading {path}") from error


def is_made(path: Path) -> bool:
    """Whether the database has its tables; before that, at the first start of all, there is nothing stored.

    Raises:
        StoreFaultError: It cannot be read.
    """
    if not path.exists():
        return False
    with reading(path) as connection:
        return bool(connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'outbox'").fetchone()[0])
