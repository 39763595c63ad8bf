"""One plate followed through the frames: its motion, its vote, its best picture."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from npr_edge.domain import Direction, Frame, Image, PlateResult, ResolvedPlate, Sighting, UnreadReason
from npr_edge.geometry import Point, Quad
from npr_edge.settings import CameraSettings, TrackSettings
from npr_edge.track import evidence, zones
from npr_edge.track.association import Known
from npr_edge.track.memory import Read, Sight
from npr_edge.track.motion_model import Motion
from npr_edge.track.verdict import Looks
from npr_edge.track.vote import Ballot, Vote, Voter

GROWTH = 1.12
"""A plate that grew by this factor came nearer; one that shrank by it went away."""

DRIFT_HEIGHTS = 1.5
"""Otherwise a plate that moved down the picture by this many plate heights came nearer."""

STALE_MISSES = 3

MAX_FRAMES = 256
"""Frames that a track remembers to have been seen in; plates that share none may be one."""

PARKED_SPEED = 0.35
"""Plate widths per second below which a vehicle stands."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame was taken."""

    frame: int
    monotonic_s: float
    wall_s: float
    clock_synced: bool

    @classmethod
    def of(cls, frame: Frame) -> Moment:
        """The moment of ``frame``."""
        return cls(frame.index, frame.monotonic_s, frame.wall_s, frame.clock_synced)


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best frame's plate: the evidence of the sighting."""

    value: float
    quad: Quad
    score: float
    crop: Image
    sharpness: float


class Track:
    """A plate from its first to its last frame."""

    def __init__(self, event_id: str, frame: Frame, result: PlateResult, voter: Voter) -> None:
        self.event_id = event_id
        self.first = self.last = Moment.of(frame)
        self.motion = Motion(result.detection.quad, frame.monotonic_s)
        self.first_motion = self.motion
        self.frames: deque[int] = deque(maxlen=MAX_FRAMES)
        self.vote = Vote(voter)
        self.hits = 0
        self.misses = 0
        self.clean = 0
        self.widest_px = 0.0
        self.top_score = 0.0
        self.best: Best | None = None
        self.crossed = Direction.UNKNOWN
        self.previewed = False
        self.read: ResolvedPlate | None = None
        self.memory: Read | None = None
        self.doubles: Read | None = None

    def known(self) -> Known:
        """What the association needs to know."""
        if self.read is not None:
            return Known(self.motion, self.read.text, self.read.confidence, self.misses >= STALE_MISSES)
        outcome = self.vote.outcome()
        if outcome is None:
            return Known(self.motion, "", 0.0)
        return Known(self.motion, outcome.plate.text, outcome.plate.confidence, self.misses >= STALE_MISSES)

    def add(self, frame: Frame, result: PlateResult, camera: CameraSettings, settings: TrackSettings) -> None:
        """Take in the plate of one more frame."""
        quad, height, width = result.detection.quad, *frame.image.shape[:2]
        self._cross(quad, camera, (width, height))
        self.last = Moment.of(frame)
        self.frames.append(frame.index)
        before = self.motion.quad if self.hits else None
        self.motion = self.motion.seen(quad, frame.monotonic_s) if self.hits else self.motion
        self.hits += 1
        self.misses = 0
        cut_off = evidence.is_cut_off(quad, width, height)
        self.clean += not cut_off
        self.widest_px = max(self.widest_px, quad.width)
        self.top_score = max(self.top_score, result.detection.score)
        ballot = Ballot.cast(result, cut_off=cut_off, before=before)
        if self.read is None:
            self.vote.add(ballot)
        if self.best is None or ballot.weight > self.best.value:
            crop = evidence.crop_around(frame.image, quad, settings.evidence_margin)
            sharp = evidence.sharpness(frame.image, quad)
            self.best = Best(ballot.weight, quad, result.detection.score, crop, sharp)
        if self.memory is not None:
            self._remember(self.memory)

    def _cross(self, quad: Quad, camera: CameraSettings, size: tuple[int, int]) -> None:
        if camera.line is None or not self.hits:
            return
        before, after = (_fraction(q, size) for q in (self.motion.quad, quad))
        way = zones.crossing(before, after, camera.line)
        if way is not Direction.UNKNOWN:
            self.crossed = way

    def _remember(self, read: Read) -> None:
        if self.motion.at_s < read.sight.last.at_s:
            return  # a scrap from before the whole plate was read
        read.sight, read.parked = replace(read.sight, last=self.motion, frames=self.frames), self.is_still

    def remember(self) -> Read:
        """The read as the camera's memory keeps it; kept up to date by this track."""
        assert self.read is not None
        self.memory = Read(self.event_id, self.read.text, self.sight, self.is_still)
        return self.memory

    def attach(self, read: Read) -> None:
        """Become a second look at an earlier read: this track is never reported."""
        self.doubles = self.memory = read
        self._remember(read)

    @property
    def sight(self) -> Sight:
        """When and where it was in view so far."""
        return Sight(self.first_motion, self.motion, self.frames)

    @property
    def is_still(self) -> bool:
        """Whether the vehicle stands: several frames and hardly any movement between them."""
        return self.hits >= 3 and self.motion.speed_widths() <= PARKED_SPEED

    @property
    def decided(self) -> bool:
        """Whether the vote has ended."""
        return self.read is not None or self.doubles is not None

    @property
    def looks(self) -> Looks:
        """What the frames were like."""
        return Looks(self.clean, self.widest_px, self.best.sharpness if self.best else 0.0)

    @property
    def direction(self) -> Direction:
        """Way of movement: across the line where it was crossed, else by growth, else by drift."""
        if self.crossed is not Direction.UNKNOWN:
            return self.crossed
        growth = self.motion.quad.width / max(self.first_motion.quad.width, 1.0)
        if growth >= GROWTH:
            return Direction.APPROACHING
        if growth <= 1 / GROWTH:
            return Direction.LEAVING
        drift = self.motion.quad.hull().centre[1] - self.first_motion.quad.hull().centre[1]
        if abs(drift) < DRIFT_HEIGHTS * max(self.motion.quad.height, 1.0):
            return Direction.UNKNOWN
        return Direction.APPROACHING if drift > 0 else Direction.LEAVING

    def sighting(self, camera_id: str, plate: ResolvedPlate | None, reason: UnreadReason | None) -> Sighting:
        """The sighting as it stands now."""
        assert self.best is not None
        agreeing = self.vote.texts[plate.text] if plate is not None else max(self.vote.texts.values(), default=0)
        return Sighting(
            event_id=self.event_id,
            camera_id=camera_id,
            plate=plate,
            reason=reason,
            votes_agreeing=agreeing,
            votes_total=self.vote.total,
            first_frame=self.first.frame,
            last_frame=self.last.frame,
            first_monotonic_s=self.first.monotonic_s,
            last_monotonic_s=self.last.monotonic_s,
            first_seen_s=self.first.wall_s,
            last_seen_s=self.first.wall_s + self.last.monotonic_s - self.first.monotonic_s,
            clock_synced=self.first.clock_synced,
            direction=self.direction,
            line_crossed=self.crossed is not Direction.UNKNOWN,
            quad=self.best.quad,
            score=self.best.score,
            crop=self.best.crop,
        )

    def preview(self, camera_id: str, plate: ResolvedPlate) -> Sighting:
        """An early word on a vote that goes on."""
        self.previewed = True
        return replace(self.sighting(camera_id, plate, None), preview=True)


def _fraction(quad: Quad, size: tuple[int, int]) -> Point:
    x, y = quad.hull().centre
    return x / size[0], y / size[1]
