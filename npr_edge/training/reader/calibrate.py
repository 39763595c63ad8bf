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
from npr_edge.read.decode import best_texts, softmax, sureness

_LEAST = 1e-6


LOOK_MARGINS = (0.04, -0.006, 0.077, -0.043)
"""The usual margin, then a tenth closer, a twelfth wider and almost a fifth closer.

Found on the val crops: the surest of these looks is right for 88.8 % where the first alone is for 85.6 %; two looks
give 87.6 %, averaging four 88.0 %.
"""

SURE = 0.8
"""Product of slots from which on a look is final: three quarters of the val crops; 0.9 gave no more."""


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
            "look_margins": list(LOOK_MARGINS),
            "sure": SURE,
            "repeat_slope": round(self.repeated[0], 4),
            "repeat_offset": round(self.repeated[1], 4),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best text of a plate after all its looks: product of its slots, and whether it took several."""

    text: str
    product: float
    repeated: bool


def choose(looks: list[NDArray[np.float32]], temperature: float) -> list[Chosen]:
    """What the reader settles on.

    Args:
        looks: Slot logits (N, SLOTS, CLASSES) of the N plates at each margin, in the order of ``LOOK_MARGINS``.
        temperature: Of the slots.
    """
    return [_choose([softmax(look[index], temperature) for look in looks]) for index in range(len(looks[0]))]


def _choose(looks: list[NDArray[np.float32]]) -> Chosen:
    sure = [sureness(slots) for slots in looks]
    taken = next((count for count, value in enumerate(sure, 1) if value >= SURE), len(looks))
    best = looks[int(np.argmax(sure[:taken]))]
    text, product = best_texts(best, 1)[0]
    return Chosen(text, product, taken > 1)


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
    products = np.array([best.product for best in chosen])
    repeated = np.array([best.repeated for best in chosen])
    curves = [fit_curve(products[part], right[part]) if part.any() else (1.0, 0.0) for part in (~repeated, repeated)]
    return Calibration(temperature, fit_temperature(region, places), curves[0], curves[1])
