"""The database of keys, windows and usage."""

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

FILE_NAME = "access.db"

migrations = Migrations("npr_edge_access")


@migrations()
def m001_keys_windows_usage(db: Database) -> None:
    """Keys, the windows of their limits, and what was used per key and day."""
    # hash: SHA-256 of the whole key. prefix: its first characters, to tell keys apart. Times are Unix seconds.
    db.execute(
        """CREATE TABLE keys (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL, limits TEXT NOT NULL, created REAL NOT NULL, expires REAL, revoked REAL,
            last_used REAL
        )"""
    )
    db.execute("CREATE INDEX keys_prefix ON keys (prefix)")
    db.execute("CREATE UNIQUE INDEX keys_name ON keys (name) WHERE revoked IS NULL")
    # A window ends at a monotonic time of one boot; the wall time of its end serves after another boot.
    db.execute(
        """CREATE TABLE windows (
            key TEXT PRIMARY KEY, used INTEGER NOT NULL, length REAL NOT NULL, ends_monotonic REAL NOT NULL,
            ends_wall REAL NOT NULL, boot_id TEXT NOT NULL
        )"""
    )
    db.execute(
        """CREATE TABLE usage (
            key_id INTEGER NOT NULL REFERENCES keys (id), day TEXT NOT NULL, requests INTEGER NOT NULL,
            images INTEGER NOT NULL, refused INTEGER NOT NULL, PRIMARY KEY (key_id, day)
        )"""
    )


class AccessDatabase:
    """One connection, shared by the threads of a process under a lock; other processes are welcome beside it."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._lock = threading.Lock()
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._db = _open(self.path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path} cannot be opened: {error}; check that the folder is writable") from error

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
            raise StoreError(f"{self.path} cannot be {what}: {error}") from error


def _open(path: Path) -> Database:
    # Two processes may start at once: only one at a time makes tables. The umask keeps hashes to their owner.
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        db = Database(sqlite3.connect(path, timeout=10, check_same_thread=False))
        try:
            db.conn.row_factory = sqlite3.Row
            # NORMAL: a power cut may take back the last counters, never the file; keys are synced by their writer.
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY"):
                db.execute(f"PRAGMA {pragma}").fetchall()
            migrations.apply(db)
        except BaseException:
            db.close()
            raise
        return db
    finally:
        os.close(descriptor)
