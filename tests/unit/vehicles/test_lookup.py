"""The lookup as a whole: order of the sources, cache, lateness, quota, breaker."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npr_edge.access.limits import Limiter
from npr_edge.domain import Vehicle
from npr_edge.errors import ConfigError
from npr_edge.ports import LateVehicles, VehicleLookup
from npr_edge.settings import DvlaSettings, RdwSettings, VehiclesSettings
from npr_edge.vehicles import KnownVehicle, VehicleDirectory, VehicleRegistry, open_directory
from npr_edge.vehicles.guard import FAILURES_TO_OPEN, OPEN_S, Outcome
from npr_edge.vehicles.lookup import MAX_WAITING
from tests.support.clock import FakeClock
from tests.support.registries import Registries

FORD = Vehicle("dvla", "FORD", None, "Red", 2019, "petrol")
Open = Callable[[VehiclesSettings], VehicleDirectory]


class Outcomes:
    """Counts what became of questions; ``wait`` returns when one more has an outcome."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self._more = threading.Semaphore(0)

    def __call__(self, source: str, outcome: str) -> None:
        self.seen[source, outcome] += 1
        self._more.release()

    def wait(self) -> None:
        assert self._more.acquire(timeout=10)


class Late:
    """Takes vehicles that come late."""

    def __init__(self) -> None:
        self.came: list[Vehicle] = []
        self.told = threading.Event()

    def __call__(self, vehicle: Vehicle) -> None:
        self.came.append(vehicle)
        self.told.set()


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def opened(tmp_path: Path, clock: FakeClock, outcomes: Outcomes) -> Iterator[Open]:
    directories: list[VehicleDirectory] = []

    def make(settings: VehiclesSettings) -> VehicleDirectory:
        directories.append(open_directory(tmp_path / "data", settings, clock, Limiter(clock), outcomes))
        return directories[-1]

    yield make
    for directory in directories:
        directory.close()


def with_timeout(settings: VehiclesSettings, milliseconds: int) -> VehiclesSettings:
    return settings.model_copy(update={"lookup_timeout_ms": milliseconds})


def test_it_is_what_the_ports_ask_for(opened: Open, settings: VehiclesSettings) -> None:
    directory = opened(settings)
    port: VehicleLookup = directory
    late: LateVehicles = directory
    assert port is late


@pytest.mark.parametrize(
    ("text", "region", "vehicle"),
    [
        ("AA19AAA", "gb", FORD),
        ("AA19 AAA", "gb", FORD),
        ("P300BB", "nl", Vehicle("rdw", "VOLKSWAGEN", "GOLF", "Grey", 2021, "petrol/electric")),
        ("AA19AAA", "ie", None),
        ("AA19AAA", "gb-man", None),
        ("AA19AAA", None, None),
        ("ER19NFD", "gb", None),
        ("ER19ERR", "gb", None),
        ("", "gb", None),
        ("--", "gb", None),
    ],
)
def test_the_registry_of_the_region_is_asked(
    opened: Open, settings: VehiclesSettings, text: str, region: str | None, vehicle: Vehicle | None
) -> None:
    assert opened(settings).lookup(text, region) == vehicle


def test_the_local_table_comes_first(
    opened: Open, settings: VehiclesSettings, tmp_path: Path, registries: Registries
) -> None:
    directory = opened(settings)
    table = VehicleRegistry(tmp_path / "data")
    table.put([KnownVehicle("AA19 AAA", Vehicle("local", "ROLLS-ROYCE"))])
    table.close()
    assert directory.lookup("AA19AAA", "gb") == Vehicle("local", "ROLLS-ROYCE")
    assert directory.lookup("AA19AAA", None) == Vehicle("local", "ROLLS-ROYCE")
    assert registries.asked == []


def test_without_a_registry_nothing_leaves_the_device(opened: Open, registries: Registries) -> None:
    directory = opened(VehiclesSettings(dvla=DvlaSettings(base_url=registries.url)))
    assert directory.lookup("AA19AAA", "gb") is None
    assert registries.asked == []


