"""What one transaction does, and what it never does twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from npr_edge.domain import HourCount, MessageKind, ReadFilter, UnreadReason, Vehicle
from npr_edge.record import Passage, Reads, Store, StoreParts
from npr_edge.record.images import encode_jpeg
from npr_edge.record.outbox import StoredOutbox
from npr_edge.record.store import Batch
from npr_edge.settings import OutboxSettings, RecordSettings, RetentionSettings
from tests.support.sightings import NOW_S, YEAR_S, FakeClock, crop, encode, event_id, read_sighting, unread_sighting

ALL = ReadFilter()


def passage(
    number: int, *, jpeg: bytes | None = None, text: str = "AB12CDE", clock: FakeClock | None = None
) -> Passage:
    return Passage(read_sighting(number, text, clock=clock), jpeg)


def put(store: Store, *passages: Passage) -> int:
    """Store passages; returns the messages added."""
    return store.apply(Batch(passages)).messages


def test_a_read_comes_back_as_it_went_in(store: Store, reads: Reads) -> None:
    vehicle = Vehicle(source="local", make="BMW", colour="Black", year=2021)
    put(store, Passage(read_sighting(1), encode_jpeg(crop(), 85), vehicle, "staff"))
    read = reads.get(event_id(1))
    assert read is not None
    sighting = read_sighting(1)
    assert (read.text, read.printed, read.region, read.confidence) == ("AB12CDE", "AB12 CDE", "gb", 0.97)
    assert (read.votes_agreeing, read.votes_total, read.first_frame, read.last_frame) == (3, 4, 10, 16)
    assert (read.first_seen_s, read.last_seen_s, read.clock_synced) == (NOW_S - 1.5, NOW_S, True)
    assert (read.first_monotonic_s, read.boot_id, read.dwell_s) == (998.5, "boot-1", 1.5)
    assert (read.quad, read.direction, read.vehicle) == (sighting.quad, sighting.direction, vehicle)
    assert (read.list_match, read.sequence) == ("staff", 1)


def test_a_crop_lies_where_the_read_says(store: Store, reads: Reads) -> None:
    put(store, passage(1, jpeg=encode_jpeg(crop(), 85)))
    path = reads.crop_path(event_id(1))
    assert path is not None
    assert path.parts[-5:] == ("crops", "2027", "01", "15", f"{event_id(1)}.jpg")
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.shape == (40, 80, 3)


def test_reads_come_in_the_order_in_which_they_were_recorded(store: Store, reads: Reads, outbox: StoredOutbox) -> None:
    order = [5, 3, 9, 1]
    for number in order:
        put(store, passage(number))
    assert [read.event_id for read in reads.export(ALL)] == [event_id(number) for number in order]
    assert [message.event_id for message in outbox.pending(0, 10)] == [event_id(number) for number in order]


def test_an_event_is_stored_once_however_often_it_is_handed_in(
    store: Store, reads: Reads, outbox: StoredOutbox
) -> None:
    put(store, passage(1), passage(1))
    assert put(store, passage(1, text="XX99XXX")) == 0
    put(store, Passage(unread_sighting(2)))
    put(store, Passage(unread_sighting(2)), Passage(read_sighting(2)))
    assert [read.text for read in reads.export(ALL)] == ["AB12CDE"]
    assert len(outbox.pending(0, 10)) == 1
    assert reads.hours(0, 2 * NOW_S) == [HourCount("gate", int(NOW_S // 3600 * 3600), 1, ((UnreadReason.BLURRED, 1),))]


def test_the_hours_count_reads_and_reasons_by_camera(store: Store, reads: Reads, clock: FakeClock) -> None:
    put(store, *(passage(number) for number in range(3)))
    put(store, Passage(unread_sighting(10, UnreadReason.TOO_SMALL)), Passage(unread_sighting(11, camera="exit")))
    clock.run(3600)
    put(store, passage(20, clock=clock))
    first, second = int((NOW_S - 1.5) // 3600 * 3600), int((NOW_S + 3598.5) // 3600 * 3600)
    hours = reads.hours(0, 2 * NOW_S)
    assert hours == [
        HourCount("exit", first, 0, ((UnreadReason.BLURRED, 1),)),
        HourCount("gate", first, 3, ((UnreadReason.TOO_SMALL, 1),)),
        HourCount("gate", second, 1, ()),
    ]
    assert [hour.read_rate for hour in hours] == [0.0, 0.75, 1.0]
    assert [hour.hour_s for hour in reads.hours(second, second + 3600, "gate")] == [second]


def test_a_preview_is_a_message_and_no_row(store: Store, reads: Reads, outbox: StoredOutbox) -> None:
    put(store, Passage(read_sighting(1, preview=True)))
    assert reads.get(event_id(1)) is None
    assert [message.kind for message in outbox.pending(0, 10)] == [MessageKind.PREVIEW]


def test_a_read_takes_its_unsent_preview_out_of_the_outbox(store: Store, outbox: StoredOutbox) -> None:
    put(store, Passage(read_sighting(1, preview=True)), Passage(read_sighting(2, preview=True)))
    put(store, passage(1))
    left = [(message.event_id, message.kind) for message in outbox.pending(0, 10)]
    assert left == [(event_id(2), MessageKind.PREVIEW), (event_id(1), MessageKind.READ)]
    assert store.outbox.messages == 2


def test_a_preview_that_comes_after_its_read_is_left_out(store: Store, outbox: StoredOutbox) -> None:
    put(store, passage(1))
    assert put(store, Passage(read_sighting(1, preview=True))) == 0


def test_late_vehicle_data_follows_as_an_update(store: Store, reads: Reads, outbox: StoredOutbox) -> None:
    put(store, passage(1))
    vehicle = Vehicle(source="dvla", make="FORD")
    late = Batch(vehicles=[(event_id(1), vehicle), (event_id(99), vehicle)])
    assert store.apply(late).messages == 1
    assert store.apply(late).messages == 0
    read = reads.get(event_id(1))
    assert read is not None
    assert read.vehicle == vehicle
    assert [message.kind for message in outbox.pending(0, 10)] == [MessageKind.READ, MessageKind.UPDATE]


def test_acknowledged_messages_go_and_ids_are_never_used_again(store: Store, outbox: StoredOutbox) -> None:
    put(store, passage(1), passage(2))
    ids = [message.id for message in outbox.pending(0, 10)]
    store.apply(Batch(acknowledged=[*ids, 77]))
    assert outbox.pending(0, 10) == []
    assert (store.outbox.messages, store.outbox.payload_bytes) == (0, 0)
    put(store, passage(3))
    assert outbox.pending(0, 10)[0].id > max(ids)
    assert outbox.pending(max(ids), 10) == outbox.pending(0, 10)


def test_without_a_broker_nothing_goes_into_the_outbox(parts: StoreParts, outbox: StoredOutbox) -> None:
    store = Store(replace(parts, encode=None))
    put(store, passage(1))
    store.close()
    assert outbox.pending(0, 10) == []


def test_a_batch_that_fails_leaves_nothing(store: Store, parts: StoreParts, reads: Reads) -> None:
    broken = replace(read_sighting(2), plate=None)  # neither plate nor reason
    with pytest.raises(ValueError, match="no plate and no reason"):
        put(store, passage(1), Passage(broken))
    assert list(reads.export(ALL)) == []
    assert store.outbox.messages == 0
    put(store, passage(1))
    assert len(list(reads.export(ALL))) == 1


def test_crops_stop_below_the_free_space_before_reads_do(
    parts: StoreParts, reads: Reads, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    free = [10_000]
    monkeypatch.setattr(Store, "free_bytes", lambda self: free[0])
    store = Store(replace(parts, retention=RetentionSettings(min_free_bytes=20_000)))
    put(store, passage(1, jpeg=b"jpeg"))
    assert store.crops_stopped
    assert reads.get(event_id(1)) is not None
    assert reads.crop_path(event_id(1)) is None
    free[0] = 30_000
    clock.run(10)
    put(store, passage(2, jpeg=b"jpeg"))
    assert reads.crop_path(event_id(2)) is not None
    store.close()


def test_what_a_kill_left_among_the_crops_is_swept_at_the_start(
    open_store: Callable[[], Store], reads: Reads, tmp_path: Path
) -> None:
    put(open_store(), passage(1, jpeg=b"jpeg"))
    path = reads.crop_path(event_id(1))
    assert path is not None
    orphan, half = path.with_name(f"{event_id(7)}.jpg"), path.with_name(f"{event_id(8)}.jpg.part")
    older = tmp_path / "crops/2026/12/31" / f"{event_id(9)}.jpg"
    older.parent.mkdir(parents=True)
    for file in (orphan, half, older):
        file.write_bytes(b"jpeg")
    store = open_store()
    while store.sweep():
        pass
    assert path.exists()
    assert not any(file.exists() for file in (orphan, half, older))
    assert not older.parent.exists()


def test_times_from_before_the_clock_was_set_are_corrected_and_sent_again(
    store: Store, reads: Reads, outbox: StoredOutbox, clock: FakeClock
) -> None:
    clock.wall, clock.is_synced = 5_000.0, False
    put(store, passage(1, clock=clock), Passage(unread_sighting(2, clock=clock)))
    clock.run(60)
    clock.wall, clock.is_synced = NOW_S, True
    put(store, passage(3, clock=clock))
    assert store.has_unsynced("boot-1")
    assert store.correct_clock("boot-1", clock.wall - clock.monotonic) == 1
    assert not store.has_unsynced("boot-1")
    read = reads.get(event_id(1))
    assert read is not None
    assert (read.clock_synced, read.first_seen_s, read.last_seen_s) == (True, NOW_S - 61.5, NOW_S - 60)
    messages = outbox.pending(0, 10)
    assert [(message.event_id, message.kind.value) for message in messages] == [
        (event_id(1), "read"),
        (event_id(3), "read"),
        (event_id(1), "update"),
    ]
    assert json.loads(messages[0].payload)["first_seen"] == 4998.5  # sent as it was: a re-delivery repeats it
    assert json.loads(messages[2].payload)["first_seen"] == NOW_S - 61.5
    assert sum(hour.read for hour in reads.hours(NOW_S - 7200, NOW_S + 3600)) == 2
    assert reads.hours(0, 7200) == []


def test_a_boot_the_database_does_not_know_corrects_nothing(store: Store) -> None:
    assert store.correct_clock("no-such-boot", NOW_S) == 0


def test_order_holds_when_the_clock_jumps_back(store: Store, reads: Reads, clock: FakeClock) -> None:
    for number in range(6):
        clock.wall = NOW_S + (YEAR_S * 10 if number % 2 else -YEAR_S * 10)
        put(store, passage(number, clock=clock))
    assert [read.event_id for read in reads.export(ALL)] == [event_id(number) for number in range(6)]
    page = reads.page(ALL, limit=4)
    assert [read.event_id for read in page.reads] == [event_id(number) for number in (5, 4, 3, 2)]
    assert len(reads.page(ReadFilter(since_s=NOW_S)).reads) == 3


def test_an_outbox_that_is_full_drops_its_oldest_and_says_so(
    parts: StoreParts, outbox: StoredOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(replace(parts, outbox=OutboxSettings(max_bytes=100_000)))
    size = len(encode_of(1))
    count = 100_000 // size + 10
    put(store, *(passage(number) for number in range(count)))
    store.maintain()
    assert store.outbox.payload_bytes <= 100_000
    assert store.outbox.dropped == count - store.outbox.messages > 10
    assert outbox.pending(0, 1)[0].event_id == event_id(store.outbox.dropped)
    assert "fell out of the outbox unsent" in caplog.text
    store.close()


def encode_of(number: int) -> str:
    from npr_edge.record.rows import stored_read

    read = stored_read(read_sighting(number), boot_id="boot-1", list_match=None, vehicle=None, crop=None)
    return encode(read, MessageKind.READ)


def test_messages_that_wait_for_too_long_fall_out_by_a_trusted_clock_only(parts: StoreParts, clock: FakeClock) -> None:
    store = Store(replace(parts, outbox=OutboxSettings(max_age_days=3)))
    put(store, passage(1))
    store.maintain()
    clock.wall += 10 * YEAR_S
    store.maintain()
    assert store.outbox.messages == 1
    clock.run(2 * 86_400)  # the jump has settled: this is what time it is
    store.maintain()
    assert (store.outbox.messages, store.outbox.dropped) == (0, 1)
    store.close()


def test_figures_of_the_outbox_survive_a_restart(open_store: Callable[[], Store]) -> None:
    put(open_store(), passage(1), passage(2))
    store = open_store()
    assert (store.outbox.messages, store.outbox.payload_bytes) == (2, 2 * len(encode_of(1)))


def test_less_durable_means_fewer_syncs_only(parts: StoreParts, reads: Reads) -> None:
    store = Store(replace(parts, record=RecordSettings(durable="kill")))
    put(store, passage(1))
    store.close()
    assert reads.get(event_id(1)) is not None
