"""What goes when: by age, by bytes, and never because a clock jumped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter
from npr_edge.record import Passage, Reads, Store, StoreParts
from npr_edge.record.retention import LEAST_PER_PASS
from npr_edge.record.store import Batch
from npr_edge.settings import RetentionSettings
from tests.support.sightings import YEAR_S, FakeClock, event_id, read_sighting, unread_sighting

DAY_S = 86_400.0
Keep = Callable[[RetentionSettings], Store]


@pytest.fixture
def keep(parts: StoreParts) -> Iterator[Keep]:
    """Opens a store that keeps reads as the settings say."""
    opened: list[Store] = []

    def open_with(settings: RetentionSettings) -> Store:
        while opened:
            opened.pop().close()
        opened.append(Store(replace(parts, retention=settings)))
        return opened[0]

    yield open_with
    for store in opened:
        store.close()


MONTH = RetentionSettings(max_age_days=30, min_free_bytes=0)


def fill(store: Store, clock: FakeClock, numbers: range, *, every_s: float = 0.0, jpeg: bytes | None = None) -> None:
    for number in numbers:
        store.apply(Batch([Passage(read_sighting(number, clock=clock), jpeg)]))
        clock.run(every_s)


def left(reads: Reads) -> list[str]:
    return [read.event_id for read in reads.export(ReadFilter())]


def files(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "crops").rglob("*"))


def test_reads_crops_and_ledger_go_when_they_are_too_old(
    keep: Keep, reads: Reads, clock: FakeClock, tmp_path: Path
) -> None:
    store = keep(MONTH)
    fill(store, clock, range(40), every_s=DAY_S, jpeg=b"jpeg")
    store.apply(Batch([Passage(unread_sighting(100, clock=clock))]))
    assert store.maintain() == 10
    assert left(reads) == [event_id(number) for number in range(10, 40)]
    assert files(tmp_path) == 30
    assert store.usage().crops == 30 * 4
    clock.run(31 * DAY_S)
    store.maintain()
    assert left(reads) == []
    assert not any((tmp_path / "crops").iterdir())


def test_a_young_record_is_left_alone(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    store = keep(MONTH)
    fill(store, clock, range(5), every_s=DAY_S)
    assert store.maintain() == 0
    assert len(left(reads)) == 5


def test_a_clock_ten_years_ahead_deletes_nothing_while_it_is_new(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    store = keep(MONTH)
    fill(store, clock, range(10))
    store.maintain()
    clock.wall += 10 * YEAR_S
    for _ in range(100):
        clock.run(600)
        store.maintain()
    assert len(left(reads)) == 10
    clock.wall -= 10 * YEAR_S
    store.maintain()
    clock.run(2 * DAY_S)
    store.maintain()
    assert len(left(reads)) == 10


def test_a_start_ten_years_ahead_costs_a_small_share(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    store = keep(MONTH)
    store.apply(Batch([Passage(read_sighting(number)) for number in range(3 * LEAST_PER_PASS)]))
    clock.wall += 10 * YEAR_S  # switched off meanwhile: nobody can tell a jump from a long sleep
    store = keep(MONTH)
    assert store.maintain() == LEAST_PER_PASS
    assert len(left(reads)) == 2 * LEAST_PER_PASS


def test_a_clock_ten_years_behind_deletes_nothing(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    store = keep(MONTH)
    fill(store, clock, range(5))
    clock.wall -= 10 * YEAR_S
    fill(store, clock, range(5, 10))
    assert store.maintain() == 0
    clock.wall += 10 * YEAR_S
    clock.run(2 * DAY_S)
    assert store.maintain() == 0  # the rows of the wrong time lie behind rows that may stay
    assert len(left(reads)) == 10


def test_rows_from_the_future_go_with_their_neighbours(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    store = keep(MONTH)
    clock.wall += 10 * YEAR_S
    fill(store, clock, range(3))
    clock.wall -= 10 * YEAR_S
    fill(store, clock, range(3, 6))
    store = keep(MONTH)
    clock.monotonic = 50.0  # running time alone would not do it
    clock.boot = "boot-2"
    store = keep(MONTH)
    clock.wall += 31 * DAY_S
    fill(store, clock, range(6, 8))
    store = keep(MONTH)
    assert store.maintain() == 6
    assert left(reads) == [event_id(6), event_id(7)]


def test_without_any_clock_the_running_time_decides(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    clock.wall, clock.is_synced = 0.0, False
    store = keep(MONTH)
    fill(store, clock, range(4), every_s=10 * DAY_S)
    store.maintain()
    assert len(left(reads)) == 3  # 40, 30, 20 and 10 days old; "older than 30" is one
    clock.boot, clock.monotonic, clock.wall = "boot-2", 0.0, 0.0  # off and on: the clock starts again at 1970
    store = keep(MONTH)
    clock.run(15 * DAY_S)
    store.maintain()
    assert left(reads) == [event_id(3)]


def test_many_rows_without_a_sound_time_do_not_dam_up_the_rest(keep: Keep, reads: Reads, clock: FakeClock) -> None:
    clock.is_synced = False
    store = keep(MONTH)
    store.apply(Batch([Passage(read_sighting(number, clock=clock)) for number in range(300)]))
    clock.is_synced, clock.boot, clock.monotonic = True, "boot-2", 0.0
    store = keep(MONTH)
    fill(store, clock, range(300, 302))
    clock.wall += 40 * DAY_S
    store = keep(MONTH)
    store.maintain()
    assert left(reads) == []


def test_the_oldest_go_when_the_record_is_too_large(keep: Keep, reads: Reads, clock: FakeClock, tmp_path: Path) -> None:
    limit = RetentionSettings(max_bytes=1_000_000, min_free_bytes=0)
    store = keep(limit)
    for start in range(0, 400, 100):
        batch = [Passage(read_sighting(n), b"j" * 6_000) for n in range(start, start + 100)]
        store.apply(Batch(batch))
    assert store.usage().crops == 2_400_000  # 400 crops
    store.maintain()
    usage = store.usage()
    assert usage.crops + usage.database <= 1_000_000
    remaining = left(reads)
    assert remaining == [event_id(number) for number in range(400 - len(remaining), 400)]
    assert files(tmp_path) == len(remaining) > 50


def test_a_file_that_is_mostly_free_pages_shrinks(parts: StoreParts, clock: FakeClock, tmp_path: Path) -> None:
    store = Store(replace(parts, encode=None, retention=MONTH))
    for start in range(0, 8_000, 1_000):
        store.apply(Batch([Passage(read_sighting(number)) for number in range(start, start + 1_000)]))
    clock.run(40 * DAY_S)
    sizes = []
    while store.maintain():
        clock.run(600)
        sizes.append((store.usage().database, (tmp_path / "npr-edge.db").stat().st_size))
    for _ in range(3):
        store.maintain()
    store.close()
    assert (tmp_path / "npr-edge.db").stat().st_size < max(size for _, size in sizes) / 2


def test_room_is_made_by_the_oldest_crops_and_their_rows_stay(
    keep: Keep, reads: Reads, clock: FakeClock, tmp_path: Path
) -> None:
    store = keep(MONTH)
    fill(store, clock, range(50), jpeg=b"j" * 1_000)
    assert store.make_room(20_000) == 20_000
    assert files(tmp_path) == 30
    assert reads.crop_path(event_id(0)) is None
    store.apply(Batch([Passage(read_sighting(100))]))
    named = [read.event_id for read in reads.export(ReadFilter()) if read.crop is not None]
    assert named == [event_id(number) for number in range(20, 50)]
    assert len(left(reads)) == 51
    assert store.make_room(10_000_000) == 30_000
    assert store.make_room(1) == 0