def test_answers_are_not_asked_for_twice(
    opened: Open, settings: VehiclesSettings, registries: Registries, clock: FakeClock
) -> None:
    directory = opened(settings)
    for _ in range(3):
        assert directory.lookup("AA19AAA", "gb") == FORD
        assert directory.lookup("ER19NFD", "gb") is None
    assert registries.asked == ["AA19AAA", "ER19NFD"]
    clock.advance(2 * 86_400)
    directory.lookup("AA19AAA", "gb")
    directory.lookup("ER19NFD", "gb")
    assert registries.asked == ["AA19AAA", "ER19NFD", "ER19NFD"]


def test_faults_are_not_kept(opened: Open, settings: VehiclesSettings, registries: Registries) -> None:
    directory = opened(settings)
    registries.raw = (500, b"")
    assert directory.lookup("AA19AAA", "gb") is None
    registries.raw = None
    assert directory.lookup("AA19AAA", "gb") == FORD


def test_a_lookup_never_waits_longer_than_promised_and_late_data_follows(
    opened: Open, settings: VehiclesSettings, registries: Registries
) -> None:
    directory = opened(with_timeout(settings, 100))
    registries.hold.clear()
    started = time.monotonic()
    assert directory.lookup("AA19AAA", "gb") is None
    assert time.monotonic() - started < 1.0
    late = Late()
    directory.follow("AA19 AAA", "gb", late)
    assert late.came == []
    registries.hold.set()
    assert late.told.wait(10)
    assert late.came == [FORD]
    assert registries.asked == ["AA19AAA"]


def test_several_plates_share_one_timeout(opened: Open, settings: VehiclesSettings, registries: Registries) -> None:
    directory = opened(with_timeout(settings, 400))
    assert directory.lookup("AA19AAA", "gb") == FORD
    registries.hold.clear()
    asked = [("EL19ECT", "gb"), ("AA19 AAA", "gb"), ("P300BB", "nl"), ("16RSL9", "nl"), ("ER19NFD", "gb"), ("X", None)]
    started = time.monotonic()
    assert directory.lookup_all(asked) == [None, FORD, None, None, None, None]
    assert time.monotonic() - started < 1.5
    assert directory.lookup_all([]) == []


def test_following_after_the_answer_tells_at_once(
    opened: Open, settings: VehiclesSettings, registries: Registries, outcomes: Outcomes
) -> None:
    directory = opened(with_timeout(settings, 0))
    registries.hold.clear()
    assert directory.lookup("AA19AAA", "gb") is None
    registries.hold.set()
    outcomes.wait()
    late = Late()
    directory.follow("AA19AAA", "gb", late)
    assert late.told.wait(10)
    assert late.came == [FORD]


def test_following_what_is_not_known_stays_silent(
    opened: Open, settings: VehiclesSettings, registries: Registries, outcomes: Outcomes
) -> None:
    directory = opened(with_timeout(settings, 0))
    came: list[Vehicle] = []
    directory.lookup("ER19NFD", "gb")
    directory.follow("ER19NFD", "gb", came.append)
    directory.follow("AA19AAA", "ie", came.append)
    directory.follow("AA19AAA", "gb", came.append)
    outcomes.wait()
    directory.close()
    assert came == []


def test_one_question_for_many_waiting(opened: Open, settings: VehiclesSettings, registries: Registries) -> None:
    directory = opened(with_timeout(settings, 0))
    registries.hold.clear()
    for _ in range(20):
        assert directory.lookup("AA19AAA", "gb") is None
    registries.hold.set()
    late = Late()
    directory.follow("AA19AAA", "gb", late)
    assert late.told.wait(10)
    assert registries.asked == ["AA19AAA"]


def test_too_many_questions_are_dropped_not_piled_up(
    opened: Open, settings: VehiclesSettings, registries: Registries, outcomes: Outcomes
) -> None:
    directory = opened(with_timeout(settings, 0))
    registries.hold.clear()
    for number in range(MAX_WAITING + 5):
        assert directory.lookup(f"AA{number}", "gb") is None
    assert outcomes.seen["dvla", Outcome.DROPPED] == 5


def test_a_slow_registry_holds_up_no_other(opened: Open, settings: VehiclesSettings, registries: Registries) -> None:
    directory = opened(settings.model_copy(update={"rdw": RdwSettings(enabled=True, base_url="http://127.0.0.1:9")}))
    assert directory.lookup("P300BB", "nl") is None
    assert directory.lookup("AA19AAA", "gb") == FORD


