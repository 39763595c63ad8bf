"""The local registries and what asks them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npr_edge.settings import DvlaSettings, RdwSettings, VehicleCacheSettings, VehiclesSettings
from tests.support.clock import FakeClock
from tests.support.registries import KEY, Registries, serving


@pytest.fixture
def registries() -> Iterator[Registries]:
    with serving() as state:
        yield state


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "dvla.key"
    path.write_text(f"{KEY}\n", encoding="ascii")
    return path


@pytest.fixture
def settings(registries: Registries, key_file: Path) -> VehiclesSettings:
    return VehiclesSettings(
        lookup_timeout_ms=5_000,
        dvla=DvlaSettings(enabled=True, base_url=registries.url, key_file=key_file, timeout_s=2, quota="1000/minute"),
        rdw=RdwSettings(enabled=True, base_url=registries.url + "/", timeout_s=2, quota="1000/minute"),
        cache=VehicleCacheSettings(found_days=30, unknown_days=1),
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
