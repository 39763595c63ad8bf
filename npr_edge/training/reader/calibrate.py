"""Fit the card's temperature and confidence curve on validation plates, so that confidence means a chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from npr_edge.read.charset import encode
from npr_edge.read.decode import LookVote, softmax
from npr_edge.training.reader.looks import LOOKS
from npr_edge.training.reader.network import GRID

_LEAST = 1e-6


SURE, ENOUGH = 0.9, 1.4
"""See ``LookVote``. Two thirds of the val crops take one look, the others 3.5 on the average; 0.8 and 1.2 read 0.4
points less."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted parameters; see ``npr_edge.read.decode.ReadParameters``."""

    temperature: float
    region_temperature: float
    once: tuple[float, float]
    repeated: tuple[float, float]

    def parameters(self) -> dict[str, Any]:
        """As the card has them."""
        return {
            "temperature": round(self.temperature, 4),
            "region_temperature": round(self.region_temperature, 4),
            "confidence_slope": round(self.once[0], 4),
            "confidence_offset": round(self.once[1], 4),
            "looks": [look.model_dump() for look in LOOKS],
            "outline_grid": list(GRID),
            "sure": SURE,
            "enough": ENOUGH,
            "repeat_slope": round(self.repeated[0], 4),
            "repeat_offset": round(self.repeated[1], 4),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """The text of a plate after all its looks, with its support; see ``LookVote``."""

    text: str
    support: float
    taken: int

    @property
    def repeated(self) -> bool:
        """Whether it took more than one look."""
        return self.taken > 1


def choose(looks: list[NDArray[np.float32]], temperature: float) -> list[Chosen]:
    """What the reader settles on.

    Args:
        looks: Slot logits (N, SLOTS, CLASSES) of the N plates at each look, in the order of ``LOOKS``.
        temperature: Of the slots.
    """
    return [_choose([softmax(look[index], temperature) for look in looks]) for index in range(len(looks[0]))]


def _choose(looks: list[NDArray[np.float32]]) -> Chosen:
    vote = LookVote(SURE, ENOUGH)
    for slots in looks:
        if vote.add(slots):
            break
    return Chosen(vote.text, vote.support, vote.taken)


def fit_temperature(logits: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """The temperature of least cross-entropy (Guo et al. 2017), by golden section on its logarithm.

    Args:
        logits: (N, C).
        classes: (N,), -1 where the class is not known.
    """
    known = classes >= 0
    if not known.any():
        return 1.0
    values, truth = torch.as_tensor(logits[known]), torch.as_tensor(classes[known])

    def cost(log_temperature: float) -> float:
        return float(functional.cross_entropy(values / float(np.exp(log_temperature)), truth))

    low, high = float(np.log(0.2)), float(np.log(5.0))
    ratio = (5**0.5 - 1) / 2
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if cost(left) < cost(right) else (left, high)
    return float(np.exp((low + high) / 2))


def fit_curve(products: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of ``sigmoid(slope * logit(product) + offset)`` by logistic regression (Platt scaling).

    A weak pull towards slope 1 and offset 0 keeps the fit tame where nearly all plates are read right.
    """
    clipped = np.clip(products, _LEAST, 1 - _LEAST)
    inputs = torch.as_tensor(np.log(clipped / (1 - clipped)))
    truth = torch.as_tensor(right)
    parameters = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        fit = functional.binary_cross_entropy_with_logits(parameters[0] * inputs + parameters[1], truth)
        loss = fit + 1e-3 * ((parameters[0] - 1) ** 2 + parameters[1] ** 2)
        loss.backward()
        return loss

    solver.step(closure)
    slope, offset = parameters.tolist()
    return max(slope, 0.05), offset


def calibrate(
    looks: list[NDArray[np.float32]], region: NDArray[np.float32], texts: list[str], places: NDArray[np.int64]
) -> Calibration:
    """Fit all parameters.

    Args:
        looks: Slot logits of validation plates, as the device computes them; see ``choose``.
        region: (N, regions) logits of the first look.
        texts: What stands on the plates.
        places: (N,) region classes, -1 unknown.
    """
    codes = np.array([encode(text) for text in texts], dtype=np.int64)
    temperature = fit_temperature(looks[0].reshape(-1, looks[0].shape[2]), codes.ravel())
    chosen = choose(looks, temperature)
    right = np.array([float(text == best.text) for text, best in zip(texts, chosen, strict=True)])
    supports = np.array([best.support for best in chosen])
    repeated = np.array([best.repeated for best in chosen])
    curves = [fit_curve(supports[part], right[part]) if part.any() else (1.0, 0.0) for part in (~repeated, repeated)]
    return Calibration(temperature, fit_temperature(region, places), curves[0], curves[1])
