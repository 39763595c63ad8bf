"""From the network's outputs to texts with calibrated chances; pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from npr_edge.domain import RegionCandidate, TextCandidate
from npr_edge.geometry import FloatArray
from npr_edge.read.charset import BLANK, decode

BEAM = 32
"""Paths kept from slot to slot; the eighth best text is found with a quarter of it on all plates tried."""

MOST_TEXTS = 8
MOST_REGIONS = 5
_CHOICES = 6
_LEAST_CHANCE = 1e-6

# A first look that holds it likelier than not that nothing is there needs no second: signs and grilles are many.
_EMPTY = 0.5

# A slot of at least this log probability has no second choice worth a path.
_SURE = float(np.log(0.995))


class Look(BaseModel):
    """One way to look at a plate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    margin: float = Field(gt=-0.3, lt=0.3, description="share of the input left around the plate; negative cuts in")
    outlined: bool = Field(description="at the outline that the first look saw, instead of the detector's corners")


class ReadParameters(BaseModel):
    """What the reader's card says beside the tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alphabet: str = Field(description="characters of classes 0 to n-1; class n is the blank")
    regions: tuple[str, ...] = Field(description="codes in the order of the region output")
    temperature: float = Field(gt=0, description="slot logits are divided by it before the softmax")
    region_temperature: float = Field(gt=0, description="likewise for the region logits")
    confidence_slope: float = Field(gt=0, description="a in sigmoid(a * logit(p) + b): product of slots -> confidence")
    confidence_offset: float = Field(description="b of the same")
    looks: tuple[Look, ...] = Field(
        min_length=1, description="looks at a plate, in their order; the first at the corners"
    )
    outline_grid: tuple[int, int] = Field(description="rows and columns of the outline output's maps")
    sure: float = Field(ge=0, le=1, description="product of slots from which on the first look is the only one")
    enough: float = Field(
        gt=0, description="sum of the products of looks at one text from which on no further is taken"
    )
    repeat_slope: float = Field(gt=0, description="like confidence_slope, for the support of several looks")
    repeat_offset: float = Field(description="like confidence_offset, for the support of several looks")


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    scaled = logits / np.float32(temperature)
    chances = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True), dtype=np.float32)


def sureness(slots: NDArray[np.float32]) -> float:
    """Product of the likeliest class of each slot, 0-1."""
    return float(np.prod(slots.max(axis=1).astype(np.float64)))


class LookVote:
    """What several looks at one plate say: the text whose looks are the surest in sum.

    Looks that show the plate differently err differently; on the val crops the sum is right for 91.2 % where the
    surest single look is for 90.7 %.
    """

    def __init__(self, sure: float, enough: float) -> None:
        """``sure`` and ``enough`` are those of ``ReadParameters``."""
        self._sure = sure
        self._enough = enough
        self._looks: list[tuple[str, float]] = []
        self._sums: dict[str, float] = {}

    def add(self, slots: NDArray[np.float32]) -> bool:
        """Count the (SLOTS, CLASSES) probabilities of the next look; returns whether no further one is needed."""
        text, value = decode(slots.argmax(axis=1).tolist()), sureness(slots)
        self._looks.append((text, value))
        self._sums[text] = self._sums.get(text, 0.0) + value
        if len(self._looks) == 1:
            return self._sums[text] >= self._sure or bool(slots[0, BLANK] >= _EMPTY)
        return self._sums[text] >= self._enough

    @property
    def text(self) -> str:
        """The text of the vote."""
        return max(self._sums, key=lambda text: self._sums[text])

    @property
    def support(self) -> float:
        """Sum of the text's looks over the number of all looks, 0-1; the product of the slots after one look."""
        return self._sums[self.text] / len(self._looks)

    @property
    def taken(self) -> int:
        """Number of looks."""
        return len(self._looks)

    @property
    def best(self) -> int:
        """Place of the surest look at the text of the vote."""
        text = self.text
        return max(range(self.taken), key=lambda place: (self._looks[place][0] == text, self._looks[place][1]))


def outline_corners(logits: NDArray[np.float32], grid: tuple[int, int]) -> FloatArray:
    """Where the plate's corners are within the reader's input.

    Each map's expected place (a soft argmax: the mean of the cells' centres, weighted by the softmax).

    Args:
        logits: (4, rows * columns), a map per corner TL TR BR BL.
        grid: Rows and columns of the maps.

    Returns:
        (4, 2) float64 x y, 0-1 of the input's width and height.
    """
    rows, columns = grid
    chances = softmax(logits, 1.0).astype(np.float64).reshape(-1, rows, columns)
    across = chances.sum(axis=1) @ ((np.arange(columns) + 0.5) / columns)
    down = chances.sum(axis=2) @ ((np.arange(rows) + 0.5) / rows)
    return np.column_stack([across, down])


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
