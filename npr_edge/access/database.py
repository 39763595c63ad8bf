"""The database of keys, windows and usage."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

from npr_edge.sqlite import SharedDatabase

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


class AccessDatabase(SharedDatabase):
    """``access.db`` of a data folder.

    Args:
        data_dir: The folder.
        mend: Set a damaged file aside and carry its keys over, as the server does when it starts.

    Raises:
        StoreError: It cannot be opened or made.
    """

    def __init__(self, data_dir: Path, *, mend: bool = False) -> None:
        super().__init__(data_dir / FILE_NAME, migrations, ("keys", "windows", "usage") if mend else ())
