"""Keys: made, found, revoked, rotated; nothing but a hash is stored."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from npr_edge.access import SCOPES, KeyStore
from npr_edge.access.database import AccessDatabase
from npr_edge.access.keys import parse_expiry
from npr_edge.errors import ConfigError, StoreError
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AccessDatabase]:
    opened = AccessDatabase(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def keys(database: AccessDatabase, clock: FakeClock) -> KeyStore:
    return KeyStore(database, clock)


def test_a_key_is_found_by_its_secret_alone(keys: KeyStore) -> None:
    secret, made = keys.create("gate", limits="60/minute; 5000/day", scopes=["reads"])
    other, _ = keys.create("office")
    assert re.fullmatch(r"npr_[A-Za-z0-9_-]{43}", secret)
    assert keys.find(secret) == made
    assert made.prefix == secret[:12]
    assert (made.name, made.scopes, made.limits) == ("gate", ("reads",), "60/minute; 5000/day")
    found = keys.find(other)
    assert found is not None
    assert found.name == "office"
    assert found.scopes == SCOPES
    for wrong in (None, "", "x", secret[:-1], secret + "A", secret.lower(), secret[:12] + "A" * 35, "npr_" + "-" * 43):
        assert keys.find(wrong) is None


def test_the_secret_is_nowhere_on_the_disk(keys: KeyStore, database: AccessDatabase, tmp_path: Path) -> None:
    secret, _ = keys.create("gate")
    database.close()
    files = list(tmp_path.iterdir())
    assert files
    for file in files:
        assert secret[12:].encode() not in file.read_bytes()
    assert stat.S_IMODE((tmp_path / "access.db").stat().st_mode) == 0o600


def test_states_follow_the_clock(keys: KeyStore, clock: FakeClock) -> None:
    _, made = keys.create("visitor", expires="90d")
    assert made.expires_s == clock.wall_s() + 90 * 86_400
    assert made.state(clock.wall_s()) == "active"
    assert made.state(made.expires_s) == "expired"
    assert keys.revoke("visitor").state(clock.wall_s()) == "revoked"


def test_a_revoked_name_can_be_given_again(keys: KeyStore) -> None:
    old, _ = keys.create("gate")
    with pytest.raises(ConfigError, match="is taken"):
        keys.create("gate")
    keys.revoke("gate")
    new, made = keys.create("gate")
    assert keys.get("gate") == made
    assert keys.find(new) == made
    found = keys.find(old)
    assert found is not None
    assert found.revoked_s is not None
    with pytest.raises(ConfigError, match="there is none"):
        keys.revoke("nobody")


def test_rotation_ends_the_old_secret_and_keeps_the_rest(keys: KeyStore) -> None:
    old, before = keys.create("gate", limits="7/hour", expires="1y")
    new, after = keys.rotate("gate")
    assert keys.find(old) is None
    assert keys.find(new) == after
    assert (after.id, after.limits, after.expires_s) == (before.id, before.limits, before.expires_s)
    keys.revoke("gate")
    with pytest.raises(ConfigError, match="revoked"):
        keys.rotate("gate")


def test_another_process_sees_changes_at_once(keys: KeyStore, tmp_path: Path, clock: FakeClock) -> None:
    secret, _ = keys.create("gate")
    beside = AccessDatabase(tmp_path)
    try:
        KeyStore(beside, clock).revoke("gate")
    finally:
        beside.close()
    found = keys.find(secret)
    assert found is not None
    assert found.state(clock.wall_s()) == "revoked"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("", {}, "key name"),
        ("a/b", {}, "key name"),
        ("x" * 65, {}, "key name"),
        ("gate", {"limits": "often"}, "60/minute"),
        ("gate", {"limits": "0/minute"}, "must allow"),
        ("gate", {"limits": "; ".join(["1/second"] * 9)}, "windows"),
        ("gate", {"expires": "soon"}, "90d"),
        ("gate", {"expires": "2001-01-01"}, "passed"),
        ("gate", {"scopes": ["everything"]}, "everything"),
        ("gate", {"scopes": []}, "none"),
    ],
)
def test_wrong_values_are_refused(keys: KeyStore, name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        keys.create(name, **options)  # type: ignore[arg-type]
    assert keys.all() == []


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("12h", 43_200), ("2w", 1_209_600), ("1y", 31_557_600)])
def test_spans(text: str, seconds: int) -> None:
    assert parse_expiry(text, 1000.0) == 1000.0 + seconds


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"access\.db"):
        AccessDatabase(tmp_path / "file")
