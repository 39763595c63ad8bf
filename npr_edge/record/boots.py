"""Time in the database: boots, the running time of the device, corrected rows and the counters of the hours."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database

from npr_edge.ports import Clock


class BootTable:
    """The boots this device was seen in; every method but ``tick`` is part of the caller's transaction.

    Attributes:
        current: Number of this boot's row.
        current_id: Id of this boot.

    Args:
        db: The writer's connection.
        clock: The machine's clock.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.current_id = clock.boot_id()
        with db.atomic():
            running_s = db.execute("SELECT coalesce(max(running_s + monotonic_s), 0) FROM boots").fetchone()[0]
            db.execute(
                "INSERT OR IGNORE INTO boots (boot_id, running_s, monotonic_s) VALUES (?, ?, ?)",
                (self.current_id, running_s, clock.monotonic_s()),
            )
        row = db.execute("SELECT id, running_s FROM boots WHERE boot_id = ?", (self.current_id,)).fetchone()
        self.current: int = row["id"]
        self._running_before_s: float = row["running_s"]

    def running_s(self) -> float:
        """Seconds this device has been seen running, over all boots; never jumps."""
        return self._running_before_s + self._clock.monotonic_s()

    def tick(self) -> None:
        """Remember how long this boot has lasted, in a transaction of its own."""
        with self._db.atomic():
            self._db.execute("UPDATE boots SET monotonic_s = ? WHERE id = ?", (self._clock.monotonic_s(), self.current))

    def number_of(self, boot_id: str) -> int:
        """The row number of a boot; 0 where it is unknown."""
        row = self._db.execute("SELECT id FROM boots WHERE boot_id = ?", (boot_id,)).fetchone()
        return int(row["id"]) if row else 0

    def unsynced(self, table: str, boot: int, limit: int) -> list[sqlite3.Row]:
        """Oldest rows of a boot whose times are not known to be right."""
        return self._db.execute(
            f"SELECT * FROM {table} WHERE boot = ? AND clock_synced = 0 ORDER BY id LIMIT ?",
            (boot, limit),
        ).fetchall()

    def correct(self, table: str, row: sqlite3.Row, epoch_s: float) -> None:
        """Give a row its right times and move it to its right hour."""
        first_seen_s = epoch_s + row["first_monotonic"]
        self._db.execute(
            f"UPDATE {table} SET first_seen = ?, last_seen = ?, clock_synced = 1 WHERE id = ?",
            (first_seen_s, epoch_s + row["last_monotonic"], row["id"]),
        )
        outcome = "read" if table == "reads" else row["reason"]
        self.count(row["first_seen"], row["camera"], outcome, row["id"], by=-1)
        self.count(first_seen_s, row["camera"], outcome, row["id"])

    def count(self, first_seen_s: float, camera: str, outcome: str, number: int, by: int = 1) -> None:
        """Count a passage in its hour.

        Args:
            first_seen_s: Unix time that decides the hour.
            camera: Id of the camera.
            outcome: ``read`` or the reason.
            number: Row number of the passage, for the hour's bracket.
            by: -1 takes a passage out again; the bracket stays as wide as it was.
        """
        self._db.execute(
            """INSERT INTO hours (hour, camera, outcome, passages, first_id, last_id) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
            ON CONFLICT (hour, camera, outcome) DO UPDATE SET passages = passages + ?4,
            first_id = min(first_id, ?5), last_id = max(last_id, ?5)""",
            (int(first_seen_s // 3600), camera, outcome, by, number),
        )
