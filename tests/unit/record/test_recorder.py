"""The record thread: nobody waits for it, and it waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter, UnreadReason, Vehicle
from npr_edge.record import Reads, Recorder, Store, StoreFault, StoreParts
from npr_edge.record.faults import StoreFaultError
from npr_edge.record.outbox import StoredOutbox
from npr_edge.record.store import Applied, Batch
from npr_edge.settings import RecordSettings
from tests.support.sightings import NOW_S, FakeClock, crop, event_id, read_sighting, unread_sighting

WAIT_S = 10.0
Start = Callable[..., Recorder]


class Counted:
    """Waits until the recorder has applied enough."""

    def __init__(self) -> None:
        self.rows = self.messages = 0
        self._changed = threading.Condition()

    def __call__(self, applied: Applied) -> None:
        with self._changed:
            self.rows += applied.reads + applied.unread
            self.messages += applied.messages
            self._changed.notify_all()

    def wait_for_rows(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.rows >= count, WAIT_S), f"{self.rows} of {count} rows"

    def wait_for_messages(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.messages >= count, WAIT_S), f"{self.messages} of {count}"


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def start(parts: StoreParts, counted: Counted) -> Iterator[Start]:
    started: list[Recorder] = []

    def start_with(**changes: object) -> Recorder:
        recorder = Recorder(replace(parts, **changes))  # type: ignore[arg-type]
        recorder.on_applied(counted)
        recorder.start()
        started.append(recorder)
        return recorder

    yield start_with
    for recorder in started:
        recorder.stop(WAIT_S)


def events(folder: Path) -> list[str]:
    return [read.event_id for read in Reads(folder).export(ReadFilter())]


def test_sightings_reach_the_disk_in_order(start: Start, counted: Counted, tmp_path: Path) -> None:
    recorder = start()
    for number in range(100):
        assert recorder.record(read_sighting(number, image=crop() if number % 10 == 0 else None))
    recorder.record(unread_sighting(200, UnreadReason.CUT_OFF))
    counted.wait_for_rows(101)
    assert recorder.stop(WAIT_S)
    assert events(tmp_path) == [event_id(number) for number in range(100)]
    assert Reads(tmp_path).crop_path(event_id(10)) is not None
    state = recorder.state()
    assert (state.reads, state.unread, state.waiting, state.lost, state.fault) == (100, 1, 0, 0, StoreFault.NONE)
    assert (state.outbox_messages, state.crops_stopped) == (100, False)
    assert state.database_bytes > 0 < state.crop_bytes


def test_stopping_brings_what_waits_to_the_disk(start: Start, tmp_path: Path) -> None:
    recorder = start()
    for number in range(50):
        recorder.record(read_sighting(number))
    assert recorder.stop(WAIT_S)
    assert len(events(tmp_path)) == 50


def test_flushing_waits_for_the_disk(start: Start, tmp_path: Path) -> None:
    recorder = start()
    for number in range(30):
        recorder.record(read_sighting(number))
    assert recorder.flush(WAIT_S)
    assert len(events(tmp_path)) == 30


def test_stopping_twice_or_unstarted_is_fine(parts: StoreParts) -> None:
    assert Recorder(parts).stop(0.1)


def test_vehicle_data_and_acknowledgements_find_their_way(
    start: Start, counted: Counted, outbox: StoredOutbox, reads: Reads
) -> None:
    recorder = start()
    recorder.record(read_sighting(1))
    counted.wait_for_messages(1)
    recorder.update_vehicle(event_id(1), Vehicle(source="rdw", make="VOLVO"))
    counted.wait_for_messages(2)
    read = reads.get(event_id(1))
    assert read is not None
    assert read.vehicle == Vehicle(source="rdw", make="VOLVO")
    recorder.acknowledge([message.id for message in outbox.pending(0, 10)])
    recorder.stop(WAIT_S)
    assert outbox.pending(0, 10) == []


def test_times_are_corrected_once_the_clock_is_set(
    start: Start, counted: Counted, clock: FakeClock, reads: Reads
) -> None:
    clock.wall, clock.is_synced = 1_000.0, False
    recorder = start()
    recorder.record(read_sighting(1, clock=clock))
    counted.wait_for_rows(1)
    clock.wall, clock.is_synced = NOW_S, True
    counted.wait_for_messages(2)
    read = reads.get(event_id(1))
    assert read is not None
    assert (read.clock_synced, read.last_seen_s) == (True, NOW_S)


def test_reads_without_a_pause_do_not_put_off_the_upkeep(
    parts: StoreParts, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("npr_edge.record.recorder._BUSY_UPKEEP_S", 0.0)
    recorder = Recorder(replace(parts, record=RecordSettings(batch=1)))
    waiting: list[int] = []
    monkeypatch.setattr(Store, "maintain", lambda store: waiting.append(recorder.state().waiting))
    recorder.on_applied(counted)
    for number in range(50):
        recorder.record(read_sighting(number))
    recorder.start()
    counted.wait_for_rows(50)
    assert recorder.stop(WAIT_S)
    assert waiting[0] > 40


def test_messages_of_an_earlier_run_are_announced(start: Start, counted: Counted, parts: StoreParts) -> None:
    from npr_edge.record import Passage

    store = Store(parts)
    store.apply(Batch([Passage(read_sighting(1)), Passage(read_sighting(2))]))
    store.close()
    start()
    counted.wait_for_messages(2)


class StubbornDisk:
    """Makes ``Store.apply`` fail until it is told to work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fault: StoreFault) -> None:
        self.failing = True
        self.failed = threading.Event()
        work = Store.apply

        def apply(store: Store, batch: Batch) -> Applied:
            if self.failing:
                self.failed.set()
                raise StoreFaultError(fault, f"storing: {fault}")
            return work(store, batch)

        monkeypatch.setattr(Store, "apply", apply)


