"""Opening the database at the start: sound, recovered or new, but never not at all because of damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from npr_edge.ports import Clock
from npr_edge.record.database import connect_writer
from npr_edge.record.faults import StoreFault, StoreFaultError, fault_error
from npr_edge.record.recovery import carry_record_over
from npr_edge.salvage import Recovery, check, keep_first_page, rescue
from npr_edge.settings import RecordSettings

FULL_CHECK_EVERY_S = 30 * 86_400.0
CHECK_LIMIT_S = 60.0
"""A check gives up after this long: a start must not take minutes because the record is large."""


def open_database(
    path: Path, settings: RecordSettings, clock: Clock, known_damage: str | None = None
) -> tuple[Database, Recovery | None]:
    """The writer's connection to a database that is sound.

    Args:
        path: The database; made where it is missing.
        settings: How durable it shall be.
        clock: Names and dates what is set aside.
        known_damage: What went wrong while the database was open: it is recovered without another look.

    Returns:
        The connection, and what had to be recovered.

    Raises:
        StoreFaultError: The disk does not let us (full, read-only, failing).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        damage = known_damage or _damage(path, clock)
        if damage is None:
            try:
                db = connect_writer(path, settings.durable)
            except StoreFaultError as error:
                if error.fault is not StoreFault.DAMAGED:
                    raise
                damage = str(error)
            else:
                keep_first_page(db, path)
                return db, None
        return rescue(
            path,
            damage,
            clock.wall_s(),
            lambda: connect_writer(path, settings.durable),
            lambda recovery, into: carry_record_over(recovery, path, into),
        )
    except (OSError, sqlite3.Error) as error:
        raise fault_error(error, f"opening {path}") from error


def _damage(path: Path, clock: Clock) -> str | None:
    """What is wrong with the database as it lies there; None where nothing is or there is none."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute("PRAGMA journal_mode").fetchall()
            full = _full_check_due(connection, clock)
            damage = check(connection, full=full, limit_s=CHECK_LIMIT_S)
            if damage is None and full:
                with connection:
                    connection.execute(
                        "INSERT OR REPLACE INTO meta (key, value) VALUES ('full_check', ?)", (str(clock.wall_s()),)
                    )
            return damage
    except sqlite3.Error as error:
        wrapped = fault_error(error, f"checking {path}")
        if wrapped.fault is StoreFault.DAMAGED:
            return str(error)
        raise wrapped from error


def _full_check_due(connection: sqlite3.Connection, clock: Clock) -> bool:
    if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0] == 0:
        return False
    row = connection.execute("SELECT value FROM meta WHERE key = 'full_check'").fetchone()
    return row is not None and abs(clock.wall_s() - float(row[0])) > FULL_CHECK_EVERY_S
