"""Which plate of this frame belongs to which track: position, size and text together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from npr_edge.geometry import Quad
from npr_edge.track.motion_model import Motion
from npr_edge.track.text import similarity

MAX_SIZE_RATIO = 2.2
"""A plate does not grow or shrink by more than this from one look to the next."""

SAME_TEXT = 0.7
"""From this similarity on the text alone makes it likely that the plates are one (2 of 7 characters differ)."""

OTHER_TEXT = 0.45
"""Below this similarity two sure texts are two plates, wherever they are."""

SURE = 0.6
"""Confidence from which a text may overrule the position."""

DECIDED = 0.9
DOUBTS = 0.25
"""Against a text as sure as the first, one as sure as the second is enough to tell another plate."""

TEXT_WEIGHT = 1.5
SIZE_WEIGHT = 0.7


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a track when a frame comes.

    Attributes:
        motion: Where it was and how it moved.
        text: Its best text; empty where there is none.
        confidence: How sure that is.
        stale: Whether it was not seen in the last looks: then only its text tells that a plate is it.
    """

    motion: Motion
    text: str
    confidence: float
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A plate of the frame: corners in frame pixels, text and confidence."""

    quad: Quad
    text: str
    confidence: float


def associate(known: Sequence[Known], seen: Sequence[Seen], at_s: float) -> dict[int, int]:
    """Pairs of a track's index and a plate's index, each used at most once, cheapest pairs first.

    Args:
        known: The tracks.
        seen: The plates of the frame.
        at_s: Monotonic time of the frame, seconds.
    """
    pairs = []
    for i, track in enumerate(known):
        for j, plate in enumerate(seen):
            price = cost(track, plate, at_s)
            if price is not None:
                pairs.append((price, i, j))
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in chosen and j not in taken:
            chosen[i] = j
            taken.add(j)
    return chosen


def cost(track: Known, plate: Seen, at_s: float) -> float | None:
    """How badly ``plate`` fits ``track``; None where they cannot be one."""
    ratio = max(plate.quad.width, 1.0) / max(track.motion.quad.width, 1.0)
    if not 1 / MAX_SIZE_RATIO <= ratio <= MAX_SIZE_RATIO:
        return None
    alike = similarity(track.text, plate.text)
    trust = min(track.confidence, plate.confidence)
    gate = track.motion.gate_px(at_s)
    if alike >= SAME_TEXT and len(plate.text) >= 4:
        gate *= 4.0 if alike == 1.0 else 2.0
    elif alike < OTHER_TEXT and (trust >= SURE or _is_decided_otherwise(track, plate)):
        return None
    here, there = plate.quad.hull(), track.motion.forecast(at_s).hull()
    distance = math.dist(here.centre, there.centre)
    overlap = here.iou(there)
    if distance > gate and overlap == 0.0:
        return None
    return distance / gate - overlap + TEXT_WEIGHT * (1.0 - alike) * trust + SIZE_WEIGHT * abs(math.log(ratio))


def _is_decided_otherwise(track: Known, plate: Seen) -> bool:
    return track.confidence >= DECIDED and (track.stale or plate.confidence >= DOUBTS)
