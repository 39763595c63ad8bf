"""Full disks, read-only file systems, overwritten pages at work, clocks that jump: nothing crashes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter
from npr_edge.record import Passage, Reads, Recorder, RecorderState, Store, StoreFault, StoreParts
from npr_edge.record.database import PAGE_BYTES
from npr_edge.record.store import Batch
from npr_edge.settings import RecordSettings, RetentionSettings
from tests.support.sightings import NOW_S, YEAR_S, FakeClock, crop, encode, event_id, read_sighting

WAIT_S = 60.0
DISK_BYTES = 6 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB; skips where none can be mounted."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "npr-edge-test", str(mounted)]
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True, capture_output=True)


def remount(disk: Path, how: str) -> None:
    done = subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the file system cannot be made {how}: {done.stderr.strip()}")


def parts_on(disk: Path, clock: FakeClock | None = None, *, queue: int = 40) -> StoreParts:
    return StoreParts(
        disk,
        clock or FakeClock(),
        encode,
        record=RecordSettings(queue=queue, batch=4),
        retention=RetentionSettings(min_free_bytes=0),
    )


@pytest.fixture
def start() -> Iterator[Callable[[StoreParts], Recorder]]:
    started: list[Recorder] = []

    def start_with(parts: StoreParts) -> Recorder:
        recorder = Recorder(parts)
        recorder.start()
        started.append(recorder)
        return recorder

    yield start_with
    for recorder in started:
        recorder.stop(WAIT_S)


def wait_for_state(recorder: Recorder, enough: Callable[[RecorderState], bool]) -> RecorderState:
    """Wait until the recorder says so; its state is for people and tells nobody when it changes."""
    end_s = time.monotonic() + WAIT_S
    while not enough(state := recorder.state()):
        assert time.monotonic() < end_s, f"still {state}"
        time.sleep(0.02)
    return state


def record_all(recorder: Recorder, numbers: range, *, with_crop: bool = True) -> None:
    """Hand in one after the other, each as soon as there is room."""
    image = crop(width=240, height=120)
    for number in numbers:
        wait_for_state(recorder, lambda state: state.waiting < 20)
        assert recorder.record(read_sighting(number, image=image if with_crop else None))


def events(folder: Path) -> list[str]:
    return [read.event_id for read in Reads(folder).export(ReadFilter())]


def fill(disk: Path, keep_free: int = 0) -> Path:
    """Fill the disk with a file of somebody else's."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize - keep_free
            while free > 0:
                free -= file.write(b"\0" * min(free, 65_536))
        except OSError:
            pass  # full: what it is for
    return ballast


