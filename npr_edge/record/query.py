"""What is stored, for everyone who only looks: pages, single reads, export, the hours' counters.

All answers come in order of recording. No query sorts by time: the counters of the hours bracket the row numbers of
a span of time, and every index ends in the row number.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from npr_edge.domain import HourCount, ReadFilter, ReadPage, StoredRead, UnreadReason
from npr_edge.record.database import FILE_NAME, is_made, reading
from npr_edge.record.images import FOLDER_NAME
from npr_edge.record.packs import packed_matches, packed_span
from npr_edge.record.rows import SELECT_READ, Value, read_from
from npr_edge.record.search import Condition, plate_condition, within_one_edit

MAX_LIMIT = 1000
_EXPORT_GROUP = 500
_NEAR = 10_000
_CANDIDATES, _MOST_CANDIDATES = 200, 5_000


class Reads:
    """Read-only access to the record (``ports.ReadsQuery``); safe to call from several threads.

    Args:
        data_dir: Folder of the database. It may be empty still: then there is nothing stored.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._crops = data_dir / FOLDER_NAME
        self._made = False

    def page(
        self, wanted: ReadFilter, *, limit: int = 50, cursor: str | None = None, newest_first: bool = True
    ) -> ReadPage:
        """At most ``limit`` (1-1000) reads in order of recording; ``cursor`` comes from the page before.

        Raises:
            StoreError: The database cannot be read.
            ValueError: The cursor is none of ours or the limit is out of range.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit is {limit}; allowed is 1 to {MAX_LIMIT}")
        position = None if cursor is None else _position(cursor)
        if not self._is_made():
            return ReadPage((), None)
        with reading(self._path) as connection:
            reads = _select(connection, wanted, limit + 1, position, newest_first)
        more = len(reads) > limit
        return ReadPage(tuple(reads[:limit]), _cursor(reads[limit - 1].sequence) if more else None)

    def get(self, event_id: str) -> StoredRead | None:
        """One read, None where it is unknown.

        Raises:
            StoreError: The database cannot be read.
        """
        if not self._is_made():
            return None
        with reading(self._path) as connection:
            row = connection.execute(f"{SELECT_READ} WHERE reads.event_id = ?", (event_id,)).fetchone()
        return None if row is None else read_from(row)

    def crop_path(self, event_id: str) -> Path | None:
        """The JPEG of one read, None where it has none (any more).

        Raises:
            StoreError: The database cannot be read.
        """
        read = self.get(event_id)
        if read is None or read.crop is None:
            return None
        path = self._crops / read.crop
        return path if path.is_file() else None

    def export(self, wanted: ReadFilter) -> Iterator[StoredRead]:
        """All reads, oldest first, in constant memory; none recorded after the start.

        Raises:
            StoreError: The database cannot be read.
        """
        if not self._is_made():
            return
        with reading(self._path) as connection:
            last = connection.execute("SELECT coalesce(max(id), 0) FROM reads").fetchone()[0]
        position = 0
        while True:
            # A connection for each group: a long transaction would keep the writer's log from being emptied.
            with reading(self._path) as connection:
                reads = _select(connection, wanted, _EXPORT_GROUP, position, newest_first=False)
            for read in reads:
                if read.sequence > last:
                    return
                yield read
            if len(reads) < _EXPORT_GROUP:
                return
            position = reads[-1].sequence

    def count(self, wanted: ReadFilter) -> int:
        """How many reads ``export`` would give.

        Raises:
            StoreError: The database cannot be read.
        """
        if not self._is_made():
            return 0
        with reading(self._path) as connection:
            condition = _condition(connection, wanted)
            sql = f"SELECT count(*) FROM reads {condition.index} WHERE {condition.sql}"
            return int(connection.execute(sql, condition.values).fetchone()[0])

    def hours(self, since_s: float, until_s: float, camera_id: str | None = None) -> list[HourCount]:
        """Passages per camera and hour, oldest hour first; hours without a passage are left out.

        Raises:
            StoreError: The database cannot be read.
        """
        if not self._is_made():
            return []
        with reading(self._path) as connection:
            rows = connection.execute(
                """SELECT hour, camera, outcome, passages FROM hours
                WHERE hour >= ? AND hour < ? AND passages > 0 AND (?3 IS NULL OR camera = ?3)
                ORDER BY hour, camera, outcome""",
                (since_s // 3600, -(-until_s // 3600), camera_id),
            ).fetchall()
        return _hour_counts(rows)

    def _is_made(self) -> bool:
        self._made = self._made or is_made(self._path)
        return self._made


def _hour_counts(rows: Sequence[sqlite3.Row]) -> list[HourCount]:
    counts: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        counts.setdefault((row["hour"], row["camera"]), {})[row["outcome"]] = row["passages"]
    return [
        HourCount(
            camera_id=camera,
            hour_s=hour * 3600,
            read=outcomes.get("read", 0),
            unread=tuple((reason, outcomes[reason.value]) for reason in UnreadReason if reason.value in outcomes),
        )
        for (hour, camera), outcomes in counts.items()
    ]


def _select(
    connection: sqlite3.Connection, wanted: ReadFilter, limit: int, position: int | None, newest_first: bool
) -> list[StoredRead]:
    condition = _condition(connection, wanted)
    if position is not None:
        condition = condition.also(f"reads.id {'<' if newest_first else '>'} ?", position)
    if condition.pattern is not None and (span := packed_span(connection)) is not None:
        return list(_search_packs(connection, condition, _Want(limit, position, newest_first), span))
    if condition.index:
        # Every plate has to be looked at: often enough are found among the next rows in order.
        reads = _run(connection, _near(connection, condition, position, newest_first), limit, newest_first)
        if len(reads) == limit:
            return reads
    return _run(connection, condition, limit, newest_first)


@dataclass(frozen=True, slots=True)
class _Want:
    """How many reads are wanted, from where on and in which order."""

    limit: int
    position: int | None
    newest_first: bool


def _search_packs(
    connection: sqlite3.Connection, condition: Condition, want: _Want, span: tuple[int, int]
) -> Iterator[StoredRead]:
    """Reads that fit a pattern: those that packs cover from the packs, newer (and older) ones row by row."""
    low, high = condition.first_id, condition.last_id if condition.last_id is not None else 2**63 - 1
    if want.position is not None:
        low, high = (low, min(high, want.position - 1)) if want.newest_first else (max(low, want.position + 1), high)
    rows_only = replace(condition, index="")
    parts: list[Callable[[int], Iterable[StoredRead]]] = [
        lambda left: _run(connection, rows_only.also("reads.id < ?", span[0]), left, want.newest_first),
        lambda left: _run_packed(connection, condition, (low, high), replace(want, limit=left)),
        lambda left: _run(connection, rows_only.also("reads.id > ?", span[1]), left, want.newest_first),
    ]
    left = want.limit
    for part in reversed(parts) if want.newest_first else parts:
        for read in part(left):
            left -= 1
            yield read
        if left <= 0:
            return


def _run_packed(
    connection: sqlite3.Connection, condition: Condition, between: tuple[int, int], want: _Want
) -> Iterator[StoredRead]:
    """Candidates out of the packs, some at a time, held against the whole condition."""
    assert condition.pattern is not None
    candidates = packed_matches(connection, condition.pattern, *between, want.newest_first)
    left, group = want.limit, max(want.limit, _CANDIDATES)
    while left > 0 and (numbers := list(islice(candidates, group))):
        among = replace(condition, index="").also(f"reads.id IN ({', '.join(map(str, numbers))})")
        for read in _run(connection, among, left, want.newest_first):
            left -= 1
            yield read
        group = min(group * 4, _MOST_CANDIDATES)


def _near(connection: sqlite3.Connection, condition: Condition, position: int | None, newest_first: bool) -> Condition:
    """The condition for the next rows after a position only."""
    if position is None:
        end = "max(id)" if newest_first else "min(id)"
        position = int(connection.execute(f"SELECT coalesce({end}, 0) FROM reads").fetchone()[0])
    low, high = (position - _NEAR, position) if newest_first else (position, position + _NEAR)
    return replace(condition.also("reads.id BETWEEN ? AND ?", low, high), index="")


def _run(connection: sqlite3.Connection, condition: Condition, limit: int, newest_first: bool) -> list[StoredRead]:
    order = "DESC" if newest_first else "ASC"
    # The inner query finds the numbers, often from an index alone; only the wanted rows are fetched whole.
    sql = f"""{SELECT_READ} WHERE reads.id IN (
        SELECT reads.id FROM reads {condition.index} WHERE {condition.sql} ORDER BY reads.id {order} LIMIT ?
    ) ORDER BY reads.id {order}"""
    return [read_from(row) for row in connection.execute(sql, (*condition.values, limit))]


def _condition(connection: sqlite3.Connection, wanted: ReadFilter) -> Condition:
    """The filter as SQL."""
    condition = Condition("1")
    if wanted.plate is not None:
        connection.create_function("within_one_edit", 2, within_one_edit, deterministic=True)
        condition = plate_condition(wanted.plate, wanted.match)
    if wanted.list_match == "*":
        condition = condition.also("reads.list_match IS NOT NULL")
    elif wanted.list_match is not None:
        condition = condition.also("reads.list_match = ?", wanted.list_match)
    if wanted.camera_id is not None:
        # With a plate the plate's index is the better one; the + keeps SQLite from taking the camera's.
        condition = condition.also(f"{'+' if wanted.plate is not None else ''}reads.camera = ?", wanted.camera_id)
    if wanted.since_s is not None or wanted.until_s is not None:
        condition = _span(connection, condition, wanted.since_s, wanted.until_s)
    return condition


def _span(
    connection: sqlite3.Connection, condition: Condition, since_s: float | None, until_s: float | None
) -> Condition:
    """Add a span of time: row numbers from the hours that it touches, then the exact times."""
    hours, values = "outcome = 'read'", list[Value]()
    if since_s is not None:
        hours += " AND hour >= ?"
        values.append(since_s // 3600)
    if until_s is not None:
        hours += " AND hour <= ?"
        values.append(until_s // 3600)
    first, last = connection.execute(
        f"SELECT min(first_id), max(last_id) FROM hours WHERE {hours}",
        values,
    ).fetchone()
    first, last = (first, last) if first is not None else (1, 0)
    condition = replace(
        condition.also("reads.id >= ?", first).also("reads.id <= ?", last), first_id=first, last_id=last
    )
    if since_s is not None:
        condition = condition.also("reads.first_seen >= ?", since_s)
    if until_s is not None:
        condition = condition.also("reads.first_seen < ?", until_s)
    return condition


def _cursor(sequence: int) -> str:
    return base64.urlsafe_b64encode(f"r{sequence}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        position = int(text.removeprefix("r"))
    except (binascii.Error, ValueError):
        position = -1
    # Making the cursor again also finds what decodes in spite of stray characters.
    if not 0 <= position < 2**63 or _cursor(position) != cursor:
        raise ValueError("the cursor is none of ours; hand back next_cursor of the page before, or leave it out")
    return position