def test_the_breaker_opens_after_failures_and_tries_again(
    opened: Open, settings: VehiclesSettings, registries: Registries, clock: FakeClock, outcomes: Outcomes
) -> None:
    directory = opened(settings)
    registries.raw = (500, b"")
    for number in range(FAILURES_TO_OPEN + 3):
        assert directory.lookup(f"AA{number}", "gb") is None
    assert len(registries.asked) == FAILURES_TO_OPEN
    assert outcomes.seen["dvla", Outcome.FAILED] == FAILURES_TO_OPEN
    assert outcomes.seen["dvla", Outcome.OPEN] == 3
    registries.raw = None
    clock.jump(10 * 365 * 86_400)
    assert directory.lookup("AA19AAA", "gb") is None
    clock.advance(OPEN_S + 1)
    assert directory.lookup("AA19AAA", "gb") == FORD
    assert directory.lookup("EL19ECT", "gb") == Vehicle("dvla", "TESLA", fuel_type="electric")


def test_a_failed_try_keeps_the_breaker_open(
    opened: Open, settings: VehiclesSettings, registries: Registries, clock: FakeClock
) -> None:
    directory = opened(settings)
    registries.raw = (500, b"")
    for number in range(FAILURES_TO_OPEN):
        directory.lookup(f"AA{number}", "gb")
    clock.advance(OPEN_S + 1)
    directory.lookup("AA19AAA", "gb")
    directory.lookup("AA19AAA", "gb")
    assert len(registries.asked) == FAILURES_TO_OPEN + 1


def test_the_quota_is_never_exceeded(
    opened: Open, settings: VehiclesSettings, registries: Registries, clock: FakeClock, outcomes: Outcomes
) -> None:
    quota = settings.dvla.model_copy(update={"quota": "100/second; 3/hour"})
    directory = opened(settings.model_copy(update={"dvla": quota}))
    for number in range(6):
        directory.lookup(f"AA{number}", "gb")
    assert len(registries.asked) == 3
    assert outcomes.seen["dvla", Outcome.THROTTLED] == 3
    clock.advance(3_601)
    assert directory.lookup("AA19AAA", "gb") == FORD


def test_a_registry_that_asks_for_a_pause_gets_it(
    opened: Open, settings: VehiclesSettings, registries: Registries, clock: FakeClock
) -> None:
    directory = opened(settings)
    registries.retry_after = "120"
    assert directory.lookup("ER19THR", "gb") is None
    assert directory.lookup("AA19AAA", "gb") is None
    assert registries.asked == ["ER19THR"]
    clock.advance(121)
    assert directory.lookup("AA19AAA", "gb") == FORD


def test_nothing_of_a_plate_is_logged(
    opened: Open, settings: VehiclesSettings, registries: Registries, caplog: pytest.LogCaptureFixture
) -> None:
    directory = opened(settings)
    with caplog.at_level(logging.INFO):
        for plate, region in [("AA19AAA", "gb"), ("ER19ERR", "gb"), ("P300BB", "nl")]:
            directory.lookup(plate, region)
        registries.raw = (200, b"garbage")
        directory.lookup("ZZ99ZZZ", "nl")
    assert "RDW answered 200" in caplog.text
    assert not any(plate in caplog.text for plate in ("AA19AAA", "ER19ERR", "P300BB", "ZZ99ZZZ"))


def test_broken_stores_cost_data_never_the_lookup(
    opened: Open, settings: VehiclesSettings, registries: Registries, caplog: pytest.LogCaptureFixture
) -> None:
    directory = opened(settings)
    directory._stores.registry.close()
    directory._stores.cache.close()
    assert directory.lookup("AA19AAA", "gb") == FORD
    assert "cannot be read" in caplog.text


def test_closing_ends_what_waits(opened: Open, settings: VehiclesSettings, registries: Registries) -> None:
    directory = opened(with_timeout(settings, 0))
    registries.hold.clear()
    for number in range(5):
        directory.lookup(f"AA{number}", "gb")
    assert registries.arrived.wait(10)
    registries.hold.set()
    directory.close()
    directory.close()
    assert len(registries.asked) <= 2
    assert directory.lookup("AA19AAA", "gb") is None


def test_a_missing_key_file_is_a_configuration_error(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="key_file"):
        opened(VehiclesSettings(dvla=DvlaSettings(enabled=True, key_file=tmp_path / "none")))
