"""The door: who is let in, what is counted, what a restart keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npr_edge.access import Access, ApiKey, Refusal, Refused, open_access
from npr_edge.access.database import AccessDatabase
from npr_edge.access.usage import DayUsage
from npr_edge.errors import StoreError
from tests.support.clock import FakeClock

HERE = "192.0.2.7"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def access(tmp_path: Path, clock: FakeClock) -> Iterator[Access]:
    opened = open_access(tmp_path, clock, failures="5/minute")
    opened.start()
    yield opened
    opened.close()


def refused(answer: ApiKey | Refused) -> Refusal:
    assert isinstance(answer, Refused)
    return answer.reason


def test_only_a_key_in_use_with_the_scope_enters(access: Access, clock: FakeClock) -> None:
    secret, made = access.keys.create("gate", scopes=["recognise"], expires="1d")
    assert access.enter(secret, "recognise", HERE) == made
    assert access.enter(secret, None, HERE) == made
    assert access.may_enter(secret)
    assert refused(access.enter(secret, "reads", HERE)) is Refusal.INVALID_KEY
    assert refused(access.enter(None, "recognise", HERE)) is Refusal.INVALID_KEY
    clock.advance(86_401)
    assert refused(access.enter(secret, "recognise", HERE)) is Refusal.INVALID_KEY
    assert not access.may_enter(secret)
    other, _ = access.keys.create("office")
    access.keys.revoke("office")
    assert refused(access.enter(other, "recognise", HERE)) is Refusal.INVALID_KEY


def test_failures_are_limited_per_address_and_good_keys_still_enter(access: Access, clock: FakeClock) -> None:
    secret, made = access.keys.create("gate")
    reasons = [refused(access.enter("wrong", None, HERE)) for _ in range(7)]
    assert reasons == [Refusal.INVALID_KEY] * 5 + [Refusal.TOO_MANY_FAILURES] * 2
    assert access.enter(secret, None, HERE) == made
    assert refused(access.enter("wrong", None, "192.0.2.8")) is Refusal.INVALID_KEY
    clock.advance(61)
    assert refused(access.enter("wrong", None, HERE)) is Refusal.INVALID_KEY


def test_an_ipv6_host_cannot_change_its_address_for_more_tries(access: Access) -> None:
    reasons = [refused(access.enter("wrong", None, f"2001:db8::{n:x}")) for n in range(6)]
    assert reasons[-1] is Refusal.TOO_MANY_FAILURES


def test_usage_is_counted_per_day_and_survives_a_restart(access: Access, clock: FakeClock, tmp_path: Path) -> None:
    _, key = access.keys.create("gate", limits="2/minute")
    assert access.spend(key).allowed
    access.count(key, images=1)
    assert access.spend(key).allowed
    access.count(key, images=1)
    assert not access.spend(key).allowed
    today = DayUsage("2027-01-15", requests=2, images=2, refused=1)
    assert access.usage.of(key.id) == [today]
    access.close()

    clock.advance(5)
    after = open_access(tmp_path, clock)
    after.start()
    try:
        assert after.usage.of(key.id) == [today]
        assert not after.spend(key).allowed
        assert after.keys.get("gate").last_used_s == 1_800_000_000.0
        clock.advance(86_400)
        assert after.spend(key).allowed
        after.count(key)
        assert after.usage.of(key.id) == [
            DayUsage("2027-01-16", 1, 0, 0),
            DayUsage("2027-01-15", 2, 2, 2),
        ]
    finally:
        after.close()


def test_keys_survive_a_damaged_file(access: Access, clock: FakeClock, tmp_path: Path) -> None:
    secret, key = access.keys.create("gate", limits="2/minute")
    assert access.spend(key).allowed
    access.close()
    with (tmp_path / "access.db").open("r+b") as file:
        file.write(b"\xa5" * 4096)  # the page that names the tables
    with pytest.raises(StoreError, match="damaged"):
        AccessDatabase(tmp_path)

    after = open_access(tmp_path, clock)
    after.start()
    again = after.enter(secret, None, HERE)
    assert isinstance(again, ApiKey)
    assert again.name == "gate"
    assert after.spend(again).allowed
    assert not after.spend(again).allowed
    after.close()
    assert len(list(tmp_path.glob("access.db.damaged-*"))) >= 1
