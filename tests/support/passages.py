"""Simulated passages: plates that move through frames and are read with errors, for tests of the tracker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from npr_edge.domain import (
    Frame,
    Image,
    PlateDetection,
    PlateReading,
    PlateResult,
    RegionCandidate,
    ResolvedPlate,
    Sighting,
    TextCandidate,
)
from npr_edge.geometry import Box, Quad
from npr_edge.read.charset import CLASSES, SLOTS, encode
from npr_edge.settings import CameraSettings, TrackSettings
from npr_edge.track.tracker import Tracker
from npr_edge.track.vote import Voter

WIDTH, HEIGHT = 1280, 720
CAMERA = CameraSettings(id="gate", source="v4l2:/dev/video0")
START_WALL_S = 1_800_000_000.0


class PlainResolver:
    """Grammars of no region: texts of 5 to 8 characters fit."""

    def resolve(self, reading: PlateReading) -> ResolvedPlate:
        text = reading.text
        return ResolvedPlate(text, text, "gb", reading.confidence, reading.candidates, 5 <= len(text) <= 8)

    def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
        return ResolvedPlate(text, text, "gb", 1.0, (TextCandidate(text, 1.0),), 5 <= len(text) <= 8)


def reading(text: str, confidence: float, others: Sequence[tuple[str, float]] = ()) -> PlateReading:
    """A reading whose characters are as sure as ``confidence`` says; ``others`` are further candidates."""
    sure = confidence ** (1.0 / max(len(text), 1))
    slots = np.full((SLOTS, CLASSES), (1.0 - sure) / (CLASSES - 1), dtype=np.float32)
    slots[np.arange(SLOTS), encode(text)] = sure
    candidates = (TextCandidate(text, confidence), *(TextCandidate(other, chance) for other, chance in others))
    return PlateReading(candidates, (RegionCandidate("gb", 0.9),), slots)


def plate(
    text: str, at: tuple[float, float], *, width: float = 110.0, confidence: float = 0.95, score: float = 0.9
) -> PlateResult:
    """A plate read as ``text`` around a centre, frame pixels."""
    quad = Quad.from_box(Box(at[0] - width / 2, at[1] - width / 9, width, width / 4.5))
    read = reading(text, confidence)
    return PlateResult(PlateDetection(quad, score), read, PlainResolver().resolve(read))


@cache
def street() -> Image:
    """A grey picture with a fine pattern, so that plates are sharp."""
    image = np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)
    image[:, ::3] = 180
    return image


def frame(index: int, fps: float = 10.0) -> Frame:
    """A frame of the simulated camera."""
    return Frame("gate", index, street(), 1000.0 + index / fps, START_WALL_S + index / fps, clock_synced=True)


@dataclass
class Scene:
    """Runs plates through a tracker and collects what it says."""

    camera: CameraSettings = CAMERA
    settings: TrackSettings = field(default_factory=TrackSettings)
    said: list[Sighting] = field(default_factory=list)
    index: int = 0

    def __post_init__(self) -> None:
        ids = (f"id-{number}" for number in itertools.count())
        self.tracker = Tracker(self.camera, self.settings, Voter(PlainResolver()), lambda: next(ids))

    def look(self, *plates: PlateResult) -> list[Sighting]:
        """One frame with these plates."""
        said = self.tracker.update(frame(self.index), plates)
        self.index += 1
        self.said += said
        return said

    def empty(self, frames: int) -> None:
        """Frames in which nothing is found."""
        for _ in range(frames):
            self.look()

    def wait(self, seconds: float) -> None:
        """Time in which nobody looks."""
        self.index += round(10 * seconds)

    def end(self) -> None:
        """The clip is over."""
        self.said += self.tracker.close()

    @property
    def reads(self) -> list[str]:
        """Texts of the final reads, in order."""
        return [s.plate.text for s in self.said if s.plate is not None and not s.preview and not s.closing]

    @property
    def unread(self) -> list[str]:
        """Reasons of the ledger, in order."""
        return [s.reason.value for s in self.said if s.reason is not None]
