"""Which rows and crops have to go: by age, by bytes, oldest first; never because a clock jumped.

Rows go in the order in which they were recorded. A row's age is known in two ways:

- by the wall clock, where it is trusted now and was right when the row was made;
- by running time: the seconds this device has been seen running since. It ignores every clock, and as a device is
  also switched off at times, it can only be too small. It needs no trust.

Rows whose time cannot be trusted go together with their neighbours. An age by the wall clock may remove only a
small share in one pass, so that a clock that is wrong by years has to stay wrong for most of a day before it costs
much, and after a jump of the clock nothing is removed by its word for a day.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from npr_edge.ports import Clock
from npr_edge.record.images import CropFolder
from npr_edge.settings import RetentionSettings

log = logging.getLogger(__name__)

PASS_EVERY_S = 600.0
SHARE_PER_PASS = 0.01
LEAST_PER_PASS = 500
"""A pass removes at most this share of the rows by age, or this many where that is more: 100 passes make 17 hours."""

JUMP_S = 3600.0
"""The wall clock moved against the monotonic one by more than this: it jumped."""

SETTLE_S = 86_400.0
"""After a jump the wall clock's word is not taken for this long."""

FUTURE_S = 86_400.0
"""A row that lies further in the future than this was made by a wrong clock."""

_CHUNK = 200
_ROW_BYTES = 500  # of a read with its index entries, docs/storage.md
_FREE_PAGES_SHARE = 0.25
_FREE_PAGES_LEAST = 256
_VACUUM_PAGES = 2_000
_HOURS_KEPT = 24 * 400


@dataclass(frozen=True, slots=True)
class Usage:
    """What the record takes of the disk, bytes; ``database`` without its free pages."""

    database: int
    crops: int


