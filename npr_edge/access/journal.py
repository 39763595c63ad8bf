"""Writes counters to disk in batches: soon after a quiet time, rarely under load, and at the end."""

from __future__ import annotations

import logging
import threading
import time

from npr_edge.access.database import AccessDatabase
from npr_edge.access.limits import Limiter, WindowRow
from npr_edge.access.usage import UsageCounter, UsageRow
from npr_edge.errors import StoreError
from npr_edge.ports import Clock

logger = logging.getLogger(__name__)

SOON_S = 1.0
"""After the first change of a quiet time: a restart soon after loses nothing that matters."""

SPACING_S = 15.0
"""Between two writes under steady load: about 20 kB each, so at most 120 MB a day of a card's life."""

KEPT_DAYS = 400
"""Usage older than this is deleted."""


class Journal:
    """A thread that writes what the limiter and the usage counter changed."""

    def __init__(self, database: AccessDatabase, limiter: Limiter, usage: UsageCounter, clock: Clock) -> None:
        self._database = database
        self._limiter = limiter
        self._usage = usage
        self._clock = clock
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-journal", daemon=True)

    def start(self) -> None:
        """Read the windows of an earlier run and begin."""
        rows = self._database.rows("SELECT key, used, length, ends_monotonic, ends_wall, boot_id FROM windows")
        self._limiter.restore(WindowRow(*row) for row in rows)
        if self._clock.synced():  # a wrong clock must not take old usage with it
            with self._database.writing() as connection:
                connection.execute("DELETE FROM usage WHERE day < date('now', ?)", (f"-{KEPT_DAYS} days",))
        self._thread.start()

    def note(self) -> None:
        """Something changed; never waits."""
        self._changed.set()

    def close(self) -> None:
        """Write what is left and end; safe to call twice."""
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.flush()

    def flush(self) -> None:
        """Write what changed, now; kept for the next time where the disk refuses."""
        windows = self._limiter.changed_rows()
        rows, last_used_s = self._usage.take()
        if not (windows or rows or last_used_s):
            return
        try:
            self._write(windows, rows, last_used_s)
        except StoreError as error:
            self._usage.give_back(rows, last_used_s)
            self._limiter.mark_changed(row.key for row in windows)
            logger.warning("Usage and limits are not written, and counted on in memory: %s", error)

    def _run(self) -> None:
        last_s = -SPACING_S
        while not self._stop.is_set():
            self._changed.wait()
            wait_s = max(SOON_S, last_s + SPACING_S - time.monotonic())
            if self._stop.wait(wait_s):
                return
            self._changed.clear()
            self.flush()
            last_s = time.monotonic()

    def _write(self, windows: list[WindowRow], rows: list[UsageRow], last_used_s: dict[int, float]) -> None:
        now_s, boot_id = self._clock.monotonic_s(), self._clock.boot_id()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM windows WHERE boot_id != ? OR ends_monotonic <= ?", (boot_id, now_s))
            connection.executemany(
                "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (row.key, row.used, row.length_s, row.ends_monotonic_s, row.ends_wall_s, row.boot_id)
                    for row in windows
                ],
            )
            connection.executemany(
                """INSERT INTO usage (key_id, day, requests, images, refused) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (key_id, day) DO UPDATE SET requests = requests + excluded.requests,
                images = images + excluded.images, refused = refused + excluded.refused""",
                rows,
            )
            connection.executemany(
                "UPDATE keys SET last_used = ? WHERE id = ?", [(when, key) for key, when in last_used_s.items()]
            )
