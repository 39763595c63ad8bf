"""The record thread: takes sightings without ever making their sender wait, and brings them to the disk."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npr_edge.domain import Sighting, Vehicle
from npr_edge.errors import StoreError
from npr_edge.record.faults import StoreFault, StoreFaultError
from npr_edge.record.images import encode_jpeg
from npr_edge.record.retention import PASS_EVERY_S
from npr_edge.record.store import Applied, Batch, Passage, Store, StoreParts

log = logging.getLogger(__name__)

_TURN_S = 1.0
_FIRST_BACKOFF_S = 0.25
_LAST_BACKOFF_S = 15.0
_ACK_LINGER_S = 2.0
"""Acknowledged messages wait this long for a read to share its transaction: a write to the card less per read."""

_ACKS_AT_ONCE = 200
_ROOM_BYTES = 4_000_000
_CLOCK_EVERY_S = 5.0
_BUSY_UPKEEP_S = 10.0
"""Reads that come without a pause let the upkeep wait for this long at most."""


@dataclass(frozen=True, slots=True)
class RecorderState:
    """How the record fares, for health.

    Attributes:
        fault: Why nothing can be stored at the moment.
        detail: The same in words; empty without a fault.
        waiting: Sightings in memory that are not on the disk.
        lost: Sightings refused since the start because too many waited.
        reads: Reads stored since the start; ``unread`` the ledger rows.
        crops_stopped: Whether crops are left out because the disk is nearly full.
        free_bytes: Free space of the disk; ``database_bytes`` and ``crop_bytes`` what the record takes.
        outbox_messages: Messages that wait for the broker; ``outbox_bytes`` their payload.
        outbox_dropped: Messages that ever fell out unsent.
        recoveries: What was recovered from damage since the start, a line each.
    """

    fault: StoreFault = StoreFault.NONE
    detail: str = ""
    waiting: int = 0
    lost: int = 0
    reads: int = 0
    unread: int = 0
    crops_stopped: bool = False
    free_bytes: int = 0
    database_bytes: int = 0
    crop_bytes: int = 0
    outbox_messages: int = 0
    outbox_bytes: int = 0
    outbox_dropped: int = 0
    recoveries: tuple[str, ...] = ()


class Recorder:
    """Owns the store and the one thread that uses it (``ports.SightingRecorder``).

    Args:
        parts: What the store is made of.
        beat: Called at least every second while the thread makes progress; feeds the watchdog.
    """

    def __init__(self, parts: StoreParts, beat: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._beat = beat
        self._listeners: list[Callable[[Applied], None]] = []
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)
        self._changed = threading.Condition()
        # Shared with other threads, under the condition's lock:
        self._new: deque[tuple[Sighting, Vehicle | None, str | None]] = deque()
        self._vehicles: deque[tuple[str, Vehicle]] = deque()
        self._acknowledged: dict[int, None] = {}
        self._acknowledged_since_s: float | None = None
        self._stop_at_s: float | None = None
        self._state = RecorderState()
        # The record thread's own:
        self._passages: deque[Passage] = deque()
        self._store: Store | None = None
        self._known_damage: str | None = None
        self._backoff_s, self._retry_at_s = _FIRST_BACKOFF_S, 0.0
        self._maintain_at_s = self._clock_at_s = 0.0
        self._looked_after_s = time.monotonic()
        self._sweeping = self._packing = True

    def on_applied(self, listener: Callable[[Applied], None]) -> None:
        """Have ``listener`` called from the record thread after each commit; register before ``start``."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Start the thread; damage and a full disk are its own business."""
        self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until nothing waits for the disk; returns whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state.waiting == 0, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Bring what waits to the disk and end; returns whether everything got there in time."""
        with self._changed:
            self._stop_at_s = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s + _TURN_S)
        return not self._thread.is_alive() and self.state().waiting == 0

    def record(self, sighting: Sighting, vehicle: Vehicle | None = None, list_match: str | None = None) -> bool:
        """Take a sighting; never waits. False when too many wait already: it is lost, and counted."""
        with self._changed:
            if self._state.waiting >= self._parts.record.queue:
                self._state = dataclasses.replace(self._state, lost=self._state.lost + 1)
                lost = self._state.lost
            else:
                self._new.append((sighting, vehicle, list_match))
                self._state = dataclasses.replace(self._state, waiting=self._state.waiting + 1)
                self._changed.notify_all()
                return True
        if lost & (lost - 1) == 0:  # 1, 2, 4, 8, ...: said at once, and not once for each
            log.error("%d sightings lost so far: %s", lost, self.state().detail or "they come faster than the disk")
        return False

    def update_vehicle(self, event_id: str, vehicle: Vehicle) -> None:
        """Add vehicle data that came late; it follows as an ``update`` message. Never waits."""
        with self._changed:
            if len(self._vehicles) < self._parts.record.queue:
                self._vehicles.append((event_id, vehicle))
            self._changed.notify_all()

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Delete messages that the broker has, soon. Never waits."""
        with self._changed:
            self._acknowledged.update(dict.fromkeys(ids))
            if self._acknowledged_since_s is None and ids:
                self._acknowledged_since_s = time.monotonic()

    def state(self) -> RecorderState:
        """How the record fares."""
        with self._changed:
            return self._state

    def _run(self) -> None:
        while not self._ended():
            self._beat()
            self._prepare()
            if time.monotonic() < self._retry_at_s and self._stop_at_s is None:
                continue
            try:
                self._work()
            except StoreFaultError as error:
                self._fail(error)
        if self._store is not None:
            self._store.close()
        if waiting := self.state().waiting:
            log.error("%d sightings could not be stored before the end: %s", waiting, self.state().detail)

    def _ended(self) -> bool:
        with self._changed:
            if self._stop_at_s is None:
                return False
            nothing_left = not (self._new or self._passages or self._vehicles or self._acknowledged)
            return nothing_left or time.monotonic() >= self._stop_at_s

    def _prepare(self) -> None:
        """Wait for something to do, and turn new sightings into passages: JPEGs take a twentieth of the pixels."""
        with self._changed:
            if not self._new:
                self._changed.wait_for(lambda: self._new or self._stop_at_s is not None, self._patience_s())
            new = list(self._new)
            self._new.clear()
        for sighting, vehicle, list_match in new:
            jpeg = None
            if sighting.crop is not None and self._parts.record.crops and sighting.plate is not None:
                try:
                    jpeg = encode_jpeg(sighting.crop, self._parts.record.jpeg_quality)
                except StoreError as error:
                    log.warning("%s: %s", sighting.event_id, error)
            self._passages.append(Passage(dataclasses.replace(sighting, crop=None), jpeg, vehicle, list_match))

    def _patience_s(self) -> float:
        """How long nothing needs to be done if nothing new comes."""
        now_s = time.monotonic()
        if self._stop_at_s is not None:
            return 0.02
        if now_s < self._retry_at_s:
            return min(_TURN_S, self._retry_at_s - now_s)
        if self._passages or self._vehicles or len(self._acknowledged) >= _ACKS_AT_ONCE:
            return 0.0
        if self._acknowledged_since_s is not None:
            return min(max(self._acknowledged_since_s + _ACK_LINGER_S - now_s, 0.0), _TURN_S)
        return _TURN_S

    def _work(self) -> None:
        store = self._open()
        batch = self._next_batch()
        if batch.passages or batch.vehicles or batch.acknowledged:
            applied = store.apply(batch)
            self._done(batch, applied)
            for listener in self._listeners:
                listener(applied)
        overdue = time.monotonic() >= self._looked_after_s + _BUSY_UPKEEP_S
        if self._stop_at_s is None and (overdue or not self._passages):
            self._look_after(store)
            self._looked_after_s = time.monotonic()
        self._backoff_s = _FIRST_BACKOFF_S
        self._show(store)

    def _open(self) -> Store:
        if self._store is None:
            self._store = Store(self._parts, self._known_damage)
            self._known_damage = None
            if self._store.recovery is not None:
                line = self._store.recovery.summary()
                with self._changed:
                    self._state = dataclasses.replace(self._state, recoveries=(*self._state.recoveries, line))
            for listener in self._listeners:  # messages of an earlier run may wait
                listener(Applied(messages=self._store.outbox.messages))
        return self._store

    def _next_batch(self) -> Batch:
        passages = [self._passages[i] for i in range(min(len(self._passages), self._parts.record.batch))]
        with self._changed:
            due = (
                bool(passages)
                or self._stop_at_s is not None
                or len(self._acknowledged) >= _ACKS_AT_ONCE
                or time.monotonic() >= (self._acknowledged_since_s or float("inf")) + _ACK_LINGER_S
            )
            return Batch(passages, list(self._vehicles), list(self._acknowledged) if due else [])

    def _done(self, batch: Batch, applied: Applied) -> None:
        for _ in batch.passages:
            self._passages.popleft()
        with self._changed:
            for _ in batch.vehicles:
                self._vehicles.popleft()
            for number in batch.acknowledged:
                self._acknowledged.pop(number, None)
            if not self._acknowledged:
                self._acknowledged_since_s = None
            self._state = dataclasses.replace(
                self._state,
                waiting=self._state.waiting - len(batch.passages),
                reads=self._state.reads + applied.reads,
                unread=self._state.unread + applied.unread,
            )
            self._changed.notify_all()

    def _look_after(self, store: Store) -> None:
        """A piece of the upkeep: correct times, remove the old, pack plates or sweep the crops."""
        now_s = time.monotonic()
        clock = self._parts.clock
        if now_s >= self._clock_at_s:
            self._clock_at_s = now_s + _CLOCK_EVERY_S
            if clock.synced() and store.has_unsynced(clock.boot_id()):
                messages = store.correct_clock(clock.boot_id(), clock.wall_s() - clock.monotonic_s())
                self._clock_at_s = now_s
                for listener in self._listeners:
                    listener(Applied(messages=messages))
        if now_s >= self._maintain_at_s:
            store.maintain()
            self._packing = True
            self._maintain_at_s = now_s + PASS_EVERY_S
        elif self._packing:
            self._packing = store.pack_plates()
        elif self._sweeping:
            self._sweeping = store.sweep()

    def _fail(self, error: StoreFaultError) -> None:
        if self.state().fault is not error.fault:
            log.error("%s", error)
        with self._changed:
            self._state = dataclasses.replace(self._state, fault=error.fault, detail=str(error))
            crowded = self._state.waiting * 2 >= self._parts.record.queue
        if error.fault is StoreFault.DAMAGED and self._store is not None:
            self._known_damage = str(error)
        if error.fault is StoreFault.DISK_FULL and crowded and self._make_room():
            return
        if error.fault is not StoreFault.DISK_FULL and self._store is not None:
            self._store.close()  # a file system that was remounted needs a fresh connection
            self._store = None
        self._retry_at_s = time.monotonic() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, _LAST_BACKOFF_S)

    def _make_room(self) -> bool:
        try:
            return self._store is not None and self._store.make_room(_ROOM_BYTES) > 0
        except StoreFaultError as error:
            log.warning("%s", error)
            return False

    def _show(self, store: Store) -> None:
        usage = store.usage()
        with self._changed:
            if self._state.fault is not StoreFault.NONE:
                log.warning("reads are stored again; %d wait", self._state.waiting)
            self._state = dataclasses.replace(
                self._state,
                fault=StoreFault.NONE,
                detail="",
                crops_stopped=store.crops_stopped,
                free_bytes=store.free_bytes(),
                database_bytes=usage.database,
                crop_bytes=usage.crops,
                outbox_messages=store.outbox.messages,
                outbox_bytes=store.outbox.payload_bytes,
                outbox_dropped=store.outbox.dropped,
            )
