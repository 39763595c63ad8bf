"""What everyone may rely on in a vehicle lookup, asked of the fake and of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from npr_edge.access.limits import Limiter
from npr_edge.domain import Vehicle
from npr_edge.ports import VehicleLookup
from npr_edge.settings import VehiclesSettings
from npr_edge.vehicles import KnownVehicle, VehicleRegistry, open_directory
from tests.support.clock import FakeClock
from tests.support.fakes import FakeVehicles

BMW = Vehicle("local", make="BMW", colour="Black", year=2021, fuel_type="petrol")


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
