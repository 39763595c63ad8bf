"""Sightings, clocks and messages for tests of the record and of publishing."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from npr_edge.domain import (
    Direction,
    Image,
    MessageKind,
    ResolvedPlate,
    Sighting,
    StoredRead,
    TextCandidate,
    UnreadReason,
)
from npr_edge.geometry import Box, Quad

NOW_S = 1_800_001_000.0
YEAR_S = 365.25 * 86_400
QUAD = Quad.from_box(Box(100, 50, 110, 24))


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until a test moves it."""

    wall: float = NOW_S
    monotonic: float = 1_000.0
    is_synced: bool = True
    boot: str = "boot-1"

    def wall_s(self) -> float:
        return self.wall

    def monotonic_s(self) -> float:
        return self.monotonic

    def synced(self) -> bool:
        return self.is_synced

    def boot_id(self) -> str:
        return self.boot

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds


def event_id(number: int) -> str:
    """An id in the form of a UUIDv7 that sorts by ``number``."""
    return f"{number:012x}"[:8] + f"-{number & 0xFFFF:04x}-7000-8000-{number:012x}"


def crop(seed: int = 0, width: int = 80, height: int = 40) -> Image:
    """A picture with some detail."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def read_sighting(
    number: int,
    text: str = "AB12CDE",
    *,
    camera: str = "gate",
    clock: FakeClock | None = None,
    image: Image | None = None,
    preview: bool = False,
) -> Sighting:
    """A passage that was read just now."""
    plate = ResolvedPlate(text, f"{text[:4]} {text[4:]}", "gb", 0.97, (TextCandidate(text, 0.97),), fits_grammar=True)
    return _sighting(number, camera, clock or FakeClock(), plate=plate, image=image, preview=preview)


def unread_sighting(
    number: int, reason: UnreadReason = UnreadReason.BLURRED, *, camera: str = "gate", clock: FakeClock | None = None
) -> Sighting:
    """A passage that ended in the ledger just now."""
    return _sighting(number, camera, clock or FakeClock(), reason=reason)


def _sighting(
    number: int,
    camera: str,
    clock: FakeClock,
    *,
    plate: ResolvedPlate | None = None,
    reason: UnreadReason | None = None,
    image: Image | None = None,
    preview: bool = False,
) -> Sighting:
    return Sighting(
        event_id=event_id(number),
        camera_id=camera,
        plate=plate,
        reason=reason,
        votes_agreeing=3 if plate else 0,
        votes_total=4,
        first_frame=number * 10,
        last_frame=number * 10 + 6,
        first_monotonic_s=clock.monotonic - 1.5,
        last_monotonic_s=clock.monotonic,
        first_seen_s=clock.wall - 1.5,
        last_seen_s=clock.wall,
        clock_synced=clock.is_synced,
        direction=Direction.APPROACHING,
        line_crossed=False,
        quad=QUAD,
        score=0.9,
        crop=image,
        preview=preview,
    )


def encode(read: StoredRead, kind: MessageKind) -> str:
    """A message as short as a test needs."""
    return json.dumps({"event_id": read.event_id, "kind": kind.value, "first_seen": read.first_seen_s})
