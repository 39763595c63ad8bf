"""Packed plates find what the rows hold, whatever came, went or is not packed yet."""

from __future__ import annotations

import random

import pytest

from npr_edge.domain import PlateMatch, ReadFilter
from npr_edge.record import Passage, Reads, Store, packs
from npr_edge.record.store import Batch
from tests.support.sightings import FakeClock, read_sighting

LETTERS = "AB12"


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "PACK_ROWS", 16)


def plates(count: int) -> list[str]:
    chance = random.Random(5)
    return ["".join(chance.choices(LETTERS, k=chance.randint(3, 7))) for _ in range(count)]


def fill(store: Store, clock: FakeClock, texts: list[str], first: int = 0) -> None:
    for number, text in enumerate(texts, first):
        sighting = read_sighting(number, text, camera=("gate", "exit")[number % 2], clock=clock)
        store.apply(Batch([Passage(sighting, list_match="staff" if number % 7 == 0 else None)]))
        clock.run(60)


def pack_all(store: Store) -> None:
    while store.pack_plates():
        pass


def search(reads: Reads, pattern: str, **wanted: object) -> list[str]:
    """Texts found, newest first, in pages of 5; checked against the export and the count."""
    like = ReadFilter(plate=pattern, match=PlateMatch.WILDCARD, **wanted)  # type: ignore[arg-type]
    found, cursor = list[str](), None
    while True:
        page = reads.page(like, limit=5, cursor=cursor)
        found += [read.text for read in page.reads]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found[::-1] == [read.text for read in reads.export(like)]
    assert len(found) == reads.count(like)
    return found


PATTERNS = ("*A1*", "*B*", "?A*", "*2?", "??1??", "*1*2*", "*AB*1*", "*2211*", "*?", "*Z*")


def test_packs_find_what_rows_hold(store: Store, reads: Reads, clock: FakeClock) -> None:
    fill(store, clock, plates(100))
    before = {pattern: search(reads, pattern) for pattern in PATTERNS}
    assert any(before.values())
    pack_all(store)
    assert packs.packed_span is not None
    assert {pattern: search(reads, pattern) for pattern in PATTERNS} == before


def test_filters_hold_beside_packs(store: Store, reads: Reads, clock: FakeClock) -> None:
    fill(store, clock, plates(100))
    span = {"since_s": clock.wall - 70 * 60, "until_s": clock.wall - 20 * 60}
    kinds = ({"camera_id": "exit"}, {"list_match": "staff"}, span, {**span, "camera_id": "gate"})
    before = [search(reads, "*A*", **kind) for kind in kinds]
    pack_all(store)
    assert [search(reads, "*A*", **kind) for kind in kinds] == before
    assert all(before)


def test_rows_that_went_are_found_no_more(store: Store, reads: Reads, clock: FakeClock) -> None:
    texts = plates(100)
    fill(store, clock, texts)
    pack_all(store)
    store._retention._remove_up_to("reads", 40)
    assert search(reads, "*A*") == [text for text in texts[40:][::-1] if "A" in text]
    store._retention._remove_up_to("reads", 100)
    assert search(reads, "*A*") == []
    fill(store, clock, ["XAX", "YBY"], first=200)  # row numbers begin anew
    assert search(reads, "*A*") == ["XAX"]


def test_gaps_in_the_row_numbers_do_not_shift_plates(store: Store, reads: Reads, clock: FakeClock) -> None:
    texts = plates(80)
    fill(store, clock, texts)
    gone = {3, 4, 17, 30}
    with store._db.atomic():
        store._db.execute("DELETE FROM reads WHERE id IN (3, 4, 17, 30)")
        store._db.execute("UPDATE reads SET id = id + 5000 WHERE id > 60")  # a gap longer than a pack bridges
    pack_all(store)
    kept = [text for number, text in enumerate(texts, 1) if number not in gone]
    assert search(reads, "*A*") == [text for text in kept[::-1] if "A" in text]


def test_few_bytes_are_written_per_read(store: Store, reads: Reads, clock: FakeClock) -> None:
    fill(store, clock, ["AB12CDE"] * 64)
    pack_all(store)
    size = store._db.execute("SELECT sum(length(plates)) FROM plate_packs").fetchone()[0]
    assert size <= 8 * 64
