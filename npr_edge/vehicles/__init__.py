"""Plate to vehicle: the owner's local table, then the registry of the plate's region, cached and paced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from npr_edge.ports import Clock
from npr_edge.settings import VehiclesSettings
from npr_edge.vehicles.cache import AnswerCache
from npr_edge.vehicles.dvla import DvlaSource
from npr_edge.vehicles.guard import GuardedSource, Quotas
from npr_edge.vehicles.importing import ImportFileError, import_vehicles, read_vehicles
from npr_edge.vehicles.lookup import Late, Stores, VehicleDirectory
from npr_edge.vehicles.rdw import RdwSource
from npr_edge.vehicles.registry import KnownVehicle, VehicleRegistry

__all__ = [
    "AnswerCache",
    "ImportFileError",
    "KnownVehicle",
    "Late",
    "Stores",
    "VehicleDirectory",
    "VehicleRegistry",
    "import_vehicles",
    "open_directory",
    "read_vehicles",
]


def open_directory(
    data_dir: Path,
    settings: VehiclesSettings,
    clock: Clock,
    quotas: Quotas,
    count: Callable[[str, str], None] = lambda source, outcome: None,
) -> VehicleDirectory:
    """The vehicle lookup as the settings want it; close it in the end.

    Args:
        data_dir: Where table and cache lie.
        settings: ``[vehicles]``.
        clock: Ages of the cache, pauses of the registries.
        quotas: Counts the requests to the registries (``access.limits.Limiter``).
        count: Told the registry's name and the outcome of each question; for metrics.

    Raises:
        ConfigError: The key file of a registry cannot be read.
        StoreError: Table or cache cannot be opened.
    """
    sources = {}
    if settings.dvla.enabled:
        sources["gb"] = GuardedSource(DvlaSource(settings.dvla), settings.dvla.quota, quotas, clock)
    if settings.rdw.enabled:
        sources["nl"] = GuardedSource(RdwSource(settings.rdw), settings.rdw.quota, quotas, clock)
    registry = VehicleRegistry(data_dir, mend=True)
    try:
        stores = Stores(registry, AnswerCache(data_dir, settings.cache, clock))
    except BaseException:
        registry.close()
        raise
    return VehicleDirectory(stores, sources, settings.lookup_timeout_ms / 1000, count)
