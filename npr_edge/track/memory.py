"""The last reads of a camera, so that one vehicle never becomes two."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from npr_edge.geometry import Quad
from npr_edge.track.text import is_misread
from npr_edge.track.vote import Outcome

MAX_READS = 256

PARKED_S = 3600.0
"""A vehicle that stood still is expected at its place for this long, whatever hides it in between."""

PARKED_IOU = 0.2

OTHER_CONFIDENCE = 0.97
OTHER_AGREEING = 4
OTHER_CHANCE = 0.01
"""A text next to an earlier one is another vehicle where this many frames agree, this surely, and the
earlier text has at most this chance."""


@dataclass(slots=True)
class Read:
    """A vehicle that was read: its text, when and where it was seen last, whether it stood still there."""

    event_id: str
    text: str
    last_s: float
    last_frame: int
    quad: Quad
    parked: bool


class Memory:
    """The reads of one camera, oldest first, bounded in number and age."""

    def __init__(self, reappear_s: float) -> None:
        self._reappear_s = reappear_s
        self._reads: deque[Read] = deque(maxlen=MAX_READS)

    def add(self, read: Read) -> None:
        """Remember a read; the caller keeps it up to date while the vehicle is in view."""
        self._reads.append(read)

    def same_vehicle(self, outcome: Outcome, quad: Quad, at_s: float, together: int) -> Read | None:
        """The earlier read that this vote is a second look at; None for a new vehicle.

        Args:
            outcome: The vote.
            quad: Where the plate is, frame pixels.
            at_s: First sight of the plate, monotonic seconds.
            together: Index of the first frame of the vote's track: an earlier read that was itself seen in
                a later frame shares the picture with it, so only an equal text can be the same plate.
        """
        text = outcome.plate.text
        for read in reversed(self._reads):
            if not self._recent(read, quad, at_s):
                continue
            if read.text == text:
                return read
            if read.last_frame < together and is_misread(read.text, text) and not _surely_other(outcome, read.text):
                return read
        return None

    def _recent(self, read: Read, quad: Quad, at_s: float) -> bool:
        gone = at_s - read.last_s
        if gone <= self._reappear_s:
            return True
        return read.parked and gone <= PARKED_S and read.quad.hull().iou(quad.hull()) >= PARKED_IOU

    def reads_since(self, at_s: float) -> list[Read]:
        """Reads of vehicles that were in view at ``at_s`` or later."""
        return [read for read in self._reads if read.last_s >= at_s]


def _surely_other(outcome: Outcome, text: str) -> bool:
    chance = next((c.confidence for c in outcome.plate.candidates if c.text == text), 0.0)
    sure = outcome.plate.confidence >= OTHER_CONFIDENCE and outcome.agreeing >= OTHER_AGREEING
    return sure and chance <= OTHER_CHANCE