class WallClockTrust:
    """Decides whether ages may be taken from the wall clock.

    Args:
        clock: The machine's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor: tuple[float, float] | None = None
        self._settled_at = float("-inf")

    def now_s(self) -> float | None:
        """Unix time where it can be trusted, else None. Call it regularly: jumps are seen between two calls."""
        wall, monotonic = self._clock.wall_s(), self._clock.monotonic_s()
        if not self._clock.synced():
            return None
        if self._anchor is not None:
            drift = (wall - self._anchor[0]) - (monotonic - self._anchor[1])
            if abs(drift) > JUMP_S:
                self._settled_at = monotonic + SETTLE_S
                log.warning("the clock jumped by %.0f s; nothing is deleted by age for a day", drift)
        self._anchor = wall, monotonic
        return wall if monotonic >= self._settled_at else None


class Retention:
    """Removes what has to go; runs in the writer's thread.

    Args:
        db: The writer's connection.
        crops: The crops.
        settings: The bounds.
        crop_bytes: Bytes of all crops at the start; kept up to date through ``added``.
    """

    def __init__(self, db: Database, crops: CropFolder, settings: RetentionSettings, crop_bytes: int) -> None:
        self._db = db
        self._crops = crops
        self._settings = settings
        self._crop_bytes = crop_bytes
        self._gone_up_to = 0
        self._nameless: list[int] = []

    def added(self, crop_bytes: int) -> None:
        """Count the bytes of crops that were written."""
        self._crop_bytes += crop_bytes

    def usage(self) -> Usage:
        """What the record takes of the disk."""
        pages, free, size = (self._pragma(name) for name in ("page_count", "freelist_count", "page_size"))
        return Usage(database=(pages - free) * size, crops=self._crop_bytes)

    def by_age(self, now_s: float | None, running_s: float) -> int:
        """Remove what is too old; returns how many reads and ledger rows went.

        Args:
            now_s: Unix time where it is trusted, else None.
            running_s: Seconds this device has been seen running, on the scale of ``boots``.
        """
        removed = 0
        for table in ("reads", "unread"):
            rows = int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            budget = max(int(rows * SHARE_PER_PASS), LEAST_PER_PASS)
            while budget > 0:
                last = self._last_expired(table, now_s, running_s, min(budget, _CHUNK))
                if last is None:
                    break
                gone = self._remove_up_to(table, last)
                removed += gone
                budget -= gone
        if now_s is not None:
            with self._db.atomic():
                self._db.execute("DELETE FROM hours WHERE hour < ?", (int(now_s // 3600) - _HOURS_KEPT,))
        return removed

    def by_bytes(self, keep_going: Callable[[], bool]) -> int:
        """Remove the oldest until the record fits; returns how many rows went.

        Args:
            keep_going: Asked between steps; False stops early, the next pass goes on.
        """
        removed = 0
        while (excess := self._total() - self._settings.max_bytes) > 0 and keep_going():
            rows = self._oldest(excess)
            ledger = self._db.execute("SELECT id FROM unread ORDER BY id LIMIT ?", (max(len(rows), 1),)).fetchall()
            if not rows and not ledger:
                break
            # The ledger follows in step: its rows are small, and a read rate needs both.
            removed += self._remove_up_to("reads", rows[-1]["id"]) if rows else 0
            removed += self._remove_up_to("unread", ledger[-1]["id"]) if ledger else 0
        return removed

    def give_back_pages(self) -> None:
        """Shrink the file where a good part of it is free; a steady state reuses its pages and is left alone."""
        pages, free = self._pragma("page_count"), self._pragma("freelist_count")
        if free > _FREE_PAGES_SHARE * pages and free > _FREE_PAGES_LEAST:
            # As a script: run as a query, Python takes one step of it, which is one page.
            self._db.conn.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")

    def make_room(self, wanted_bytes: int) -> int:
        """Delete the oldest crops on a full disk, where not even a row can be changed; returns the bytes freed.

        The rows still name the crops; ``forget_crops`` mends that once rows can be written again.
        """
        freed = 0
        while freed < wanted_bytes:
            rows = self._db.execute(
                "SELECT id, crop, crop_bytes FROM reads WHERE id > ? AND crop IS NOT NULL ORDER BY id LIMIT 20",
                (self._gone_up_to,),
            ).fetchall()
            if not rows:
                break
            self._crops.remove([row["crop"] for row in rows])
            self._nameless += [row["id"] for row in rows]
            self._gone_up_to = rows[-1]["id"]
            gone = sum(row["crop_bytes"] for row in rows)
            self._crop_bytes -= gone
            freed += gone
        return freed

    def forget_crops(self) -> None:
        """Take the names of crops that ``make_room`` deleted out of their rows; part of the caller's transaction."""
        if self._nameless:
            self._db.conn.executemany(
                "UPDATE reads SET crop = NULL, crop_bytes = 0 WHERE id = ?", [(number,) for number in self._nameless]
            )

    def forgotten(self) -> None:
        """The transaction with ``forget_crops`` stands."""
        self._nameless.clear()

    def _oldest(self, wanted_bytes: int) -> list[sqlite3.Row]:
        """The oldest reads that take about ``wanted_bytes`` together."""
        rows: list[sqlite3.Row] = []
        for row in self._db.execute("SELECT id, crop_bytes FROM reads ORDER BY id LIMIT ?", (_CHUNK,)).fetchall():
            rows.append(row)
            wanted_bytes -= _ROW_BYTES + row["crop_bytes"]
            if wanted_bytes <= 0:
                break
        return rows

    def _total(self) -> int:
        usage = self.usage()
        return usage.database + usage.crops

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def _last_expired(self, table: str, now_s: float | None, running_s: float, limit: int) -> int | None:
        """The last of the oldest ``limit`` rows up to which all may go, None where none may."""
        rows = self._db.execute(
            f"""SELECT rows.id, last_seen, clock_synced, boots.running_s + rows.last_monotonic AS made_s
            FROM {table} AS rows JOIN boots ON boots.id = rows.boot ORDER BY rows.id LIMIT ?""",
            (limit,),
        ).fetchall()
        last = None
        for row in rows:
            verdict = self._expired(row, now_s, running_s)
            if verdict is False:
                return last
            if verdict:
                last = int(row["id"])
        if last is None and rows and now_s is not None and self._next_dated_expired(table, rows[-1]["id"], now_s):
            return int(rows[-1]["id"])
        return last

    def _expired(self, row: sqlite3.Row, now_s: float | None, running_s: float) -> bool | None:
        """Whether a row is too old; None where its own times do not say."""
        max_age_s = self._settings.max_age_days * 86_400
        if running_s - row["made_s"] > max_age_s:
            return True
        if now_s is None or not row["clock_synced"] or row["last_seen"] > now_s + FUTURE_S:
            return None
        return bool(now_s - row["last_seen"] > max_age_s)

    def _next_dated_expired(self, table: str, after: int, now_s: float) -> bool:
        """Whether the first row with a sound time after many without one is too old: then so are those before it."""
        row = self._db.execute(
            f"""SELECT last_seen FROM {table} WHERE id > ? AND clock_synced = 1 AND last_seen <= ?
            ORDER BY id LIMIT 1""",
            (after, now_s + FUTURE_S),
        ).fetchone()
        return row is not None and now_s - row["last_seen"] > self._settings.max_age_days * 86_400

    def _remove_up_to(self, table: str, last: int) -> int:
        """Delete the oldest rows, then their crops: a kill in between leaves files that the next start sweeps up."""
        crops: list[sqlite3.Row] = []
        if table == "reads":
            crops = self._db.execute(
                "SELECT crop, crop_bytes FROM reads WHERE id <= ? AND crop IS NOT NULL", (last,)
            ).fetchall()
        with self._db.atomic():
            gone = self._db.conn.execute(f"DELETE FROM {table} WHERE id <= ?", (last,)).rowcount
            if table == "reads":
                self._db.execute("DELETE FROM plate_packs WHERE last_id <= ?", (last,))
        self._crops.remove([row["crop"] for row in crops])
        self._crop_bytes -= sum(row["crop_bytes"] for row in crops)
        return gone
