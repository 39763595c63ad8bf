"""The cache of the registries' answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from npr_edge.domain import Vehicle
from npr_edge.errors import StoreError
from npr_edge.settings import VehicleCacheSettings
from npr_edge.vehicles.cache import Answer, AnswerCache
from tests.support.clock import FakeClock

DAY_S = 86_400
CAR = Vehicle("dvla", "FORD", None, "Red", 2019, "petrol")


def cache(folder: Path, clock: FakeClock, entries: int = 100) -> AnswerCache:
    return AnswerCache(folder, VehicleCacheSettings(found_days=30, unknown_days=1, max_entries=entries), clock)


def test_answers_are_kept_for_their_own_ages(tmp_path: Path, clock: FakeClock) -> None:
    answers = cache(tmp_path, clock)
    answers.put("dvla", "AA19AAA", CAR)
    answers.put("dvla", "ER19NFD", None)
    assert answers.get("dvla", "AA19AAA") == Answer(CAR)
    assert answers.get("dvla", "ER19NFD") == Answer(None)
    assert answers.get("rdw", "AA19AAA") is None
    clock.advance(1.5 * DAY_S)
    assert answers.get("dvla", "AA19AAA") == Answer(CAR)
    assert answers.get("dvla", "ER19NFD") is None
    clock.advance(30 * DAY_S)
    assert answers.get("dvla", "AA19AAA") is None
    answers.close()


def test_answers_outlive_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    first = cache(tmp_path, clock)
    first.put("rdw", "P300BB", CAR)
    first.close()
    second = cache(tmp_path, clock)
    assert second.get("rdw", "P300BB") == Answer(CAR)
    second.close()


def test_a_clock_set_back_keeps_answers(tmp_path: Path, clock: FakeClock) -> None:
    answers = cache(tmp_path, clock)
    answers.put("rdw", "P300BB", CAR)
    clock.jump(-400 * DAY_S)
    assert answers.get("rdw", "P300BB") == Answer(CAR)
    answers.close()


def test_stale_and_surplus_answers_go(tmp_path: Path, clock: FakeClock) -> None:
    answers = cache(tmp_path, clock, entries=3)
    for number in range(6):
        clock.advance(10)
        answers.put("rdw", f"P{number}", CAR)
    answers.prune()
    assert [answers.get("rdw", f"P{number}") is not None for number in range(6)] == [False] * 3 + [True] * 3
    clock.advance(31 * DAY_S)
    answers.prune()
    clock.jump(-31 * DAY_S)
    assert all(answers.get("rdw", f"P{number}") is None for number in range(6))
    answers.close()


def test_forgetting_a_plate_forgets_every_source(tmp_path: Path, clock: FakeClock) -> None:
    answers = cache(tmp_path, clock)
    answers.put("rdw", "P1", CAR)
    answers.put("dvla", "P1", None)
    answers.forget("P1")
    assert answers.get("rdw", "P1") is None
    assert answers.get("dvla", "P1") is None
    answers.close()
    answers.close()


def test_a_closed_cache_is_a_clear_error(tmp_path: Path, clock: FakeClock) -> None:
    answers = cache(tmp_path, clock)
    answers.close()
    with pytest.raises(StoreError, match="cannot be read"):
        answers.get("rdw", "P1")
