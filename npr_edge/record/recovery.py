"""What is carried over from a damaged record: all of its tables, and of the reads those that can be ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from npr_edge.record.rows import read_from
from npr_edge.salvage import Recovery, carry_over

TABLES = ("boots", "meta", "reads", "unread", "hours", "outbox")


def carry_record_over(recovery: Recovery, path: Path, into: sqlite3.Connection) -> None:
    """Copy every readable row of a damaged record into the fresh one at ``path``; see ``salvage.carry_over``."""
    carry_over(recovery, path, into, TABLES, _is_sane)
    _name_lost_boots(into)


def _name_lost_boots(into: sqlite3.Connection) -> None:
    """Rows whose boot was lost keep their place: the boot comes back nameless."""
    with into:
        into.execute(
            """INSERT OR IGNORE INTO boots (id, boot_id, running_s, monotonic_s)
            SELECT boot, 'lost-' || boot, 0, 0 FROM (SELECT boot FROM reads UNION SELECT boot FROM unread)"""
        )


def _is_sane(table: str, row: sqlite3.Row) -> bool:
    if table != "reads":
        return True
    try:
        read_from({**dict(row), "boot_id": ""})
    except (ValueError, TypeError, KeyError, IndexError):
        return False
    return all(isinstance(row[name], float) for name in ("first_seen", "last_seen", "first_monotonic"))
