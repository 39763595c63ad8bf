"""Output tensors -> plates in input pixels; pure numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from npr_edge.geometry import FloatArray
from npr_edge.tflite import TensorCard

# More cells than this in one picture are noise; the best are kept so that NMS stays quick.
MOST_CANDIDATES = 200


class LevelParameters(BaseModel):
    """One output grid, from the model card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stride: int = Field(gt=0, description="input pixels per cell")
    reach: float = Field(gt=0, description="pixels per unit of a corner output")
    score: str = Field(description="name of the score tensor (1, H, W, 1)")
    corners: str = Field(description="name of the corner tensor (1, H, W, 8): x y of TL TR BR BL")


class DecodeParameters(BaseModel):
    """How the detector's outputs become plates, from the model card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: tuple[LevelParameters, ...] = Field(min_length=1)
    score_middle: float = Field(description="score output that means a chance of one half")
    score_slope: float = Field(gt=0, description="logit = score_slope * (output - score_middle)")
    corner_middle: float = Field(description="corner output that means the cell's centre")
    score_threshold: float = Field(gt=0, lt=1, description="plates below this chance are not reported")
    nms_iou: float = Field(gt=0, lt=1, description="of two plates that overlap more, the better stays")
    merge_iou: float = Field(gt=0, le=1, description="cells that agree this well are averaged into one plate")


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Plates before or after NMS: corners (N, 4, 2) float64 in input pixels and scores (N,) 0-1."""

    quads: FloatArray
    scores: FloatArray


def decode(
    tensors: Mapping[str, NDArray[Any]],
    cards: Mapping[str, TensorCard],
    parameters: DecodeParameters,
    threshold: float | None = None,
) -> Candidates:
    """Plates of one picture, best first.

    Args:
        tensors: Stored outputs by name.
        cards: Their cards, for scale and zero point.
        parameters: From the model card.
        threshold: Least score 0-1, when not the card's.
    """
    least = parameters.score_threshold if threshold is None else threshold
    raw_least = parameters.score_middle + math.log(least / (1 - least)) / parameters.score_slope
    quads, scores = [], []
    for level in parameters.levels:
        score = tensors[level.score][0, :, :, 0]
        # compared as stored: almost all cells fall here, and nothing is converted for them
        rows, columns = np.nonzero(score >= cards[level.score].stored(raw_least))
        if not len(rows):
            continue
        values = cards[level.corners].real(tensors[level.corners][0, rows, columns])
        centres = np.stack([columns + 0.5, rows + 0.5], axis=1) * level.stride
        offsets = (values.reshape(-1, 4, 2).astype(np.float64) - parameters.corner_middle) * level.reach
        quads.append(centres[:, None, :] + offsets)
        scores.append(cards[level.score].real(score[rows, columns]).astype(np.float64))
    if not scores:
        return Candidates(np.empty((0, 4, 2)), np.empty(0))
    logits = parameters.score_slope * (np.concatenate(scores) - parameters.score_middle)
    found = Candidates(np.concatenate(quads), 1 / (1 + np.exp(-logits)))
    return merge(found, parameters.nms_iou, parameters.merge_iou)


def hulls(quads: FloatArray) -> FloatArray:
    """Upright boxes (N, 4) x0 y0 x1 y1 around corners (N, 4, 2)."""
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def pairwise_iou(boxes: FloatArray) -> FloatArray:
    """Intersection over union of every pair of boxes (N, 4) x0 y0 x1 y1; (N, N)."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    union = areas[:, None] + areas[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def merge(found: Candidates, nms_iou: float, merge_iou: float) -> Candidates:
    """Greedy NMS on hulls; a kept plate is the score-weighted mean of the cells that agree with it.

    Several cells around a plate's middle each name its corners; their errors differ, so the mean is nearer.

    Args:
        found: All cells above the threshold.
        nms_iou: Cells that overlap a kept one more than this fall away.
        merge_iou: Those that overlap it at least this much count in its mean.

    Returns:
        The kept plates, best first.
    """
    order = np.argsort(-found.scores, kind="stable")[:MOST_CANDIDATES]
    quads, scores = found.quads[order], found.scores[order]
    overlap = pairwise_iou(hulls(quads))
    alive = np.ones(len(order), dtype=bool)
    kept: list[int] = []
    merged: list[FloatArray] = []
    for index in range(len(order)):
        if not alive[index]:
            continue
        agree = alive & (overlap[index] >= merge_iou)
        agree[index] = True
        weights = scores[agree] ** 2
        merged.append((quads[agree] * weights[:, None, None]).sum(axis=0) / weights.sum())
        kept.append(index)
        alive &= overlap[index] <= nms_iou
        alive[index] = False
    return Candidates(_stack(merged), scores[kept])


def _stack(quads: Sequence[FloatArray]) -> FloatArray:
    return np.stack(quads) if quads else np.empty((0, 4, 2))
