"""Targets on the grids and the loss: quality focal loss for scores, smooth L1 and GIoU for corners and hulls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from npr_edge.training.detector.network import LEVELS, LOGIT_SCALE, Level
from npr_edge.training.detector.samples import Sample

# A label's cells: those within this share of the hull's half size around its middle, at least
# this share of a cell; half as far again around them nothing is judged.
CORE = 0.4
CORE_CELLS = 0.6

# Where plates may be unlabelled, cells more certain than this away from labels are left alone.
DOUBT = 0.35


def assign(sample: Sample, level: Level) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Which plate each cell of a level learns.

    Returns:
        (H, W) index of the plate or -1, and (H, W) weight of the cell's score (0: not judged).
    """
    height, width = (side // level.stride for side in sample.image.shape[:2])
    owner = np.full((height, width), -1, np.int64)
    weight = np.ones((height, width), np.float32)
    nearest = np.full((height, width), np.inf, np.float32)
    xs = (np.arange(width, dtype=np.float32) + 0.5) * level.stride
    ys = (np.arange(height, dtype=np.float32) + 0.5) * level.stride
    for x0, y0, x1, y1 in sample.ignore:
        weight[np.ix_((ys > y0) & (ys < y1), (xs > x0) & (xs < x1))] = 0
        weight[
            int(np.clip((y0 + y1) / 2 // level.stride, 0, height - 1)),
            int(np.clip((x0 + x1) / 2 // level.stride, 0, width - 1)),
        ] = 0
    low, high = level.widths
    for index, quad in enumerate(sample.quads):
        size = quad.max(axis=0) - quad.min(axis=0)
        if not low * 0.75 <= size[0] <= high * 1.33:
            continue
        middle = (quad.max(axis=0) + quad.min(axis=0)) / 2
        core = np.maximum(CORE * size / 2, CORE_CELLS * level.stride)
        away = np.maximum(np.abs(xs - middle[0])[None, :] / core[0], np.abs(ys - middle[1])[:, None] / core[1])
        ring = away <= 1.5
        if not low <= size[0] <= high:
            weight[(away <= 1.0) & (owner < 0)] = 0
            continue
        weight[ring & (owner < 0)] = 0
        mine = (away <= 1.0) & (away < nearest)
        owner[mine], weight[mine], nearest[mine] = index, 1, away[mine]
    return owner, weight


def detector_loss(
    outputs: Sequence[tuple[Tensor, Tensor]], samples: Sequence[Sample], doubt: bool
) -> dict[str, Tensor]:
    """Losses of one batch.

    Args:
        outputs: Raw score and corners per level, as ``DetectorNet`` gives them.
        samples: The batch.
        doubt: Leave confident cells alone where plates may be unlabelled (not in the first steps).

    Returns:
        ``total`` and its parts ``score``, ``corner``, ``hull``, ``shape``.
    """
    score_sum = outputs[0][0].new_zeros(())
    gathered: list[tuple[Tensor, Tensor, Tensor]] = []  # predicted corners, true corners, exact
    incomplete = torch.tensor([s.incomplete for s in samples])[:, None, None]
    for level, (score, corners) in zip(LEVELS, outputs, strict=True):
        owners, weights = map(np.stack, zip(*(assign(s, level) for s in samples), strict=True))
        where = torch.from_numpy(np.argwhere(owners >= 0))
        predicted, truth, exact = _corners_at(corners, where, samples, owners, level)
        gathered.append((predicted, truth, exact))
        logits = LOGIT_SCALE * (score[:, 0] - 3.0)
        target = torch.zeros_like(logits)
        if len(where):
            quality = hull_iou(hull(predicted.detach()), hull(truth))[0]
            target[where[:, 0], where[:, 1], where[:, 2]] = 0.5 + 0.5 * quality
        weight = torch.from_numpy(weights)
        chance = torch.sigmoid(logits.detach())
        if doubt:
            weight = torch.where(incomplete & (target == 0) & (chance > DOUBT), 0.0, weight)
        focal = (target - chance).abs().square() * functional.binary_cross_entropy_with_logits(
            logits, target, reduction="none"
        )
        score_sum = score_sum + (focal * weight).sum()
    predicted, truth, exact = (torch.cat(part) for part in zip(*gathered, strict=True))
    count = max(len(predicted), 4)
    corner, hulls, shape = _geometry_losses(predicted, truth, exact)
    parts = {
        "score": score_sum / count,
        "corner": corner.sum() / count,
        "hull": hulls.sum() / count,
        "shape": shape.sum() / count,
    }
    parts["total"] = parts["score"] * 2.0 + parts["corner"] * 1.5 + parts["hull"] + parts["shape"] * 0.2
    return parts


def _corners_at(
    corners: Tensor, where: Tensor, samples: Sequence[Sample], owners: NDArray[np.int64], level: Level
) -> tuple[Tensor, Tensor, Tensor]:
    """Predicted and true corners (N, 4, 2) in pixels at the cells ``where`` (N, 3), and whether they are exact."""
    if not len(where):
        empty = corners.new_zeros((0, 4, 2))
        return empty + corners.sum() * 0, empty, torch.zeros(0, dtype=torch.bool)
    picture, row, column = where.unbind(1)
    centre = torch.stack([column, row], dim=1).float().add(0.5).mul(level.stride)
    raw = corners[picture, :, row, column].reshape(-1, 4, 2)
    truth = [samples[b].quads[owners[b, r, c]] for b, r, c in where.tolist()]
    exact = [samples[b].exact[owners[b, r, c]] for b, r, c in where.tolist()]
    return centre[:, None] + (raw - 3.0) * level.reach, torch.from_numpy(np.stack(truth)), torch.tensor(exact)


def hull(quads: Tensor) -> Tensor:
    """(N, 4, 2) corners TL TR BR BL to boxes (N, 4) x0 y0 x1 y1, each side from the two corners that belong to it."""
    return torch.stack(
        [
            torch.minimum(quads[:, 0, 0], quads[:, 3, 0]),
            torch.minimum(quads[:, 0, 1], quads[:, 1, 1]),
            torch.maximum(quads[:, 1, 0], quads[:, 2, 0]),
            torch.maximum(quads[:, 2, 1], quads[:, 3, 1]),
        ],
        dim=1,
    )


def hull_iou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and GIoU (Rezatofighi et al. 2019) of boxes (N, 4), row by row."""
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1) + (b[:, 2:] - b[:, :2]).clamp(min=0).prod(dim=1) - inner
    outer = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    iou = inner / union.clamp(min=1e-6)
    return iou, iou - (outer - union) / outer.clamp(min=1e-6)


def _geometry_losses(predicted: Tensor, truth: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Per plate: corner (or hull edge) distance in plate heights, 1 - GIoU, distance from a parallelogram."""
    boxes, true_boxes = hull(predicted), hull(truth)
    # a slanted plate's own height, not its hull's
    height = 0.5 * ((truth[:, 3] - truth[:, 0]).norm(dim=1) + (truth[:, 2] - truth[:, 1]).norm(dim=1))
    unit = torch.maximum(height, 0.15 * (truth[:, 1] - truth[:, 0]).norm(dim=1)).clamp(min=3.0)[:, None]
    off = torch.where(exact[:, None], (predicted - truth).flatten(1) / unit, 0.0)
    corner = functional.smooth_l1_loss(off, torch.zeros_like(off), beta=0.1, reduction="none").sum(dim=1) / 8
    edges = (boxes - true_boxes) / unit
    edge = functional.smooth_l1_loss(edges, torch.zeros_like(edges), beta=0.1, reduction="none").sum(dim=1) / 4
    bend = (predicted[:, 0] + predicted[:, 2] - predicted[:, 1] - predicted[:, 3]) / unit
    shape = torch.where(exact, 0.0, bend.abs().sum(dim=1))
    return corner + torch.where(exact, 0.0, edge), 1 - hull_iou(boxes, true_boxes)[1], shape
