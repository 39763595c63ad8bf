"""The last reads of a camera, so that one vehicle never becomes two."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
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


@dataclass(frozen=True, slots=True)
class Sight:
    """When and where a plate was in view: its motion when it was first and last seen, and the last frames with it."""

    first: Motion
    last: Motion
    frames: Collection[int]

    def meets(self, other: Sight) -> bool:
        """Whether both were seen in one and the same frame: then they are two plates."""
        return not set(self.frames).isdisjoint(other.frames)


@dataclass(slots=True)
class Read:
    """A vehicle that was read: its text, its sight so far, and whether it stood still when it was last seen."""

    event_id: str
    text: str
    sight: Sight
    parked: bool


class Memory:
    """The reads of one camera, oldest first, bounded in number and age."""

    def __init__(self, reappear_s: float) -> None:
        self._reappear_s = reappear_s
        self._reads: deque[Read] = deque(maxlen=MAX_READS)

    def add(self, read: Read) -> None:
        """Remember a read; the caller keeps it up to date while the vehicle is in view."""
        self._reads.append(read)

    def same_vehicle(self, outcome: Outcome, sight: Sight) -> Read | None:
        """The other read that this vote is a second look at; None for a new vehicle.

        Args:
            outcome: The vote.
            sight: When and where its plate was in view. A read that shared the picture with it is the same plate only
                where the texts are equal.
        """
        for read in reversed(self._reads):
            if read.text == outcome.plate.text and self._recent(read, sight):
                return read
            if not read.sight.meets(sight) and self._is_misread(read, outcome, sight):
                return read
        return None

    def _is_misread(self, read: Read, outcome: Outcome, sight: Sight) -> bool:
        """Whether another text is likelier a bad reading of the same vehicle than a second one."""
        text = outcome.plate.text
        if is_scrap(text, sight, read.text, read.sight):
            return True
        in_place = _is_parked_at(read, sight)
        if in_place and similarity(read.text, text) >= PARKED_SIMILARITY and not _is_sure(outcome, read.text):
            return True
        if not self._recent(read, sight) or not is_misread(read.text, text):
            return False
        return not (_is_sure(outcome, read.text) and _follows(read, sight))

    def _recent(self, read: Read, sight: Sight) -> bool:
        return sight.first.at_s - read.sight.last.at_s <= self._reappear_s or _is_parked_at(read, sight)

    def reads_since(self, at_s: float) -> list[Read]:
        """Reads of vehicles that were in view at ``at_s`` or later."""
        return [read for read in self._reads if read.sight.last.at_s >= at_s]


def _is_parked_at(read: Read, sight: Sight) -> bool:
    """Whether the earlier vehicle stood where this one was first seen, not too long ago."""
    near = read.sight.last.quad.hull().iou(sight.first.quad.hull()) >= PARKED_IOU
    return read.parked and near and sight.first.at_s - read.sight.last.at_s <= PARKED_S


def is_scrap(text: str, sight: Sight, other_text: str, other: Sight) -> bool:
    """Whether one text is a part of the other, the later one first seen where the earlier one may be by then."""
    if not (is_part(text, other_text) or is_part(other_text, text)):
        return False
    early, late = sorted((sight, other), key=lambda each: each.first.at_s)
    at_s = late.first.at_s
    here, there = late.first.quad.hull().centre, early.last.forecast(at_s).hull().centre
    return at_s - early.last.at_s <= SCRAP_S and math.dist(here, there) <= early.last.gate_px(at_s)


def _follows(read: Read, sight: Sight) -> bool:
    """Whether a plate was first seen back on the way that the earlier one had come."""
    before = read.sight.last
    if before.velocity is None:
        return False
    here, there = sight.first.quad.hull().centre, before.quad.hull().centre
    along = sum((a - b) * v for a, b, v in zip(here, there, before.velocity, strict=True))
    return along < -BEHIND_WIDTHS * before.quad.width * math.hypot(*before.velocity)


def _is_sure(outcome: Outcome, text: str) -> bool:
    """Whether the frames agree on their own text, and leave no chance to the earlier one."""
    chance = next((c.confidence for c in outcome.plate.candidates if c.text == text), 0.0)
    sure = outcome.plate.confidence >= OTHER_CONFIDENCE and outcome.agreeing >= OTHER_AGREEING
    return sure and chance <= OTHER_CHANCE
