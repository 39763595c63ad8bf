"""The local table of known vehicles: imported by its owner, asked first, found in well under a millisecond."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlite_utils import Database, Migrations

from npr_edge.domain import Vehicle
from npr_edge.sqlite import SharedDatabase
from npr_edge.vehicles.plates import bare

FILE_NAME = "vehicles.db"
"""A file of its own: an import writes for a minute, and nothing else of the device waits for it."""

SOURCE = "local"
_BATCH = 1_000
_COLUMNS = "plate, make, model, colour, year, fuel_type"
_UPSERT = f"INSERT OR REPLACE INTO vehicles ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants

migrations = Migrations("npr_edge_vehicles")


@migrations()
def m001_vehicles(db: Database) -> None:
    """One row per plate, without separators."""
    db.execute(
        """CREATE TABLE vehicles (
            plate TEXT PRIMARY KEY, make TEXT, model TEXT, colour TEXT, year INTEGER, fuel_type TEXT
        ) WITHOUT ROWID"""
    )


@dataclass(frozen=True, slots=True)
class KnownVehicle:
    """A row of the local table: the plate (A-Z0-9) and what is known of its vehicle."""

    plate: str
    vehicle: Vehicle


class VehicleRegistry:
    """The local table; safe between threads, and other processes may import while this one looks up.

    Args:
        data_dir: Where the table lies.
        mend: Set a damaged table aside and carry its vehicles over, as the daemon does when it starts.

    Raises:
        StoreError: It cannot be opened or made.
    """

    def __init__(self, data_dir: Path, *, mend: bool = False) -> None:
        self._database = SharedDatabase(data_dir / FILE_NAME, migrations, ("vehicles",) if mend else ())

    def lookup(self, text: str) -> Vehicle | None:
        """What is known of the plate ``text``; separators and case do not matter.

        Raises:
            StoreError: The table cannot be read.
        """
        sql = f"SELECT {_COLUMNS} FROM vehicles WHERE plate = ?"  # noqa: S608 - constants
        rows = self._database.rows(sql, (bare(text),))
        return _vehicle(rows[0]) if rows else None

    def put(self, vehicles: Iterable[KnownVehicle], *, replace_all: bool = False) -> int:
        """Add or replace vehicles, all or none of them; returns how many were given.

        The iterable is read as it comes, so memory stays small however long it is. An error that it raises leaves
        the table as it was.

        Args:
            vehicles: What to store; of two with one plate the later stays.
            replace_all: Forget what was known before.

        Raises:
            StoreError: The table cannot be written.
        """
        count = 0
        rows = iter(vehicles)
        with self._database.writing() as connection:
            if replace_all:
                connection.execute("DELETE FROM vehicles")
            while batch := list(islice(rows, _BATCH)):
                connection.executemany(_UPSERT, [_row(known) for known in batch])
                count += len(batch)
        return count

    def remove(self, plates: Sequence[str]) -> int:
        """Forget plates; returns how many were known.

        Raises:
            StoreError: The table cannot be written.
        """
        wanted = [(bare(plate),) for plate in plates]
        with self._database.writing() as connection:
            before = connection.total_changes
            connection.executemany("DELETE FROM vehicles WHERE plate = ?", wanted)
            return connection.total_changes - before

    def count(self) -> int:
        """How many vehicles are known.

        Raises:
            StoreError: The table cannot be read.
        """
        return int(self._database.rows("SELECT count(*) FROM vehicles")[0][0])

    def all(self) -> Iterator[KnownVehicle]:
        """Every vehicle by plate, in bounded memory; what changes meanwhile may or may not be seen.

        Raises:
            StoreError: The table cannot be read.
        """
        last = ""
        sql = f"SELECT {_COLUMNS} FROM vehicles WHERE plate > ? ORDER BY plate LIMIT {_BATCH}"  # noqa: S608 - constants
        while True:
            rows = self._database.rows(sql, (last,))
            if not rows:
                return
            last = rows[-1][0]
            yield from (KnownVehicle(row[0], _vehicle(row)) for row in rows)

    def close(self) -> None:
        """Close the table; safe to call twice."""
        self._database.close()


def _row(known: KnownVehicle) -> tuple[str | int | None, ...]:
    vehicle = known.vehicle
    return bare(known.plate), vehicle.make, vehicle.model, vehicle.colour, vehicle.year, vehicle.fuel_type


def _vehicle(row: sqlite3.Row) -> Vehicle:
    _, make, model, colour, year, fuel_type = row
    return Vehicle(SOURCE, _text(make), _text(model), _text(colour), int(year) if year else None, _text(fuel_type))


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)
