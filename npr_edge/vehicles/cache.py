"""Answers of the registries on disk, so that no plate is asked for twice in a short time."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database, Migrations

from npr_edge.domain import Vehicle
from npr_edge.ports import Clock
from npr_edge.settings import VehicleCacheSettings
from npr_edge.sqlite import SharedDatabase

FILE_NAME = "vehicle-cache.db"
_PRUNE_EVERY = 500
_DAY_S = 86_400.0

migrations = Migrations("npr_edge_vehicle_cache")


@migrations()
def m001_answers(db: Database) -> None:
    """The last answer of each source about each plate; vehicle is NULL where the source knows none."""
    db.execute(
        """CREATE TABLE answers (
            source TEXT NOT NULL, plate TEXT NOT NULL, vehicle TEXT, asked REAL NOT NULL, PRIMARY KEY (source, plate)
        ) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX answers_asked ON answers (asked)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said: a vehicle, or None where it knows none."""

    vehicle: Vehicle | None


class AnswerCache:
    """Answers with their age; safe between threads.

    An answer from the future (the clock was set back, or the device starts without a clock) counts as fresh:
    asking again costs quota, an answer a little too old costs nothing.
    """

    def __init__(self, data_dir: Path, settings: VehicleCacheSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._written = 0
        self._database = SharedDatabase(data_dir / FILE_NAME, migrations, ("answers",))
        self.prune()

    def get(self, source: str, plate: str) -> Answer | None:
        """The answer of ``source`` about ``plate`` (A-Z0-9) while it is fresh; None means: ask.

        Raises:
            StoreError: The cache cannot be read.
        """
        sql = "SELECT vehicle, asked FROM answers WHERE source = ? AND plate = ?"
        for vehicle, asked_s in self._database.rows(sql, (source, plate)):
            days = self._settings.unknown_days if vehicle is None else self._settings.found_days
            if self._clock.wall_s() - asked_s <= days * _DAY_S:
                return Answer(None if vehicle is None else Vehicle(**json.loads(vehicle)))
        return None

    def put(self, source: str, plate: str, vehicle: Vehicle | None) -> None:
        """Keep an answer; None is one too.

        Raises:
            StoreError: The cache cannot be written.
        """
        packed = None if vehicle is None else json.dumps(dataclasses.asdict(vehicle), ensure_ascii=False)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answers (source, plate, vehicle, asked) VALUES (?, ?, ?, ?)",
                (source, plate, packed, self._clock.wall_s()),
            )
        self._written += 1
        if self._written % _PRUNE_EVERY == 0:
            self.prune()

    def prune(self) -> None:
        """Forget what is stale and, beyond ``max_entries``, what is oldest.

        Raises:
            StoreError: The cache cannot be written.
        """
        now_s = self._clock.wall_s()
        settings = self._settings
        with self._database.writing() as connection:
            for kind, days in (("IS NULL", settings.unknown_days), ("IS NOT NULL", settings.found_days)):
                connection.execute(
                    f"DELETE FROM answers WHERE vehicle {kind} AND asked < ?",  # noqa: S608 - constants
                    (now_s - days * _DAY_S,),
                )
            connection.execute(
                """DELETE FROM answers WHERE asked <= (
                    SELECT asked FROM answers ORDER BY asked DESC LIMIT 1 OFFSET ?
                )""",
                (settings.max_entries,),
            )

    def forget(self, plate: str) -> None:
        """Forget all answers about ``plate`` (A-Z0-9).

        Raises:
            StoreError: The cache cannot be written.
        """
        with self._database.writing() as connection:
            connection.execute("DELETE FROM answers WHERE plate = ?", (plate,))

    def close(self) -> None:
        """Close the cache; safe to call twice."""
        self._database.close()
