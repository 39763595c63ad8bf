"""What each key used each day, counted in memory until it is written."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from npr_edge.access.database import AccessDatabase
from npr_edge.ports import Clock

UsageRow = tuple[int, str, int, int, int]
"""Key id, day, requests, images, refused."""


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One key's use on one day (UTC): answered requests, images among them, requests refused by a limit."""

    day: str
    requests: int
    images: int
    refused: int


class UsageCounter:
    """Counts use per key and day, and when each key was last used."""

    def __init__(self, database: AccessDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[int, str], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
        self._last_used_s: dict[int, float] = {}

    def count(self, key_id: int, *, images: int = 0, refused: bool = False) -> None:
        """One request of a key, with so many images in it."""
        now_s = self._clock.wall_s()
        day = datetime.fromtimestamp(now_s, UTC).date().isoformat()
        with self._lock:
            self._counts[key_id, day] = _sum(self._counts[key_id, day], (int(not refused), images, int(refused)))
            self._last_used_s[key_id] = now_s

    def take(self) -> tuple[list[UsageRow], dict[int, float]]:
        """What was counted since the last call, and when each key was last used."""
        with self._lock:
            rows = [(key_id, day, *counts) for (key_id, day), counts in self._counts.items()]
            last_used_s = self._last_used_s
            self._counts.clear()
            self._last_used_s = {}
        return rows, last_used_s

    def give_back(self, rows: list[UsageRow], last_used_s: dict[int, float]) -> None:
        """Count again what could not be written."""
        with self._lock:
            for key_id, day, *counts in rows:
                self._counts[key_id, day] = _sum(self._counts[key_id, day], counts)
            self._last_used_s = {**last_used_s, **self._last_used_s}

    def of(self, key_id: int, days: int = 31) -> list[DayUsage]:
        """A key's last days with any use, newest first; what is not written yet is in it."""
        rows = self._database.rows(
            "SELECT day, requests, images, refused FROM usage WHERE key_id = ? ORDER BY day DESC LIMIT ?",
            (key_id, days),
        )
        found = {row["day"]: (row["requests"], row["images"], row["refused"]) for row in rows}
        with self._lock:
            pending = [(day, counts) for (owner, day), counts in self._counts.items() if owner == key_id]
        for day, counts in pending:
            found[day] = _sum(found.get(day, (0, 0, 0)), counts)
        return [DayUsage(day, *found[day]) for day in sorted(found, reverse=True)[:days]]


def _sum(first: Sequence[int], second: Sequence[int]) -> tuple[int, int, int]:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]
