"""The tables, and every step that ever changed them; each step runs once, forward, in one transaction.

The oldest SQLite that must cope is 3.31 (Jetson's Ubuntu 20.04): no STRICT tables, no RETURNING.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("npr_edge")


@migrations()
def m001_reads_ledger_outbox(db: Database) -> None:
    """Boots, reads, the ledger of the unread, the hours' counters, the outbox and single values."""
    for statement in _M001:
        db.execute(statement)


@migrations()
def m002_plate_packs(db: Database) -> None:
    """Packed plates (packs.py); they are filled little by little while there is nothing else to do."""
    db.execute(
        "CREATE TABLE plate_packs (first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, plates TEXT NOT NULL)"
    )


_PASSAGE = """
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    {what},
    first_frame INTEGER NOT NULL,
    last_frame INTEGER NOT NULL,
    first_monotonic REAL NOT NULL,
    last_monotonic REAL NOT NULL,
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL,
    clock_synced INTEGER NOT NULL,
    boot INTEGER NOT NULL REFERENCES boots (id)
"""

_M001 = (
    # running_s: seconds this device had been seen running before this boot; monotonic_s: the latest of this boot.
    """CREATE TABLE boots (
        id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, running_s REAL NOT NULL, monotonic_s REAL NOT NULL
    )""",
    f"""CREATE TABLE reads ({
        _PASSAGE.format(
            what='''plate TEXT NOT NULL,
    plate_reversed TEXT NOT NULL,
    printed TEXT NOT NULL,
    region TEXT,
    confidence REAL NOT NULL,
    votes_agreeing INTEGER NOT NULL,
    votes_total INTEGER NOT NULL,
    direction TEXT NOT NULL,
    line_crossed INTEGER NOT NULL,
    list_match TEXT,
    quad TEXT NOT NULL,
    score REAL NOT NULL,
    crop TEXT,
    crop_bytes INTEGER NOT NULL,
    vehicle TEXT'''
        )
    })""",
    # Every index carries the rowid, so each answers in order of recording without sorting.
    "CREATE INDEX reads_camera ON reads (camera)",
    "CREATE INDEX reads_plate ON reads (plate)",
    "CREATE INDEX reads_plate_reversed ON reads (plate_reversed)",  # for endings, and for fuzzy search
    "CREATE INDEX reads_list_match ON reads (list_match) WHERE list_match IS NOT NULL",
    "CREATE INDEX reads_unsynced ON reads (boot) WHERE clock_synced = 0",
    f"CREATE TABLE unread ({_PASSAGE.format(what='reason TEXT NOT NULL, votes_total INTEGER NOT NULL')})",
    "CREATE INDEX unread_unsynced ON unread (boot) WHERE clock_synced = 0",
    # first_id and last_id bracket the reads of an hour: they stand in for an index over the time.
    """CREATE TABLE hours (
        hour INTEGER NOT NULL, camera TEXT NOT NULL, outcome TEXT NOT NULL, passages INTEGER NOT NULL,
        first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, PRIMARY KEY (hour, camera, outcome)
    ) WITHOUT ROWID""",
    # AUTOINCREMENT: an id must never come twice, the publisher remembers how far it is.
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, kind TEXT NOT NULL,
        created REAL NOT NULL, clock_synced INTEGER NOT NULL, payload TEXT NOT NULL
    )""",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
