"""The values that pass between stages; frozen, pure, without behaviour of any stage.

Texts are upper-case ``A-Z0-9`` without spaces unless a field says "printed". Confidence is 0-1.
``region`` is a lower-case code (``gb``, ``us-ny``) or None where unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from npr_edge.geometry import Quad

Image = NDArray[np.uint8]
"""Pixels as (H, W, 3) uint8 in BGR order, upright."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Characters of plate texts in the order of the reader's classes; the class after the last is the blank."""


@dataclass(frozen=True, slots=True)
class PlateDetection:
    """A plate found in an image: its corners in image pixels and a score 0-1, the chance that it is one."""

    quad: Quad
    score: float


@dataclass(frozen=True, slots=True)
class TextCandidate:
    """One possible text of a plate with the calibrated chance that the whole text is right."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class RegionCandidate:
    """One possible region of a plate, by its look alone, with its probability."""

    region: str
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class PlateReading:
    """What the reader makes of one rectified plate.

    Attributes:
        candidates: n-best texts, best first; never empty (the best may be the empty text).
        regions: Most likely regions by the look of the plate, best first; may be empty.
        slots: Calibrated probabilities (SLOTS, CLASSES) float32 of each character position, columns in the
            order of ``ALPHABET`` with the blank last; every row sums to 1.
        outline: The plate's corners as the reader saw them, image pixels; None for a reading of several images.
        plate_chance: Chance 0-1 that a plate is there at all, read or not.
    """

    candidates: tuple[TextCandidate, ...]
    regions: tuple[RegionCandidate, ...]
    slots: NDArray[np.float32]
    outline: Quad | None = None
    plate_chance: float = 1.0

    @property
    def text(self) -> str:
        """The best text."""
        return self.candidates[0].text

    @property
    def confidence(self) -> float:
        """Calibrated chance that the best text is right."""
        return self.candidates[0].confidence


@dataclass(frozen=True, slots=True)
class ResolvedPlate:
    """A text after the region grammars had their say.

    Attributes:
        text: Without spaces.
        printed: Spaced the way the region prints it (``AB12 CDE``); equals ``text`` where unknown.
        region: Code or None.
        confidence: Calibrated chance that ``text`` is right.
        candidates: n-best after grammar, best first, the first is ``text``.
        fits_grammar: Whether ``text`` fits a format of ``region``.
    """

    text: str
    printed: str
    region: str | None
    confidence: float
    candidates: tuple[TextCandidate, ...]
    fits_grammar: bool


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What a registry knows of the vehicle that carries a plate; None where it does not say.

    ``source`` names the registry: ``local``, ``dvla`` or ``rdw``.
    """

    source: str
    make: str | None = None
    model: str | None = None
    colour: str | None = None
    year: int | None = None
    fuel_type: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PlateResult:
    """One plate of one image: where it is, what it says."""

    detection: PlateDetection
    reading: PlateReading
    plate: ResolvedPlate


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent on one image, stage by stage; ``decode_ms`` is 0 where pixels were handed in."""

    decode_ms: float
    detect_ms: float
    read_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """All plates of one image, best confidence first; an empty tuple means no plate was found."""

    width_px: int
    height_px: int
    results: tuple[PlateResult, ...]
    timings: Timings


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured picture.

    Attributes:
        camera_id: Id of the camera in the configuration.
        index: Number of the frame since the camera was opened, from 0.
        image: (H, W, 3) uint8 BGR.
        monotonic_s: Seconds of the monotonic clock at capture.
        wall_s: Unix time in seconds at capture, as the clock stood.
        clock_synced: Whether the wall clock was known to be right at capture.
    """

    camera_id: str
    index: int
    image: Image
    monotonic_s: float
    wall_s: float
    clock_synced: bool


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """A captured picture of which nobody has asked for the pixels yet; what decides whether to look at it.

    Attributes:
        camera_id: Id of the camera in the configuration.
        index: Number of the picture since the camera was opened, from 0.
        monotonic_s: Seconds of the monotonic clock at capture.
        wall_s: Unix time in seconds at capture, as the clock stood.
        clock_synced: Whether the wall clock was known to be right at capture.
        luma: Small grey picture, (H, W) uint8; None where the source itself says that nothing has changed.
        pixels: Makes the picture in colour, (H, W, 3) uint8 BGR; None where it was not brought along.
    """

    camera_id: str
    index: int
    monotonic_s: float
    wall_s: float
    clock_synced: bool
    luma: NDArray[np.uint8] | None
    pixels: Callable[[], Image] | None

    def frame(self) -> Frame | None:
        """The whole frame, None where its pixels were not brought along."""
        if self.pixels is None:
            return None
        return Frame(self.camera_id, self.index, self.pixels(), self.monotonic_s, self.wall_s, self.clock_synced)


