"""What readers see: filters, paging, export, counting; all in order of recording."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from npr_edge.domain import PlateMatch, ReadFilter
from npr_edge.errors import StoreError
from npr_edge.record import Passage, Reads, Store, StoredOutbox
from npr_edge.record.store import Batch
from tests.support.sightings import FakeClock, event_id, read_sighting

TEXTS = ("AB12CDE", "AB12CDF", "XY99ZZZ", "AB12CD", "1ABC234")


@pytest.fixture
def filled(store: Store, clock: FakeClock) -> list[float]:
    """20 reads, ten minutes apart, two cameras, every fifth on a list; returns their times."""
    times = []
    for number in range(20):
        sighting = read_sighting(number, TEXTS[number % 5], camera=("gate", "exit")[number % 2], clock=clock)
        store.apply(Batch([Passage(sighting, list_match="staff" if number % 5 == 0 else None)]))
        times.append(sighting.first_seen_s)
        clock.run(600)
    return times


def found(reads: Reads, wanted: ReadFilter) -> list[int]:
    """Numbers of the reads that a filter finds, oldest first; by export, checked against pages and count."""
    exported = [read.event_id for read in reads.export(wanted)]
    paged: list[str] = []
    cursor = None
    while True:
        page = reads.page(wanted, limit=3, cursor=cursor)
        paged += [read.event_id for read in page.reads]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == exported[::-1]
    assert reads.count(wanted) == len(exported)
    return [next(n for n in range(20) if event_id(n) == each) for each in exported]


def test_everything_is_found_without_a_filter(filled: list[float], reads: Reads) -> None:
    assert found(reads, ReadFilter()) == list(range(20))


def test_a_span_of_time_holds_its_start_and_not_its_end(filled: list[float], reads: Reads) -> None:
    assert found(reads, ReadFilter(since_s=filled[5], until_s=filled[9])) == [5, 6, 7, 8]
    assert found(reads, ReadFilter(since_s=filled[18])) == [18, 19]
    assert found(reads, ReadFilter(until_s=filled[1])) == [0]
    assert found(reads, ReadFilter(since_s=filled[19] + 90_000)) == []


def test_filters_narrow_each_other(filled: list[float], reads: Reads) -> None:
    assert found(reads, ReadFilter(camera_id="exit")) == list(range(1, 20, 2))
    assert found(reads, ReadFilter(camera_id="exit", since_s=filled[10])) == [11, 13, 15, 17, 19]
    assert found(reads, ReadFilter(plate="ab12 cde")) == [0, 5, 10, 15]
    assert found(reads, ReadFilter(plate="AB12CDE", camera_id="exit", until_s=filled[15])) == [5]
    assert found(reads, ReadFilter(list_match="staff")) == [0, 5, 10, 15]
    assert found(reads, ReadFilter(list_match="*", camera_id="gate")) == [0, 10]
    assert found(reads, ReadFilter(list_match="guests")) == []
    assert found(reads, ReadFilter(camera_id="roof")) == []


def test_plates_are_found_by_pattern_and_by_likeness(filled: list[float], reads: Reads) -> None:
    def plates(text: str, match: PlateMatch) -> list[int]:
        return found(reads, ReadFilter(plate=text, match=match))

    assert plates("AB12CDE", PlateMatch.FUZZY) == [0, 1, 3, 5, 6, 8, 10, 11, 13, 15, 16, 18]
    assert plates("XY99ZZ", PlateMatch.FUZZY) == [2, 7, 12, 17]
    assert plates("AB12*", PlateMatch.WILDCARD) == [0, 1, 3, 5, 6, 8, 10, 11, 13, 15, 16, 18]
    assert plates("*ZZ", PlateMatch.WILDCARD) == [2, 7, 12, 17]
    assert plates("*BC*", PlateMatch.WILDCARD) == [4, 9, 14, 19]
    assert plates("?ABC234", PlateMatch.WILDCARD) == [4, 9, 14, 19]


def test_oldest_first_pages_go_the_other_way(filled: list[float], reads: Reads) -> None:
    first = reads.page(ReadFilter(), limit=15, newest_first=False)
    second = reads.page(ReadFilter(), limit=15, cursor=first.next_cursor, newest_first=False)
    assert [read.event_id for read in first.reads + second.reads] == [event_id(number) for number in range(20)]
    assert second.next_cursor is None


def test_a_page_that_just_fits_is_the_last(filled: list[float], reads: Reads) -> None:
    assert reads.page(ReadFilter(), limit=20).next_cursor is None


def test_paging_does_not_stumble_over_reads_that_come_meanwhile(
    filled: list[float], store: Store, reads: Reads
) -> None:
    page = reads.page(ReadFilter(), limit=5)
    store.apply(Batch([Passage(read_sighting(100))]))
    following = reads.page(ReadFilter(), limit=5, cursor=page.next_cursor)
    assert [read.event_id for read in following.reads] == [event_id(number) for number in (14, 13, 12, 11, 10)]


def test_an_export_ends_with_what_was_there_at_its_start(filled: list[float], store: Store, reads: Reads) -> None:
    export = reads.export(ReadFilter())
    next(export)
    store.apply(Batch([Passage(read_sighting(100))]))
    assert len(list(export)) == 19


@pytest.mark.parametrize("cursor", ["", "x", "cjE=!", "cg", "cjEyMzQ1Njc4OTAxMjM0NTY3ODkw", "ä", "LTE", "ctmh"])
def test_a_foreign_cursor_is_refused(filled: list[float], reads: Reads, cursor: str) -> None:
    with pytest.raises(ValueError, match="none of ours"):
        reads.page(ReadFilter(), cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(reads: Reads, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        reads.page(ReadFilter(), limit=limit)


def test_nothing_is_stored_before_the_first_start(tmp_path: Path) -> None:
    reads = Reads(tmp_path / "nowhere")
    assert reads.page(ReadFilter()).reads == ()
    assert list(reads.export(ReadFilter())) == []
    assert reads.get(event_id(1)) is None
    assert reads.crop_path(event_id(1)) is None
    assert reads.count(ReadFilter()) == 0
    assert reads.hours(0, 1) == []


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "npr-edge.db").write_bytes(b"not a database, " * 500)
    with pytest.raises(StoreError, match="damaged"):
        Reads(tmp_path).page(ReadFilter())


def test_a_closed_database_can_be_read_without_its_writer(filled: list[float], store: Store, reads: Reads) -> None:
    store.close()
    assert len(list(reads.export(ReadFilter()))) == 20


def test_a_crop_that_is_gone_from_the_disk_is_no_crop(store: Store, reads: Reads) -> None:
    store.apply(Batch([Passage(read_sighting(1), b"jpeg")]))
    path = reads.crop_path(event_id(1))
    assert path is not None
    path.unlink()
    assert reads.crop_path(event_id(1)) is None


def test_a_database_that_is_being_made_holds_nothing_yet(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "npr-edge.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        reads = Reads(tmp_path)
        assert reads.page(ReadFilter()).reads == ()
        assert reads.hours(0, 1e9) == []
        assert list(reads.export(ReadFilter())) == []
        assert StoredOutbox(tmp_path, lambda ids: None).pending(0, 10) == []
