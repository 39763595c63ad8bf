"""A SQLite file that the threads of a process share, and other processes with it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from npr_edge.errors import StoreError

BUSY_S = 10.0
"""Longest wait for another process that writes."""


class SharedDatabase:
    """One connection under a lock; what goes wrong is a ``StoreError`` that names the file.

    Args:
        path: The file; it and its folder are made where they are missing, for its owner alone.
        steps: Migrations that make its tables.

    Raises:
        StoreError: The file cannot be opened or made.
    """

    def __init__(self, path: Path, steps: Migrations) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _open(path, steps)
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
        return StoreError(f"{self.path} cannot be {what}: {error}; check disk and permissions")


def _open(path: Path, steps: Migrations) -> Database:
    # Two processes may start at once: only one at a time makes tables.
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
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
    finally:
        os.close(descriptor)
