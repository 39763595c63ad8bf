"""Packed plates: the texts of thousands of reads in one value, for patterns that no index can serve.

``*2AB*`` has neither a fixed start nor a fixed end, so every plate has to be looked at. In the index that takes 150 ns
each; in one long text ``str.find`` takes 5. A pack is written once, when its reads have come in, and costs a read eight
bytes; an index of all endings or trigrams would cost it kilobytes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from sqlite_utils import Database

PACK_ROWS = 4096
"""Reads of a pack: the newest ones, which are in none yet, are looked at one by one."""

_PACKS_AT_ONCE = 4
_LONGEST_GAP = 1000
"""Row numbers that may be missing between two reads of a pack: each takes a byte."""


def pack_plates(db: Database) -> int:
    """Pack reads that are in no pack yet, some at a time, each pack in a transaction of its own; returns the packs."""
    for made in range(_PACKS_AT_ONCE):
        packed_up_to = db.execute("SELECT coalesce(max(last_id), 0) FROM plate_packs").fetchone()[0]
        rows = db.execute(
            "SELECT id, plate FROM reads WHERE id > ? ORDER BY id LIMIT ?", (packed_up_to, PACK_ROWS)
        ).fetchall()
        if len(rows) < PACK_ROWS:
            return made
        first = last = int(rows[0][0])
        lines = [rows[0][1]]
        for number, plate in rows[1:]:
            if number - last > _LONGEST_GAP:
                break
            lines += [""] * (number - last - 1)
            lines.append(plate)
            last = number
        with db.atomic():
            db.execute("INSERT INTO plate_packs VALUES (?, ?, ?)", (first, last, "\n".join(lines)))
    return _PACKS_AT_ONCE


def packed_span(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """The first and the last row number that packs cover; None where there are none (or a database without packs)."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'plate_packs'").fetchone() is None:
        return None
    first, last = connection.execute("SELECT min(first_id), max(last_id) FROM plate_packs").fetchone()
    return None if first is None else (int(first), int(last))


def packed_matches(
    connection: sqlite3.Connection, pattern: str, low: int, high: int, newest_first: bool
) -> Iterator[int]:
    """Row numbers from ``low`` to ``high`` whose plate fits, in order; rows that are gone may be among them.

    Args:
        connection: To the database.
        pattern: ``A-Z0-9`` with ``*`` and ``?``, at least one of them a character of its own.
        low: Least row number.
        high: Greatest row number.
        newest_first: Whether the greatest comes first.
    """
    literal = max(re.split(r"[*?]+", pattern), key=len)
    whole = re.compile(pattern.replace("*", ".*").replace("?", "."))
    order = "DESC" if newest_first else "ASC"
    packs = connection.execute(
        f"SELECT first_id, plates FROM plate_packs WHERE first_id <= ? AND last_id >= ? ORDER BY first_id {order}",
        (high, low),
    )
    for first, plates in packs:
        found = [number for number in _in_pack(first, plates, literal, whole) if low <= number <= high]
        yield from reversed(found) if newest_first else found


def _in_pack(first: int, plates: str, literal: str, whole: re.Pattern[str]) -> Iterator[int]:
    number, counted, at = first, 0, plates.find(literal)
    while at >= 0:
        start = plates.rfind("\n", 0, at) + 1
        end = plates.find("\n", at)
        end = len(plates) if end < 0 else end
        number += plates.count("\n", counted, start)
        counted = start
        if whole.fullmatch(plates, start, end):
            yield number
        at = plates.find(literal, end)
