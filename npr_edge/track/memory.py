"""The last reads of a camera, so that one vehicle never becomes two."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from npr_edge.track.motion_model import Motion
from npr_edge.track.text import is_misread, is_part, similarity
from npr_edge.track.vote import Outcome

MAX_READS = 256

PARKED_S = 3600.0
"""A vehicle that stood still is expected at its place for this long, whatever hides it in between."""

PARKED_IOU = 0.2
PARKED_SIMILARITY = 0.57
"""At the place of a parked vehicle a text that shares this much with it is a bad reading of it: 3 of 7 characters."""

SCRAP_S = 2.0
"""A part of a text that is read so shortly after it, and where the vehicle may be by then, is what can still be seen
of it behind another one; and the whole text after a part likewise."""

OTHER_CONFIDENCE = 0.97
OTHER_AGREEING = 4
OTHER_CHANCE = 0.01
"""A text next to an earlier one is another vehicle where this many frames agree, this surely, and the
earlier text has at most this chance, if it came from behind the earlier one."""

BEHIND_WIDTHS = 1.0
"""A plate that is first seen so many plate widths back on the way of an earlier one follows it; one that was hidden
comes out further on."""


@dataclass(slots=True)
class Read:
    """A vehicle that was read: its text, when and where it was seen last, whether it stood still there."""

    event_id: str
    text: str
    last_s: float
    last_frame: int
    motion: Motion
    parked: bool


@dataclass(frozen=True, slots=True)
class FirstSight:
    """Where and in which frame a track began."""

    motion: Motion
    frame: int


class Memory:
    """The reads of one camera, oldest first, bounded in number and age."""

    def __init__(self, reappear_s: float) -> None:
        self._reappear_s = reappear_s
        self._reads: deque[Read] = deque(maxlen=MAX_READS)

    def add(self, read: Read) -> None:
        """Remember a read; the caller keeps it up to date while the vehicle is in view."""
        self._reads.append(read)

    def same_vehicle(self, outcome: Outcome, first: FirstSight) -> Read | None:
        """The earlier read that this vote is a second look at; None for a new vehicle.

        Args:
            outcome: The vote.
            first: Where its track began. An earlier read that was itself seen in a later frame shares the picture
                with it, so only an equal text can be the same plate.
        """
        for read in reversed(self._reads):
            if read.text == outcome.plate.text and self._recent(read, first):
                return read
            if read.last_frame < first.frame and self._is_misread(read, outcome, first):
                return read
        return None

    def _is_misread(self, read: Read, outcome: Outcome, first: FirstSight) -> bool:
        """Whether another text is likelier a bad reading of the same vehicle than a second one."""
        text = outcome.plate.text
        if _is_scrap(read, text, first):
            return True
        in_place = _is_parked_at(read, first)
        if in_place and similarity(read.text, text) >= PARKED_SIMILARITY and not _is_sure(outcome, read.text):
            return True
        if not self._recent(read, first) or not is_misread(read.text, text):
            return False
        return not (_is_sure(outcome, read.text) and _follows(read, first))

    def _recent(self, read: Read, first: FirstSight) -> bool:
        return first.motion.at_s - read.last_s <= self._reappear_s or _is_parked_at(read, first)

    def reads_since(self, at_s: float) -> list[Read]:
        """Reads of vehicles that were in view at ``at_s`` or later."""
        return [read for read in self._reads if read.last_s >= at_s]


def _is_parked_at(read: Read, first: FirstSight) -> bool:
    """Whether the earlier vehicle stood where this one was first seen, not too long ago."""
    near = read.motion.quad.hull().iou(first.motion.quad.hull()) >= PARKED_IOU
    return read.parked and near and first.motion.at_s - read.last_s <= PARKED_S


def _is_scrap(read: Read, text: str, first: FirstSight) -> bool:
    """Whether one text is a part of the other, seen where the earlier vehicle may be by now."""
    at_s = first.motion.at_s
    if at_s - read.last_s > SCRAP_S or not (is_part(text, read.text) or is_part(read.text, text)):
        return False
    here, there = first.motion.quad.hull().centre, read.motion.forecast(at_s).hull().centre
    return math.dist(here, there) <= read.motion.gate_px(at_s)


def _follows(read: Read, first: FirstSight) -> bool:
    """Whether a plate was first seen back on the way that the earlier one had come."""
    if read.motion.velocity is None:
        return False
    here, there = first.motion.quad.hull().centre, read.motion.quad.hull().centre
    speed = math.hypot(*read.motion.velocity)
    along = sum((a - b) * v for a, b, v in zip(here, there, read.motion.velocity, strict=True))
    return along < -BEHIND_WIDTHS * read.motion.quad.width * speed


def _is_sure(outcome: Outcome, text: str) -> bool:
    """Whether the frames agree on their own text, and leave no chance to the earlier one."""
    chance = next((c.confidence for c in outcome.plate.candidates if c.text == text), 0.0)
    sure = outcome.plate.confidence >= OTHER_CONFIDENCE and outcome.agreeing >= OTHER_AGREEING
    return sure and chance <= OTHER_CHANCE