def test_on_a_full_disk_the_oldest_crops_make_room_for_reads(
    disk: Path, start: Callable[[StoreParts], Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    recorder = start(parts_on(disk))
    record_all(recorder, range(60))
    wait_for_state(recorder, lambda state: state.waiting == 0)
    fill(disk)
    with_crop_before = sum(read.crop is not None for read in Reads(disk).export(ReadFilter()))
    # Each handed in without a look at the room there is, as cameras do.
    taken = [number for number in range(100, 130) if recorder.record(read_sighting(number))]
    wait_for_state(recorder, lambda state: state.waiting == 0 and state.fault is StoreFault.NONE)
    assert recorder.state().lost == 30 - len(taken)
    assert events(disk) == [event_id(number) for number in [*range(60), *taken]]
    assert sum(Reads(disk).crop_path(event_id(n)) is not None for n in range(60)) < with_crop_before
    assert Reads(disk).crop_path(event_id(0)) is None
    assert "deleted the oldest crops" in caplog.text


def test_reads_wait_while_a_disk_without_crops_is_full(disk: Path, start: Callable[[StoreParts], Recorder]) -> None:
    recorder = start(parts_on(disk, queue=20))
    record_all(recorder, range(10), with_crop=False)
    wait_for_state(recorder, lambda state: state.waiting == 0)
    ballast = fill(disk)
    taken = [number for number in range(100, 200) if recorder.record(read_sighting(number))]
    state = wait_for_state(recorder, lambda state: state.fault is StoreFault.DISK_FULL)
    assert "the disk is full" in state.detail
    assert state.waiting <= 20
    assert state.lost > 0
    ballast.unlink()
    wait_for_state(recorder, lambda state: state.fault is StoreFault.NONE and state.waiting == 0)
    assert events(disk) == [event_id(number) for number in [*range(10), *taken]]


def test_a_disk_filled_by_reads_themselves_never_crashes(
    disk: Path, start: Callable[[StoreParts], Recorder], long_form: bool
) -> None:
    count = 6_000 if long_form else 900
    recorder = start(parts_on(disk))
    record_all(recorder, range(count))
    wait_for_state(recorder, lambda state: state.waiting == 0)
    assert recorder.state().lost == 0
    stored = events(disk)
    assert stored == [event_id(number) for number in range(count)]
    newest = Reads(disk).page(ReadFilter(), limit=5).reads
    assert all(read.event_id in stored for read in newest)


def test_a_start_on_a_read_only_file_system_is_waited_out(disk: Path, start: Callable[[StoreParts], Recorder]) -> None:
    remount(disk, "ro")
    recorder = start(parts_on(disk))
    recorder.record(read_sighting(1))
    wait_for_state(recorder, lambda state: state.fault is StoreFault.READ_ONLY and state.waiting == 1)
    remount(disk, "rw")
    wait_for_state(recorder, lambda state: state.reads == 1)
    assert events(disk) == [event_id(1)]


def test_pages_overwritten_at_work_are_recovered_and_the_daemon_goes_on(
    tmp_path: Path, start: Callable[[StoreParts], Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    parts = parts_on(tmp_path)
    store = Store(parts)
    store.apply(Batch([Passage(read_sighting(number)) for number in range(500)]))
    store.close()
    recorder = start(parts)
    recorder.record(read_sighting(1_000))
    wait_for_state(recorder, lambda state: state.reads == 1)
    size = (tmp_path / "npr-edge.db").stat().st_size
    with (tmp_path / "npr-edge.db").open("r+b") as file:
        for page in range(2, size // PAGE_BYTES, 3):
            file.seek(page * PAGE_BYTES)
            file.write(b"\xa5" * PAGE_BYTES)
    # The writer's cache still holds sound pages: keep it at work until it meets a damaged one, or open it afresh.
    for number in range(2_000, 2_400):
        wait_for_state(recorder, lambda state: state.waiting < 20)
        recorder.record(read_sighting(number, f"Q{number}"))
    wait_for_state(recorder, lambda state: state.waiting == 0)
    recorder.stop(WAIT_S)
    again = start(parts)
    again.record(read_sighting(5_000))
    state = wait_for_state(again, lambda state: state.reads == 1)
    recoveries = recorder.state().recoveries + state.recoveries
    assert recoveries
    assert list(tmp_path.glob("npr-edge.db.damaged-*"))
    assert "is damaged" in caplog.text
    stored = events(tmp_path)
    assert len(set(stored)) == len(stored)
    assert event_id(5_000) in stored


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_jumps_by_years_costs_nothing(tmp_path: Path, years: int) -> None:
    clock = FakeClock()
    parts = replace(parts_on(tmp_path, clock), retention=RetentionSettings(max_age_days=30, min_free_bytes=0))
    store = Store(parts)
    numbers = iter(range(1_000))
    for wall in (NOW_S, NOW_S + years * YEAR_S, NOW_S + 60):
        clock.wall = wall
        for _ in range(20):
            store.apply(Batch([Passage(read_sighting(next(numbers), clock=clock), b"jpeg")]))
            clock.run(1)
            store.maintain()
    store.close()
    assert events(tmp_path) == [event_id(number) for number in range(60)]
    reads = Reads(tmp_path)
    assert all(reads.crop_path(event_id(number)) is not None for number in range(60))
    assert sum(hour.read for hour in reads.hours(0, 2 * NOW_S)) == 60
    assert len(reads.page(ReadFilter(since_s=NOW_S - 10, until_s=NOW_S + 100), limit=100).reads) == 40
