"""The seams between stages as Protocols; ``app`` wires real parts to them, tests wire fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from npr_edge.domain import (
    CameraReport,
    Glimpse,
    HourCount,
    Image,
    MessageKind,
    OutboxMessage,
    PlateDetection,
    PlateReading,
    ReadFilter,
    ReadPage,
    Recognition,
    RegionCandidate,
    ResolvedPlate,
    Sighting,
    StoredRead,
    Vehicle,
)
from npr_edge.geometry import Quad


class Detector(Protocol):
    """Finds plates in an image."""

    def detect(self, image: Image) -> Sequence[PlateDetection]:
        """All plates of ``image`` ((H, W, 3) uint8 BGR), best score first, corners in image pixels."""
        ...


class Reader(Protocol):
    """Reads one plate of an image."""

    def read(self, image: Image, quad: Quad) -> PlateReading:
        """The text of the plate at ``quad`` (pixels of ``image``, (H, W, 3) uint8 BGR)."""
        ...


class RegionResolver(Protocol):
    """Decides region, spacing and the likeliest text by the grammars of the regions."""

    def resolve(self, reading: PlateReading) -> ResolvedPlate:
        """The reading after grammar; a text that fits none comes back as read."""
        ...

    def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
        """Region and spacing of a text alone, without changing a character."""
        ...


class Recogniser(Protocol):
    """Detection, reading and regions in one call; safe to call from several threads."""

    def recognise(self, image: Image) -> Recognition:
        """All plates of ``image`` ((H, W, 3) uint8 BGR, upright)."""
        ...


class Camera(Protocol):
    """One open camera. Every wait inside is bounded."""

    def read(self, awake: bool = True) -> Glimpse | None:
        """The next picture; None when the source has ended (replay only).

        Args:
            awake: Whether every picture is needed in full; else the camera may do less while nothing changes.

        Raises:
            CaptureError: The camera failed; close it and open a new one.
        """
        ...

    def close(self) -> None:
        """Release the device; safe to call twice."""
        ...


class VehicleLookup(Protocol):
    """Vehicle data by plate, never slower than it promises."""

    def lookup(self, text: str, region: str | None) -> Vehicle | None:
        """What is known at once or within the configured timeout; None where nothing is known."""
        ...

    def lookup_all(self, plates: Sequence[tuple[str, str | None]]) -> list[Vehicle | None]:
        """What is known of each (text, region); all share the one timeout."""
        ...


class LateVehicles(VehicleLookup, Protocol):
    """Vehicle data that may come after its lookup's answer."""

    def follow(self, text: str, region: str | None, late: Callable[[Vehicle], None]) -> None:
        """Have ``late`` told, at most once, what a lookup that answered None comes to after all.

        Call it once the read is recorded, so that the update never comes before the read. ``late`` may be called at
        once or from a thread of the lookup.
        """
        ...


class Clock(Protocol):
    """The time, as far as this machine knows it."""

    def wall_s(self) -> float:
        """Unix time in seconds, right or wrong."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since boot; never jumps."""
        ...

    def synced(self) -> bool:
        """Whether the wall clock is known to be right."""
        ...

    def boot_id(self) -> str:
        """Changes with each boot (``/proc/sys/kernel/random/boot_id``)."""
        ...


class SightingRecorder(Protocol):
    """Takes sightings to be stored and published."""

    def record(self, sighting: Sighting, vehicle: Vehicle | None = None, list_match: str | None = None) -> bool:
        """Take a sighting; never waits. False when too many wait already: it is lost, and counted."""
        ...

    def update_vehicle(self, event_id: str, vehicle: Vehicle) -> None:
        """Add vehicle data that came late; it follows as an ``update`` message. Never waits."""
        ...


class CamerasView(Protocol):
    """What the cameras are doing, for everyone who only looks; safe to call from several threads."""

    def reports(self) -> Sequence[CameraReport]:
        """All cameras, in the order of the configuration."""
        ...

    def snapshot(self, camera_id: str) -> bytes | None:
        """The newest frame as JPEG, None where there is none (yet)."""
        ...


class HealthView(Protocol):
    """Whether the device is well."""

    def faults(self) -> Sequence[str]:
        """What is wrong now, a few words each (``camera entry: failed``); empty while all is well."""
        ...


class MessageEncoder(Protocol):
    """Makes the JSON of a message from a read."""

    def __call__(self, read: StoredRead, kind: MessageKind) -> str:
        """The payload as it will be sent, byte for byte."""
        ...


class ReadsQuery(Protocol):
    """What is stored, for everyone who only looks; safe to call from several threads.

    Every method raises ``StoreError`` where the database cannot be read.
    """

    def page(
        self, wanted: ReadFilter, *, limit: int = 50, cursor: str | None = None, newest_first: bool = True
    ) -> ReadPage:
        """At most ``limit`` (1-1000) reads in order of recording; ``cursor`` comes from the page before.

        Raises:
            ValueError: The cursor is none of ours or the limit is out of range.
        """
        ...

    def get(self, event_id: str) -> StoredRead | None:
        """One read, None where it is unknown."""
        ...

    def crop_path(self, event_id: str) -> Path | None:
        """The JPEG of one read, None where it has none (any more)."""
        ...

    def export(self, wanted: ReadFilter) -> Iterator[StoredRead]:
        """All reads, oldest first, in constant memory; none recorded after the start."""
        ...

    def count(self, wanted: ReadFilter) -> int:
        """How many reads ``export`` would give."""
        ...

    def hours(self, since_s: float, until_s: float, camera_id: str | None = None) -> Sequence[HourCount]:
        """Passages per camera and hour, oldest hour first; hours without a passage are left out."""
        ...


class Outbox(Protocol):
    """Messages that the broker has not acknowledged yet."""

    def pending(self, after: int, limit: int) -> Sequence[OutboxMessage]:
        """At most ``limit`` messages with an id above ``after``, in order of publication."""
        ...

    def acknowledge(self, ids: Sequence[int]) -> None:
        """The broker has these: they may be deleted. Returns at once."""
        ...
