"""The seams between stages as Protocols; ``app`` wires real parts to them, tests wire fakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from npr_edge.domain import (
    Frame,
    Image,
    PlateDetection,
    PlateReading,
    Recognition,
    RegionCandidate,
    ResolvedPlate,
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

    def read(self) -> Frame | None:
        """The next frame; None when the source has ended (replay only).

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
