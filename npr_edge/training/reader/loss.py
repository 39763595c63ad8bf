"""What the reader is trained on: slots, region, and where each slot and token should look."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from npr_edge.read.charset import ALPHABET, BLANK, CLASSES, SLOTS
from npr_edge.training.reader.data import Batch
from npr_edge.training.reader.network import GRID, TOKENS, Outputs

_SMOOTHING = 0.02
_SPREAD = 0.6
_TWINS = (("0", "O"), ("1", "I"))

_UNREAD_WEIGHT = 3.0
"""Of a plate whose text is not known: it teaches only that the first slot is not empty."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """Weights beside the text: attention towards drawn centres, characters of tokens, region, the plate's corners."""

    attention: float
    cells: float
    region: float
    outline: float


def loss_of(outputs: Outputs, batch: Batch, guidance: Guidance) -> Tensor:
    """Scalar loss of one batch."""
    total = _text(outputs.slots, batch) + guidance.region * _region(outputs.region, batch)
    total = total + guidance.outline * _outline(outputs.outline, batch.corners)
    known = ~torch.isnan(batch.centres[..., 0])
    if guidance.attention > 0 and bool(known.any()):
        rows, slots = known.nonzero(as_tuple=True)
        centres = batch.centres[rows, slots]
        total = total + guidance.attention * _attention(outputs.attention[rows, slots], centres)
        total = total + guidance.cells * _cells(outputs.cells, rows, centres, batch.codes[rows, slots])
    return total


def _text(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the slots, each crop weighted by the trust in its label; unread plates must not seem empty."""
    chances = functional.log_softmax(logits.float(), dim=2)
    picked = _merged(chances, batch.loose).gather(2, batch.codes[..., None])[..., 0]
    smooth = chances.mean(dim=2)
    each = -((1 - _SMOOTHING) * picked + _SMOOTHING * smooth).sum(dim=1) / SLOTS
    something = -torch.log1p(-chances[:, 0, BLANK].exp().clamp(max=1 - 1e-6)) / SLOTS
    total = (each * batch.weight).sum() + _UNREAD_WEIGHT * something[batch.unread].sum()
    return total / batch.weight.sum()


def _merged(chances: Tensor, loose: Tensor) -> Tensor:
    """Log probabilities where, for loose crops, each of two twins has the sum of both."""
    if not bool(loose.any()):
        return chances
    merged = chances.clone()
    for digit, letter in _TWINS:
        pair = [ALPHABET.index(digit), ALPHABET.index(letter)]
        both = chances[..., pair].logsumexp(dim=-1, keepdim=True)
        merged[..., pair] = torch.where(loose[:, None, None], both, chances[..., pair])
    return merged


def _region(logits: Tensor, batch: Batch) -> Tensor:
    if not bool((batch.region >= 0).any()):
        return logits.sum() * 0
    return functional.cross_entropy(logits.float(), batch.region, ignore_index=-1)


def _outline(logits: Tensor, corners: Tensor) -> Tensor:
    """Distance of expected corners from true ones, in tokens, where those are known; maps are drawn to a point too."""
    known = ~torch.isnan(corners[:, 0, 0])
    if not bool(known.any()):
        return logits.sum() * 0
    maps, truth = logits[known].flatten(0, 1), corners[known].flatten(0, 1)
    limits = truth.new_tensor([GRID[1] - 1, GRID[0] - 1])
    truth = torch.minimum(truth.clamp(min=0), limits)
    spots = torch.stack([torch.arange(TOKENS) % GRID[1], torch.arange(TOKENS) // GRID[1]], dim=1).to(truth)
    expected = maps.float().softmax(dim=1) @ spots
    return functional.smooth_l1_loss(expected, truth, beta=0.25) + 0.1 * _attention(maps, truth)


def _attention(logits: Tensor, centres: Tensor) -> Tensor:
    """Cross-entropy of attention maps (K, TOKENS) against small Gaussians around the centres (K, 2)."""
    rows, columns = GRID
    across = torch.exp(-((torch.arange(columns) - centres[:, :1]) ** 2) / (2 * _SPREAD**2))
    down = torch.exp(-((torch.arange(rows) - centres[:, 1:]) ** 2) / (2 * (1.5 * _SPREAD) ** 2))
    target = (down[:, :, None] * across[:, None, :]).flatten(1)
    target = target / target.sum(dim=1, keepdim=True).clamp_min(1e-6)
    return -(target * functional.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()


def _cells(logits: Tensor, crops: Tensor, centres: Tensor, codes: Tensor) -> Tensor:
    """Cross-entropy of the character under the token nearest to each centre."""
    columns = centres[:, 0].round().long().clamp(0, GRID[1] - 1)
    rows = centres[:, 1].round().long().clamp(0, GRID[0] - 1)
    picked = logits[crops, :, rows, columns]
    assert picked.shape[1] == CLASSES
    return functional.cross_entropy(picked.float(), codes)