class UnreadReason(StrEnum):
    """Why a tracked plate ended without a read."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    CUT_OFF = "cut_off"
    NO_AGREEMENT = "no_agreement"
    LOW_CONFIDENCE = "low_confidence"
    BAD_FORMAT = "bad_format"


class Direction(StrEnum):
    """Which way a vehicle moved in the picture."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One vehicle's passage in front of one camera, read or not.

    Attributes:
        event_id: UUIDv7; the same in every message and row about this passage.
        camera_id: Camera that saw it.
        plate: The voted plate; None when unread.
        reason: Why it is unread; None when read.
        votes_agreeing: Frames whose text equals the voted one.
        votes_total: Frames in which the plate was read at all.
        first_frame: Index of the first frame of the track; ``last_frame`` likewise the last.
        first_monotonic_s: Monotonic capture time of the first frame, seconds; ``last_monotonic_s`` of the last.
        first_seen_s: Unix time of the first frame, seconds; ``last_seen_s`` of the last.
        clock_synced: Whether the wall clock was right at ``first_seen_s``.
        direction: Way of movement.
        line_crossed: True when the track crossed the camera's direction line.
        quad: Corners in the best frame, frame pixels.
        score: Score in the best frame.
        crop: The best frame's plate with surroundings, (H, W, 3) uint8 BGR; None when dropped.
        preview: True for an early message; the final one follows with the same ``event_id``.
        in_view: True for a final sighting of a vehicle that is still there: a closing one follows.
        closing: True for the last word on a sighting that was reported with ``in_view``; it brings the final
            ``last_frame``, ``last_seen_s`` and direction under the same ``event_id`` and is no second read.
    """

    event_id: str
    camera_id: str
    plate: ResolvedPlate | None
    reason: UnreadReason | None
    votes_agreeing: int
    votes_total: int
    first_frame: int
    last_frame: int
    first_monotonic_s: float
    last_monotonic_s: float
    first_seen_s: float
    last_seen_s: float
    clock_synced: bool
    direction: Direction
    line_crossed: bool
    quad: Quad
    score: float
    crop: Image | None
    preview: bool = False
    in_view: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class StoredRead:
    """A read as the database keeps it; every message and every answer about a read is made from one.

    Attributes:
        sequence: Place in the order of recording, which is the order of publication; grows, with gaps.
        event_id: UUIDv7; the same in every message and row about this passage.
        camera_id: Camera that saw it.
        text: The plate without spaces; ``printed`` as the region spaces it.
        region: Code or None.
        confidence: Calibrated chance that ``text`` is right.
        votes_agreeing: Frames whose text equals the voted one; ``votes_total`` those in which it was read at all.
        first_frame: Index of the first frame of the track; ``last_frame`` likewise the last.
        first_monotonic_s: Monotonic time of the first frame, seconds since boot; ``last_monotonic_s`` of the last.
        first_seen_s: Unix time of the first frame, seconds, corrected once the clock was set; ``last_seen_s`` likewise.
        clock_synced: Whether these Unix times are known to be right.
        boot_id: The boot that the monotonic times count from.
        direction: Way of movement.
        line_crossed: True when the track crossed the camera's direction line.
        list_match: Name of the list the plate stands on, None where it stands on none.
        quad: Corners in the best frame, frame pixels.
        score: Score in the best frame.
        crop: Path of the crop's JPEG below the crops folder (``2026/11/24/<event_id>.jpg``), None without one.
        vehicle: What a registry knows of the vehicle, None where nothing is known (yet).
    """

    sequence: int
    event_id: str
    camera_id: str
    text: str
    printed: str
    region: str | None
    confidence: float
    votes_agreeing: int
    votes_total: int
    first_frame: int
    last_frame: int
    first_monotonic_s: float
    last_monotonic_s: float
    first_seen_s: float
    last_seen_s: float
    clock_synced: bool
    boot_id: str
    direction: Direction
    line_crossed: bool
    list_match: str | None
    quad: Quad
    score: float
    crop: str | None
    vehicle: Vehicle | None

    @property
    def dwell_s(self) -> float:
        """Time in view, seconds; from the monotonic clock, so a set clock does not bend it."""
        return self.last_monotonic_s - self.first_monotonic_s


class PlateMatch(StrEnum):
    """How a wanted plate is compared with stored ones.

    ``WILDCARD``: ``*`` stands for any characters, ``?`` for one. ``FUZZY``: at most one character more, less or other.
    """

    EXACT = "exact"
    WILDCARD = "wildcard"
    FUZZY = "fuzzy"


@dataclass(frozen=True, slots=True)
class ReadFilter:
    """Which reads are wanted; None means any.

    Attributes:
        since_s: Unix time; ``first_seen_s`` at or after it.
        until_s: Unix time; ``first_seen_s`` before it.
        camera_id: Camera that saw it.
        plate: Plate or pattern; spaces and case do not matter.
        match: How ``plate`` is compared.
        list_match: Name of a list; ``*`` for those on any list.
    """

    since_s: float | None = None
    until_s: float | None = None
    camera_id: str | None = None
    plate: str | None = None
    match: PlateMatch = PlateMatch.EXACT
    list_match: str | None = None


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Some reads and how to get the next ones.

    Attributes:
        reads: In order of recording, or the reverse where newest first was asked for.
        next_cursor: Handed back for the next page; None on the last one.
    """

    reads: tuple[StoredRead, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class HourCount:
    """Passages of one hour in front of one camera.

    Attributes:
        camera_id: The camera.
        hour_s: Unix time at which the hour starts, seconds.
        read: Passages that ended as a read.
        unread: Passages that did not, by reason; only reasons that occurred.
    """

    camera_id: str
    hour_s: int
    read: int
    unread: tuple[tuple[UnreadReason, int], ...]

    @property
    def read_rate(self) -> float:
        """Share of the passages that were read, 0-1; 0 without passages."""
        total = self.read + sum(count for _, count in self.unread)
        return self.read / total if total else 0.0


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What a camera is doing.

    Attributes:
        camera_id: Id of the camera in the configuration.
        state: One word: ``starting``, ``running``, ``failed``, ``ended`` (replay) or ``off`` (outside its schedule).
        fps: Frames per second that arrive at present.
        frames: Frames captured since the start.
        dropped: Frames that were replaced by a newer one before they were looked at.
        frame_age_s: Seconds since the last frame, None before the first.
    """

    camera_id: str
    state: str
    fps: float
    frames: int
    dropped: int
    frame_age_s: float | None


class MessageKind(StrEnum):
    """What a message about a passage says; the topic it is sent on.

    ``READ``: the one message per passage. ``PREVIEW``: an early guess that a read with the same id follows.
    ``UPDATE``: the read again, with vehicle data or a corrected time that came late.
    """

    READ = "read"
    PREVIEW = "preview"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message that waits for the broker's acknowledgement.

    Attributes:
        id: Place in the order of publication.
        event_id: Passage it is about; a re-delivery repeats it.
        kind: Decides the topic.
        payload: Finished JSON; a re-delivery repeats it byte for byte.
        crop: JPEG file of the read, None where there is none.
    """

    id: int
    event_id: str
    kind: MessageKind
    payload: str
    crop: Path | None