@pytest.mark.parametrize("fault", [StoreFault.DISK_FULL, StoreFault.READ_ONLY, StoreFault.FAILED])
def test_sightings_wait_in_bounded_memory_while_the_disk_fails(
    start: Start, counted: Counted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: StoreFault,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    disk = StubbornDisk(monkeypatch, fault)
    recorder = start(record=RecordSettings(queue=10))
    taken = [recorder.record(read_sighting(number)) for number in range(15)]
    assert disk.failed.wait(WAIT_S)
    assert taken == [True] * 10 + [False] * 5
    state = recorder.state()
    assert (state.waiting, state.lost) == (10, 5)
    disk.failing = False
    counted.wait_for_rows(10)
    recorder.stop(WAIT_S)
    assert events(tmp_path) == [event_id(number) for number in range(10)]
    assert recorder.state().fault is StoreFault.NONE
    assert "sightings lost so far" in caplog.text
    assert fault.value in caplog.text


def test_the_state_says_what_is_wrong(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    StubbornDisk(monkeypatch, StoreFault.READ_ONLY)
    recorder = start()
    recorder.record(read_sighting(1))
    waiting = threading.Event()
    for _ in range(200):
        if recorder.state().fault is StoreFault.READ_ONLY:
            break
        waiting.wait(0.05)
    assert (recorder.state().fault, recorder.state().waiting) == (StoreFault.READ_ONLY, 1)
    assert not recorder.stop(0.2)


def test_a_crop_without_pixels_does_not_cost_the_read(start: Start, counted: Counted, tmp_path: Path) -> None:
    recorder = start()
    recorder.record(read_sighting(1, image=crop(width=0)))
    counted.wait_for_rows(1)
    assert events(tmp_path) == [event_id(1)]


def test_the_heart_beats_while_nothing_happens(parts: StoreParts) -> None:
    beats = threading.Semaphore(0)
    recorder = Recorder(parts, beats.release)
    recorder.start()
    for _ in range(3):
        assert beats.acquire(timeout=WAIT_S)
    recorder.stop(WAIT_S)
