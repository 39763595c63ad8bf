"""A SQLite file that the threads of a process share, and other processes with it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from npr_edge.errors import StoreError
from npr_edge.salvage import carry_over, check, is_damage, keep_first_page, rescue

BUSY_S = 10.0
"""Longest wait for another process that writes."""

CHECK_LIMIT_S = 5.0
"""A check at the start gives up after this long; a large table of vehicles is not worth a longer one."""


class SharedDatabase:
    """One connection under a lock; what goes wrong is a ``StoreError`` that names the file.

    Args:
        path: The file; it and its folder are made where they are missing, for its owner alone.
        steps: Migrations that make its tables.
        tables: What to carry over where the file is damaged: it is then set aside and made anew. Only for the
            process that the file belongs to; without it, damage is an error that says who mends it.

    Raises:
        StoreError: The file cannot be opened or made, or it is damaged and nothing is to be rescued here.
    """

    def __init__(self, path: Path, steps: Migrations, tables: Sequence[str] = ()) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(path):
                self._db = _open_or_rescue(path, steps, tables) if tables else _open(path, steps)
        except (OSError, sqlite3.Error) as error:
            raise self._fault("opened", error) from error

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """All rows of a query.

        Raises:
            StoreError: The database cannot be read.
        """
        with self._lock, self._faults("read"):
            return self._db.conn.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; everything inside is written or nothing.

        Raises:
            StoreError: The database cannot be written.
            sqlite3.IntegrityError: A row contradicts another.
        """
        with self._lock, self._faults("written"), self._db.atomic():
            yield self._db.conn

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise self._fault(what, error) from error

    def _fault(self, what: str, error: Exception) -> StoreError:
        advice = "check disk and permissions"
        if isinstance(error, sqlite3.Error) and is_damage(error):
            advice = "the file is damaged; `npr-edge run` sets it aside when it starts and keeps what can be read"
        return StoreError(f"{self.path} cannot be {what}: {error}; {advice}")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes may start at once: only one at a time makes tables or mends the file."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path, steps: Migrations) -> Database:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = Database(sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False))
    try:
        db.conn.row_factory = sqlite3.Row
        # NORMAL: a power cut may take back the last transactions, never the file.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        db.execute("PRAGMA journal_size_limit = 8388608").fetchall()
        steps.apply(db)
    except BaseException:
        db.close()
        raise
    return db


def _open_or_rescue(path: Path, steps: Migrations, tables: Sequence[str]) -> Database:
    try:
        db = _open(path, steps)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        damage = str(error)
    else:
        found = check(db.conn, full=False, limit_s=CHECK_LIMIT_S)
        if found is None:
            keep_first_page(db, path)
            return db
        damage = found
        db.close()
    db, _ = rescue(
        path,
        damage,
        time.time(),
        lambda: _open(path, steps),
        lambda recovery, into: carry_over(recovery, path, into, tables),
    )
    return db
