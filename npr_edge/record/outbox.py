"""The outbox: what the writer puts in and takes out, and what the publisher sees of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlite_utils import Database

from npr_edge.domain import MessageKind, OutboxMessage
from npr_edge.record.database import FILE_NAME, is_made, reading
from npr_edge.record.images import FOLDER_NAME
from npr_edge.settings import OutboxSettings

log = logging.getLogger(__name__)

_TRIM_TO = 0.95
"""A full outbox is trimmed to this share, so that it is not trimmed again with the next message."""


class OutboxTable:
    """The writer's side; every method but ``trim`` is part of the caller's transaction.

    Attributes:
        messages: How many wait.
        payload_bytes: How many bytes of payload wait.
        dropped: How many ever fell out unsent.

    Args:
        db: The writer's connection.
        settings: The bounds.
    """

    def __init__(self, db: Database, settings: OutboxSettings) -> None:
        self._db = db
        self._settings = settings
        self.messages = self.payload_bytes = self.dropped = 0
        self.recount()

    def recount(self) -> None:
        """Take the figures from the tables; also after a transaction that did not stand."""
        row = self._db.execute(
            "SELECT count(*) AS messages, coalesce(sum(length(CAST(payload AS BLOB))), 0) AS size FROM outbox"
        ).fetchone()
        self.messages, self.payload_bytes = row["messages"], row["size"]
        dropped = self._db.execute("SELECT value FROM meta WHERE key = 'outbox_dropped'").fetchone()
        self.dropped = int(dropped["value"]) if dropped else 0

    def put(self, event_id: str, kind: MessageKind, payload: str, made: tuple[float, bool]) -> None:
        """Add a message; ``made`` is the Unix time and whether it is known to be right."""
        self._db.execute(
            "INSERT INTO outbox (event_id, kind, created, clock_synced, payload) VALUES (?, ?, ?, ?, ?)",
            (event_id, kind.value, made[0], int(made[1]), payload),
        )
        self.messages += 1
        self.payload_bytes += len(payload.encode())

    def forget_previews(self, event_id: str) -> None:
        """A preview that is still here when the read comes has nothing left to say."""
        ids = self._db.execute(
            "SELECT id FROM outbox WHERE id > (SELECT coalesce(max(id), 0) - 1000 FROM outbox) AND event_id = ?"
            " AND kind = ?",
            (event_id, MessageKind.PREVIEW.value),
        ).fetchall()
        self.delete([row["id"] for row in ids])

    def delete(self, ids: Sequence[int]) -> None:
        """Take messages out; those already gone are fine."""
        for number in ids:
            row = self._db.execute(
                "SELECT length(CAST(payload AS BLOB)) AS size FROM outbox WHERE id = ?", (number,)
            ).fetchone()
            if row is not None:
                self._db.execute("DELETE FROM outbox WHERE id = ?", (number,))
                self.messages -= 1
                self.payload_bytes -= row["size"]

    def trim(self, now_s: float | None) -> int:
        """Drop the oldest beyond the bounds, in a transaction of its own; returns how many fell out.

        Args:
            now_s: Unix time where it is trusted; without it nothing is too old.
        """
        too_many = self._beyond_size() if self.payload_bytes > self._settings.max_bytes else []
        too_old = self._beyond_age(now_s) if now_s is not None else []
        ids = sorted({*too_many, *too_old})
        if ids:
            with self._db.atomic():
                self.delete(ids)
                self.dropped += len(ids)
                self._db.execute(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES ('outbox_dropped', ?)", (str(self.dropped),)
                )
            log.error(
                "%d messages fell out of the outbox unsent (%d ever): the broker was away for too long",
                len(ids), self.dropped,
            )  # fmt: skip
        return len(ids)

    def _beyond_size(self) -> list[int]:
        excess = self.payload_bytes - int(self._settings.max_bytes * _TRIM_TO)
        ids = []
        for row in self._db.execute("SELECT id, length(CAST(payload AS BLOB)) AS size FROM outbox ORDER BY id"):
            if excess <= 0:
                break
            ids.append(row["id"])
            excess -= row["size"]
        return ids

    def _beyond_age(self, now_s: float) -> list[int]:
        """Messages that are too old, oldest first, up to the first that is not or whose time is not known."""
        ids = []
        for row in self._db.execute("SELECT id, created, clock_synced FROM outbox ORDER BY id LIMIT 1000"):
            if not row["clock_synced"] or now_s - row["created"] <= self._settings.max_age_days * 86_400:
                break
            ids.append(row["id"])
        return ids


class StoredOutbox:
    """The publisher's side (``ports.Outbox``): looks on its own connection, acknowledges through the writer.

    Args:
        data_dir: Folder of the database.
        acknowledge: Hands ids to the writer; returns at once.
    """

    def __init__(self, data_dir: Path, acknowledge: Callable[[Sequence[int]], None]) -> None:
        self._path = data_dir / FILE_NAME
        self._crops = data_dir / FOLDER_NAME
        self._acknowledge = acknowledge

    def pending(self, after: int, limit: int) -> list[OutboxMessage]:
        """At most ``limit`` messages with an id above ``after``, in order of publication.

        Raises:
            StoreError: The database cannot be read.
        """
        if not is_made(self._path):
            return []
        with reading(self._path) as connection:
            rows = connection.execute(
                """SELECT outbox.id, outbox.event_id, outbox.kind, outbox.payload, reads.crop
                FROM outbox LEFT JOIN reads ON reads.event_id = outbox.event_id
                WHERE outbox.id > ? ORDER BY outbox.id LIMIT ?""",
                (after, limit),
            ).fetchall()
        return [
            OutboxMessage(
                id=row["id"],
                event_id=row["event_id"],
                kind=MessageKind(row["kind"]),
                payload=row["payload"],
                crop=self._crops / row["crop"] if row["crop"] else None,
            )
            for row in rows
        ]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """The broker has these: they may be deleted. Returns at once."""
        self._acknowledge(ids)
