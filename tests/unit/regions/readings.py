"""Builds readings as the reader would give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from npr_edge.domain import ALPHABET, PlateReading, RegionCandidate, TextCandidate

SLOTS = 12
BLANK = len(ALPHABET)


def look(**regions: float) -> tuple[RegionCandidate, ...]:
    """Region head: ``look(gb=0.9, us_ny=0.1)``."""
    ranked = sorted(regions.items(), key=lambda item: -item[1])
    return tuple(RegionCandidate(code.replace("_", "-"), chance) for code, chance in ranked)


def reading(
    text: str,
    doubts: Mapping[int, tuple[str, float]] | None = None,
    regions: Sequence[RegionCandidate] = (),
    rivals: Sequence[tuple[str, float]] = (),
) -> PlateReading:
    """A reading of ``text`` whose slots are sure but for ``doubts``: place -> (other character, its probability)."""
    slots = np.full((SLOTS, BLANK + 1), 1e-6, dtype=np.float32)
    for place in range(SLOTS):
        slots[place, ALPHABET.index(text[place]) if place < len(text) else BLANK] = 1.0
    for place, (other, share) in (doubts or {}).items():
        slots[place, ALPHABET.index(text[place])] = 1.0 - share
        slots[place, ALPHABET.index(other)] = share
    slots /= slots.sum(axis=1, keepdims=True)
    chance = float(np.prod([slots[place, ALPHABET.index(one)] for place, one in enumerate(text)]))
    texts = (TextCandidate(text, chance), *(TextCandidate(rival, share) for rival, share in rivals))
    return PlateReading(texts, tuple(regions), slots)
