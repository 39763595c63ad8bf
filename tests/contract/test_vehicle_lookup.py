"""What everyone may rely on in a vehicle lookup, asked of the fake and of the real one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from npr_edge.access import open_access
from npr_edge.access.limits import Limiter
from npr_edge.domain import Vehicle
from npr_edge.ports import VehicleLookup
from npr_edge.settings import DvlaSettings, VehiclesSettings
from npr_edge.vehicles import KnownVehicle, VehicleRegistry, open_directory
from tests.support.clock import FakeClock
from tests.support.fakes import FakeVehicles
from tests.support.registries import KEY, serving

BMW = Vehicle("local", make="BMW", colour="Black", year=2021, fuel_type="petrol")
FORD = Vehicle("dvla", "FORD", None, "Red", 2019, "petrol")


@pytest.fixture(params=["fake", "real"])
def lookup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VehicleLookup]:
    if request.param == "fake":
        yield FakeVehicles()
        return
    registry = VehicleRegistry(tmp_path)
    registry.put([KnownVehicle("AB12 CDE", BMW)])
    registry.close()
    clock = FakeClock()
    directory = open_directory(tmp_path, VehiclesSettings(), clock, Limiter(clock))
    yield directory
    directory.close()


@pytest.mark.parametrize("region", ["gb", None, "xx"])
def test_a_known_plate_is_found_whatever_its_region(lookup: VehicleLookup, region: str | None) -> None:
    assert lookup.lookup("AB12CDE", region) == BMW


@pytest.mark.parametrize("text", ["ZZ99ZZZ", "", "0", "A" * 12])
def test_an_unknown_plate_is_none(lookup: VehicleLookup, text: str) -> None:
    assert lookup.lookup(text, "gb") is None


def test_many_threads_may_ask_at_once(lookup: VehicleLookup) -> None:
    texts = ["AB12CDE", "ZZ99ZZZ"] * 50
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: lookup.lookup(text, "gb"), texts))
    assert answers == [BMW, None] * 50


def test_a_restart_does_not_renew_the_quota_of_a_registry(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "dvla.key").write_text(KEY, encoding="ascii")
    with serving() as registries:
        dvla = DvlaSettings(enabled=True, base_url=registries.url, key_file=tmp_path / "dvla.key", quota="3/hour")
        settings = VehiclesSettings(lookup_timeout_ms=5_000, dvla=dvla)

        def run(plates: Sequence[str]) -> list[Vehicle | None]:
            access = open_access(tmp_path, clock)
            directory = open_directory(tmp_path, settings, clock, access.quotas)
            access.start()
            found = [directory.lookup(plate, "gb") for plate in plates]
            directory.close()
            access.close()
            return found

        assert run(["ER19NFD", "AA19AAA"]) == [None, FORD]
        clock.advance(60)
        run(["AB1", "AB2", "AB3"])
        assert registries.asked == ["ER19NFD", "AA19AAA", "AB1"]
        clock.advance(3_541)
        run(["AB2"])
        assert registries.asked[3:] == ["AB2"]
