"""A damaged database is set aside under a dated name, never deleted; what can be read of it is carried over.

Reading around damage works by row number: rows are taken in small groups, and where a group cannot be read the next
readable row number is looked for further on, from both ends. Where the first page is gone (without it SQLite
does not even open the file) a copy of it, kept beside the database since its tables last changed, takes its place.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

log = logging.getLogger(__name__)

_GROUP = 200
_FAR = 2**40
"""Beyond every row number: where to stop looking when the last one cannot be read."""

_CHECK_STEPS = 20_000
"""Steps of SQLite's virtual machine between two looks at the time during a check."""

_COMPANIONS = ("-wal", "-shm")
_HEADER_BYTES = 100  # https://sqlite.org/fileformat2.html#the_database_header
_FREELIST = slice(32, 40)
_CHANGE_COUNTER = slice(24, 28)
_VALID_FOR = slice(92, 96)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a damaged database.

    Attributes:
        damage: What was found.
        aside: Where the damaged file is now.
        rows: Rows carried over, by table.
        lost: Groups of rows that could not be read, by table; only tables with a loss.
    """

    damage: str
    aside: Path
    rows: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """One line for the log and for health."""
        rows = ", ".join(f"{count} of {table}" for table, count in self.rows.items() if count)
        lost = f"; unreadable places: {self.lost}" if self.lost else ""
        carried = f"carried over {rows or 'nothing'}{lost}"
        return f"the database was damaged ({self.damage}); set aside as {self.aside.name}; {carried}"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error tells of damage in the file, rather than of the disk, rights or another process."""
    # Primary result codes of SQLite, https://sqlite.org/rescode.html
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python's own checks (a text that is not UTF-8 in a damaged row) carry no code.
        return "decode" in str(error).lower()
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def check(connection: sqlite3.Connection, *, full: bool, limit_s: float) -> str | None:
    """Look for damage.

    Args:
        connection: Any connection to the database.
        full: Also compare every index with its table (slow).
        limit_s: Give up after this many seconds; what was not looked at counts as sound.

    Returns:
        What is damaged, None where nothing is.
    """
    end_s = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > end_s, _CHECK_STEPS)
    try:
        rows = connection.execute(f"PRAGMA {'integrity_check' if full else 'quick_check'}(3)").fetchall()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return None
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            return str(error)
        raise
    finally:
        connection.set_progress_handler(None, 0)
    told = "; ".join(str(row[0]) for row in rows)
    return None if told == "ok" else told or "the check told nothing"


def rescue(
    path: Path,
    damage: str,
    now_s: float,
    make: Callable[[], Database],
    carry: Callable[[Recovery, sqlite3.Connection], None],
) -> tuple[Database, Recovery]:
    """Set a damaged database aside, make a new one and carry over what can be read; says so in the log.

    Args:
        path: The damaged file.
        damage: What was found.
        now_s: Dates the name of what is set aside, Unix seconds.
        make: Makes and opens the new database at ``path``.
        carry: Copies the rows into it; see ``carry_over``.

    Raises:
        OSError, sqlite3.Error: The disk does not let us make the new one.
    """
    log.error("%s is damaged (%s); setting it aside and carrying over what can be read", path, damage)
    recovery = Recovery(damage=damage, aside=set_aside(path, now_s))
    db = make()
    try:
        carry(recovery, db.conn)
    except sqlite3.DatabaseError as error:
        # What has been carried over stays; the damaged file stays too, for whoever wants to try harder.
        log.error("carrying over ended early: %s", error)  # noqa: TRY400 - the trace says nothing more
    keep_first_page(db, path)
    log.error("%s", recovery.summary())
    return db, recovery


