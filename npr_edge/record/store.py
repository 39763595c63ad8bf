"""The sole writer: passages, ledger, counters and outbox in one transaction, crops on the disk before it."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from npr_edge.domain import MessageKind, Sighting, StoredRead, Vehicle
from npr_edge.ports import Clock, MessageEncoder
from npr_edge.record.boots import BootTable
from npr_edge.record.database import FILE_NAME
from npr_edge.record.faults import fault_error
from npr_edge.record.images import FOLDER_NAME, CropFolder
from npr_edge.record.opening import open_database
from npr_edge.record.outbox import OutboxTable
from npr_edge.record.packs import pack_plates
from npr_edge.record.retention import Retention, Usage, WallClockTrust
from npr_edge.record.rows import (
    INSERT_READ,
    INSERT_UNREAD,
    SELECT_READ,
    read_from,
    read_values,
    stored_read,
    unread_values,
    vehicle_text,
)
from npr_edge.settings import OutboxSettings, RecordSettings, RetentionSettings

log = logging.getLogger(__name__)

_FREE_SPACE_EVERY_S = 5.0
_SWEPT_AT_START = 2
_CORRECTED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class StoreParts:
    """What a store is made of.

    Attributes:
        data_dir: Folder of the database and the crops; made where it is missing.
        clock: The machine's clock.
        encode: Makes the messages; None where nothing is published and nothing goes into the outbox.
        record: How reads are kept.
        retention: For how long.
        outbox: How much may wait for the broker.
    """

    data_dir: Path
    clock: Clock
    encode: MessageEncoder | None = None
    record: RecordSettings = field(default_factory=RecordSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    outbox: OutboxSettings = field(default_factory=OutboxSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A sighting on its way to the disk; its crop is a JPEG already.

    Attributes:
        sighting: Read or unread, without pixels.
        jpeg: The crop; None without one.
        vehicle: What is known of the vehicle.
        list_match: Name of the list the plate stands on.
    """

    sighting: Sighting
    jpeg: bytes | None = None
    vehicle: Vehicle | None = None
    list_match: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes to the disk in one transaction.

    Attributes:
        passages: In the order in which they are to be published.
        vehicles: Vehicle data that came late, by event id.
        acknowledged: Outbox ids that the broker has.
    """

    passages: Sequence[Passage] = ()
    vehicles: Sequence[tuple[str, Vehicle]] = ()
    acknowledged: Sequence[int] = ()


@dataclass(slots=True)
class Applied:
    """What a batch did: new reads, new ledger rows, new messages."""

    reads: int = 0
    unread: int = 0
    messages: int = 0
    crop_bytes: int = 0


class Store:
    """The database and the crops; one thread at a time may use it.

    Attributes:
        recovery: What had to be recovered at the start, None where all was sound.

    Args:
        parts: What it is made of.
        known_damage: Why the database is to be recovered without another look.

    Raises:
        StoreFaultError: The disk does not let us; try again later.
    """

    def __init__(self, parts: StoreParts, known_damage: str | None = None) -> None:
        self._parts = parts
        self._path = parts.data_dir / FILE_NAME
        self._db, self.recovery = open_database(self._path, parts.record, parts.clock, known_damage)
        self._crops = CropFolder(parts.data_dir / FOLDER_NAME)
        self._trust = WallClockTrust(parts.clock)
        self._crops_allowed, self._space_looked_at_s = True, float("-inf")
        try:
            with self._faults("reading the tables"):
                self._boots = BootTable(self._db, parts.clock)
                self._outbox = OutboxTable(self._db, parts.outbox)
                size = self._db.execute("SELECT coalesce(sum(crop_bytes), 0) FROM reads").fetchone()[0]
                self._retention = Retention(self._db, self._crops, parts.retention, int(size))
                self._unswept = self._crops.days()
                for _ in range(_SWEPT_AT_START):
                    self.sweep()
        except BaseException:
            self._db.close()
            raise

    @property
    def outbox(self) -> OutboxTable:
        """Figures of the outbox."""
        return self._outbox

    @property
    def crops_stopped(self) -> bool:
        """Whether crops are left out because the disk is nearly full."""
        return not self._crops_allowed

    def usage(self) -> Usage:
        """What the record takes of the disk."""
        with self._faults("measuring the record"):
            return self._retention.usage()

    def free_bytes(self) -> int:
        """Free space of the disk."""
        return shutil.disk_usage(self._parts.data_dir).free

    def apply(self, batch: Batch) -> Applied:
        """Store a batch: all of it or nothing.

        A passage whose event id is stored already is left out: it may be handed in again after a failure.

        Raises:
            StoreFaultError: Nothing was stored; hand the batch in again.
        """
        with self._faults("storing"):
            applied = Applied()
            made = self._parts.clock.wall_s(), self._parts.clock.synced()
            crops = self._write_crops(batch.passages, applied)
            try:
                with self._db.atomic():
                    self._retention.forget_crops()
                    for passage in batch.passages:
                        self._insert(passage, crops.get(passage.sighting.event_id), made, applied)
                    for event_id, vehicle in batch.vehicles:
                        applied.messages += self._set_vehicle(event_id, vehicle, made)
                    self._outbox.delete(batch.acknowledged)
            except BaseException:
                self._recount_after_failure()
                raise
            self._retention.forgotten()
            self._retention.added(applied.crop_bytes)
            return applied

    def correct_clock(self, boot_id: str, epoch_s: float) -> int:
        """Give the rows of one boot, made before the clock was set, their right times; some at a time.

        Reads that were sent or wait to be sent with the wrong time are followed by an ``update`` message.

        Args:
            boot_id: The boot.
            epoch_s: Unix time at which its monotonic clock stood at 0.

        Returns:
            Messages added; call again until there are no more rows (``has_unsynced``).
        """
        boot = self._boots.number_of(boot_id)
        with self._faults("correcting times"), self._db.atomic():
            made = self._parts.clock.wall_s(), True
            messages = 0
            for table in ("reads", "unread"):
                for row in self._boots.unsynced(table, boot, _CORRECTED_AT_ONCE):
                    self._boots.correct(table, row, epoch_s)
                    if table == "reads":
                        messages += self._put_update(row["event_id"], made)
            return messages

    def has_unsynced(self, boot_id: str) -> bool:
        """Whether rows of a boot wait for the clock to be set."""
        with self._faults("reading the tables"):
            boot = self._boots.number_of(boot_id)
            return any(self._boots.unsynced(table, boot, 1) for table in ("reads", "unread"))

    def maintain(self, limit_s: float = 5.0) -> int:
        """Remove what is too old or too much; returns how many rows went. Call it every ``PASS_EVERY_S``.

        Args:
            limit_s: Stop after about this long, the next call goes on.

        Raises:
            StoreFaultError: The disk does not let us.
        """
        end_s = time.monotonic() + limit_s
        with self._faults("removing old reads"):
            self._boots.tick()
            now_s = self._trust.now_s()
            removed = self._retention.by_age(now_s, self._boots.running_s())
            removed += self._retention.by_bytes(lambda: time.monotonic() < end_s)
            self._outbox.trim(now_s)
            self._retention.give_back_pages()
            return removed

    def pack_plates(self) -> bool:
        """Pack some plates for pattern search; returns whether more are left to be packed."""
        with self._faults("packing plates"):
            return pack_plates(self._db) > 0

    def make_room(self, wanted_bytes: int) -> int:
        """Delete the oldest crops on a full disk; returns the bytes freed."""
        with self._faults("making room"):
            freed = self._retention.make_room(wanted_bytes)
        if freed:
            log.error("the disk is full: deleted the oldest crops, %d bytes, so that reads can be stored", freed)
        return freed

    def sweep(self) -> bool:
        """Look through one more day's folder for files that a kill left; returns whether folders are left."""
        if self._unswept:
            with self._faults("sweeping the crops"):
                day = self._unswept.pop(0)
                swept = self._crops.sweep(day, self._with_crop) if day.is_dir() else 0
                if swept:
                    log.info("deleted %d crops that no read names", swept)
        return bool(self._unswept)

    def close(self) -> None:
        """Bring everything into the database file and close it; safe to call twice."""
        try:
            self._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.debug(
                "no checkpoint at closing: %s", error
            )  # the log stays beside the database and is read at the start
        self._db.close()

    @contextmanager
    def _faults(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise fault_error(error, doing) from error

    def _recount_after_failure(self) -> None:
        try:
            self._outbox.recount()
        except sqlite3.Error as error:
            log.debug("figures of the outbox are stale: %s", error)  # the failure itself is on its way up

    def _write_crops(self, passages: Sequence[Passage], applied: Applied) -> dict[str, str]:
        """Write the crops of reads that are not stored yet; returns their paths by event id."""
        written: dict[str, str] = {}
        if not self._may_write_crops():
            return written
        for passage in passages:
            sighting = passage.sighting
            wanted = passage.jpeg is not None and sighting.plate is not None and not sighting.preview
            if not wanted or self._is_known(sighting.event_id):
                continue
            jpeg = passage.jpeg or b""
            try:
                written[sighting.event_id] = self._crops.write(sighting.event_id, sighting.last_seen_s, jpeg)
                applied.crop_bytes += len(jpeg)
            except OSError as error:
                # A read without its picture is worth more than neither.
                log.warning("the crop of %s cannot be written: %s", sighting.event_id, error)
        self._crops.sync()
        return written

    def _may_write_crops(self) -> bool:
        now_s = self._parts.clock.monotonic_s()
        if now_s - self._space_looked_at_s >= _FREE_SPACE_EVERY_S:
            self._space_looked_at_s = now_s
            free = self.free_bytes()
            allowed = free >= self._parts.retention.min_free_bytes
            if allowed != self._crops_allowed:
                log.warning(
                    "crops are %s: %d bytes of the disk are free", "kept again" if allowed else "left out", free
                )
            self._crops_allowed = allowed
        return self._parts.record.crops and self._crops_allowed

    def _insert(self, passage: Passage, crop: str | None, made: tuple[float, bool], applied: Applied) -> None:
        sighting = passage.sighting
        if self._is_known(sighting.event_id):
            return
        boot = self._boots.current
        if sighting.plate is None:
            if sighting.preview:
                return
            number = self._db.conn.execute(INSERT_UNREAD, unread_values(sighting, boot)).lastrowid or 0
            self._boots.count(sighting.first_seen_s, sighting.camera_id, str(sighting.reason), number)
            applied.unread += 1
            return
        read = stored_read(
            sighting,
            boot_id=self._boots.current_id,
            list_match=passage.list_match,
            vehicle=passage.vehicle,
            crop=crop,
        )
        if not sighting.preview:
            size = len(passage.jpeg or b"") if crop else 0
            number = self._db.conn.execute(INSERT_READ, read_values(read, boot, size)).lastrowid or 0
            self._boots.count(sighting.first_seen_s, sighting.camera_id, "read", number)
            applied.reads += 1
        applied.messages += self._put(read, MessageKind.PREVIEW if sighting.preview else MessageKind.READ, made)

    def _put(self, read: StoredRead, kind: MessageKind, made: tuple[float, bool]) -> int:
        if self._parts.encode is None:
            return 0
        if kind is MessageKind.READ:
            self._outbox.forget_previews(read.event_id)
        self._outbox.put(read.event_id, kind, self._parts.encode(read, kind), made)
        return 1

    def _put_update(self, event_id: str, made: tuple[float, bool]) -> int:
        row = self._db.execute(f"{SELECT_READ} WHERE event_id = ?", (event_id,)).fetchone()
        return self._put(read_from(row), MessageKind.UPDATE, made)

    def _set_vehicle(self, event_id: str, vehicle: Vehicle, made: tuple[float, bool]) -> int:
        text = vehicle_text(vehicle)
        changed = self._db.conn.execute(
            "UPDATE reads SET vehicle = ? WHERE event_id = ? AND vehicle IS NOT ?", (text, event_id, text)
        ).rowcount
        return self._put_update(event_id, made) if changed else 0

    def _is_known(self, event_id: str) -> bool:
        return (
            self._db.execute(
                "SELECT 1 FROM reads WHERE event_id = ?1 UNION ALL SELECT 1 FROM unread WHERE event_id = ?1",
                (event_id,),
            ).fetchone()
            is not None
        )

    def _with_crop(self, event_ids: Sequence[str]) -> set[str]:
        marks = ", ".join("?" * len(event_ids))
        rows = self._db.execute(
            f"SELECT event_id FROM reads WHERE crop IS NOT NULL AND event_id IN ({marks})",
            list(event_ids),
        ).fetchall()
        return {row["event_id"] for row in rows}
