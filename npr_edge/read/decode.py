"""From the network's outputs to texts with calibrated chances; pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from npr_edge.domain import RegionCandidate, TextCandidate
from npr_edge.read.charset import decode

BEAM = 32
"""Paths kept from slot to slot; the eighth best text is found with a quarter of it on all plates tried."""

MOST_TEXTS = 8
MOST_REGIONS = 5
_CHOICES = 6
_LEAST_CHANCE = 1e-6

# A slot of at least this log probability has no second choice worth a path.
_SURE = float(np.log(0.995))


class ReadParameters(BaseModel):
    """What the reader's card says beside the tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alphabet: str = Field(description="characters of classes 0 to n-1; class n is the blank")
    regions: tuple[str, ...] = Field(description="codes in the order of the region output")
    temperature: float = Field(gt=0, description="slot logits are divided by it before the softmax")
    region_temperature: float = Field(gt=0, description="likewise for the region logits")
    confidence_slope: float = Field(gt=0, description="a in sigmoid(a * logit(p) + b): product of slots -> confidence")
    confidence_offset: float = Field(description="b of the same")
    look_margins: tuple[float, ...] = Field(min_length=1, description="margin of each look at a plate, in their order")
    sure: float = Field(ge=0, le=1, description="product of slots from which on no further look is taken")
    repeat_slope: float = Field(gt=0, description="like confidence_slope, for plates that took several looks")
    repeat_offset: float = Field(description="like confidence_offset, for plates that took several looks")


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    scaled = logits / np.float32(temperature)
    chances = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True), dtype=np.float32)


def sureness(slots: NDArray[np.float32]) -> float:
    """Product of the likeliest class of each slot, 0-1."""
    return float(np.prod(slots.max(axis=1).astype(np.float64)))


def best_texts(slots: NDArray[np.float32], most: int = MOST_TEXTS) -> list[tuple[str, float]]:
    """The likeliest texts of slots taken as independent, by a beam over the slots.

    Paths that differ only in where their blanks stand spell the same text; their chances add up.

    Args:
        slots: (SLOTS, CLASSES) probabilities.
        most: Number of texts at most.

    Returns:
        Texts with the product of their slots' probabilities, likeliest first.
    """
    logs = np.log(np.maximum(slots.astype(np.float64), _LEAST_CHANCE))
    best = logs.argmax(axis=1)
    tops = logs[np.arange(len(logs)), best]
    # Most slots are sure: only the others branch, which keeps a plate at a tenth of a millisecond.
    open_slots = np.flatnonzero(tops < _SURE)
    scores, paths = np.array([tops.sum() - tops[open_slots].sum()]), best[None]
    for slot in open_slots:
        options = np.argsort(-logs[slot])[:_CHOICES]
        longer = scores[:, None] + logs[slot, options]
        kept = np.argsort(-longer, axis=None, kind="stable")[:BEAM]
        before, option = np.divmod(kept, len(options))
        scores, paths = longer.ravel()[kept], paths[before]
        paths[:, slot] = options[option]
    texts: dict[str, float] = {}
    for score, path in zip(scores, paths.tolist(), strict=True):
        text = decode(path)
        texts[text] = texts.get(text, 0.0) + float(np.exp(score))
    return sorted(texts.items(), key=lambda item: -item[1])[:most]


def calibrated(texts: list[tuple[str, float]], slope: float, offset: float) -> tuple[TextCandidate, ...]:
    """Give texts the chance that they are right.

    The best one's chance is ``sigmoid(slope * logit(p) + offset)``, fitted on validation plates; the others share
    the rest in proportion, and none gets more than the best.

    Args:
        texts: Texts with the product of their slots' probabilities, likeliest first, at least one.
        slope: ``confidence_slope`` of the card.
        offset: ``confidence_offset`` of the card.
    """
    first, raw = texts[0]
    clipped = min(max(raw, _LEAST_CHANCE), 1 - _LEAST_CHANCE)
    best = 1 / (1 + float(np.exp(-(slope * np.log(clipped / (1 - clipped)) + offset))))
    share = (1 - best) / (1 - clipped)
    others = [TextCandidate(text, min(best, chance * share)) for text, chance in texts[1:]]
    return (TextCandidate(first, best), *others)


def best_regions(
    logits: NDArray[np.float32], codes: tuple[str, ...], temperature: float, most: int = MOST_REGIONS
) -> tuple[RegionCandidate, ...]:
    """The likeliest regions by the look of the plate, best first."""
    chances = softmax(logits, temperature)
    order = np.argsort(-chances)[:most]
    return tuple(RegionCandidate(codes[index], float(chances[index])) for index in order)