def set_aside(path: Path, now_s: float) -> Path:
    """Rename a damaged database together with its log; returns its new path."""
    stamp = datetime.fromtimestamp(max(now_s, 0.0), UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for companion in _COMPANIONS:
        source = Path(f"{path}{companion}")
        if source.exists():
            source.rename(f"{aside}{companion}")
    path.rename(aside)
    return aside


def keep_first_page(db: Database, path: Path) -> None:
    """Keep a copy of the first page, which describes all tables, where it differs from the copy there is."""
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # a new table may be in the log only
    copy = _first_page_copy(path)
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        size = int.from_bytes(header[16:18], "big")
        page = header + file.read((65_536 if size == 1 else size) - _HEADER_BYTES)
    if copy.exists() and copy.read_bytes()[_HEADER_BYTES:] == page[_HEADER_BYTES:]:
        return
    temporary = copy.with_name(copy.name + ".part")
    temporary.write_bytes(page)
    temporary.replace(copy)


def carry_over(
    recovery: Recovery,
    path: Path,
    into: sqlite3.Connection,
    tables: Sequence[str],
    is_sane: Callable[[str, sqlite3.Row], bool] = lambda table, row: True,
) -> None:
    """Copy every readable row of ``recovery.aside`` into the fresh database; counts what it did in ``recovery``.

    Rows that the fresh database refuses (a copy of a row that is there, a value that must not be empty) are left.

    Args:
        recovery: Names the damaged file; its counts are filled.
        path: Path of the fresh database, beside which the copy of the first page lies.
        into: Writer's connection to the fresh database.
        tables: What to carry over, in this order; names of ours.
        is_sane: Whether a row that came out of a damaged table can be one of ours.
    """
    source = recovery.aside
    borrowed = source.with_name(f"{source.name}.reading")
    try:
        if not _opens(source, tables):
            if not _lend_first_page(source, borrowed, path, tables):
                return
            source = borrowed
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as damaged:
            damaged.row_factory = sqlite3.Row
            damaged.text_factory = lambda data: data.decode("utf-8", "replace")
            for table in tables:
                _copy_table(damaged, into, table, recovery, is_sane)
    finally:
        for companion in ("", *_COMPANIONS):
            Path(f"{borrowed}{companion}").unlink(missing_ok=True)


def _opens(path: Path, tables: Sequence[str]) -> bool:
    """Whether the file can be read so far that it names one of the tables."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return False
    return not names.isdisjoint(tables)


def _first_page_copy(path: Path) -> Path:
    return path.with_name(f"{path.name}.first-page")


def _lend_first_page(aside: Path, borrowed: Path, path: Path, tables: Sequence[str]) -> bool:
    """Make ``borrowed`` a copy of the damaged file that begins with the kept first page; whether it opens."""
    kept = _first_page_copy(path)
    if not kept.exists():
        return False
    page = bytearray(kept.read_bytes())
    page[_FREELIST] = bytes(8)  # which pages were free is not known any more, and does not matter for reading
    # Told apart, these two make SQLite take the number of pages from the size of the file.
    page[_VALID_FOR] = (int.from_bytes(page[_CHANGE_COUNTER], "big") ^ 1).to_bytes(4, "big")
    try:
        for companion in ("", "-wal"):
            if Path(f"{aside}{companion}").exists():
                shutil.copyfile(f"{aside}{companion}", f"{borrowed}{companion}")
        with borrowed.open("r+b") as file:
            file.write(page)
    except OSError as error:
        log.warning("cannot copy the damaged database to read around its first page: %s", error)
        return False
    return _opens(borrowed, tables)


def _copy_table(
    damaged: sqlite3.Connection,
    into: sqlite3.Connection,
    table: str,
    recovery: Recovery,
    is_sane: Callable[[str, sqlite3.Row], bool],
) -> None:
    known = [row[1] for row in into.execute(f"PRAGMA table_info({table})")]
    try:
        columns = [row[1] for row in damaged.execute(f"PRAGMA table_info({table})") if row[1] in known]
    except sqlite3.Error:
        columns = []
    if not columns:
        return
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    reader = _TableReader(damaged, table, columns, recovery)
    copied = 0
    for rows in reader.groups():
        with into:
            copied += into.executemany(insert, [tuple(row) for row in rows if is_sane(table, row)]).rowcount
    recovery.rows[table] = copied


class _TableReader:
    """Takes the readable rows out of one table."""

    def __init__(self, damaged: sqlite3.Connection, table: str, columns: list[str], recovery: Recovery) -> None:
        self._damaged = damaged
        self._table = table
        self._selected = ", ".join(columns)
        self._has_id = "id" in columns
        self._recovery = recovery

    def groups(self) -> Iterator[list[sqlite3.Row]]:
        """All rows that can be read, some at a time, in order of their numbers."""
        if not self._has_id:
            yield from self._until_damage()
            return
        position, end = -1, self._highest()
        while position < end:
            rows = self._after(position, _GROUP)
            if rows is None:
                rows = self._after(position, 1)  # creep up to the damage row by row
            if rows is None:
                self._lose()
                position = self._beyond(position, end)
                continue
            if not rows:
                return
            yield rows
            position = max(position + 1, int(rows[-1]["id"]))

    def _until_damage(self) -> Iterator[list[sqlite3.Row]]:
        """Tables without row numbers (hours, meta) are small: they are read until the first damage."""
        try:
            cursor = self._damaged.execute(f"SELECT {self._selected} FROM {self._table}")
            while rows := cursor.fetchmany(_GROUP):
                yield rows
        except sqlite3.Error:
            self._lose()

    def _after(self, position: int, count: int) -> list[sqlite3.Row] | None:
        """The next rows after a row number; None where they cannot be read."""
        sql = f"SELECT {self._selected} FROM {self._table} WHERE id > ? ORDER BY id LIMIT ?"
        try:
            return self._damaged.execute(sql, (position, count)).fetchall()
        except (sqlite3.Error, OverflowError):
            return None

    def _beyond(self, position: int, end: int) -> int:
        """The smallest row number after which rows can be read again, ``end`` where there is none.

        Leaps of doubling width find readable ground, halving finds where it begins.
        """
        bad, step = position, 1
        while True:
            good = min(position + step, end)
            if good == end or self._after(good, 1) is not None:
                break
            bad, step = good, step * 2
        while good - bad > 1:
            middle = (bad + good) // 2
            if self._after(middle, 1) is None:
                bad = middle
            else:
                good = middle
        return good

    def _highest(self) -> int:
        try:
            return int(self._damaged.execute(f"SELECT max(id) FROM {self._table}").fetchone()[0] or 0)
        except sqlite3.Error:
            return _FAR

    def _lose(self) -> None:
        self._recovery.lost[self._table] = self._recovery.lost.get(self._table, 0) + 1
