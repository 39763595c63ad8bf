"""Fixtures of the record's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npr_edge.record import Reads, Store, StoreParts
from npr_edge.record.outbox import StoredOutbox
from npr_edge.settings import RetentionSettings
from tests.support.sightings import FakeClock, encode


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def parts(tmp_path: Path, clock: FakeClock) -> StoreParts:
    """Parts of a store in a temporary folder; a machine with a full disk must not change what tests see."""
    return StoreParts(tmp_path, clock, encode, retention=RetentionSettings(min_free_bytes=0))


@pytest.fixture
def open_store(parts: StoreParts) -> Iterator[Callable[[], Store]]:
    """Opens the store, closing the one opened before."""
    opened: list[Store] = []

    def open_again() -> Store:
        while opened:
            opened.pop().close()
        opened.append(Store(parts))
        return opened[0]

    yield open_again
    while opened:
        opened.pop().close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    return Reads(tmp_path)


@pytest.fixture
def outbox(tmp_path: Path) -> StoredOutbox:
    """The publisher's side; acknowledgements go nowhere."""
    return StoredOutbox(tmp_path, lambda ids: None)
