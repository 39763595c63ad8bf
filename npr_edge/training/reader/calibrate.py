"""Fit the card's temperature and confidence curve on validation plates, so that confidence means a chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from npr_edge.read.charset import encode
from npr_edge.read.decode import best_texts, softmax

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted parameters; see ``npr_edge.read.decode.ReadParameters``."""

    temperature: float
    region_temperature: float
    slope: float
    offset: float


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
    slots: NDArray[np.float32], region: NDArray[np.float32], texts: list[str], places: NDArray[np.int64]
) -> Calibration:
    """Fit all parameters.

    Args:
        slots: (N, SLOTS, CLASSES) logits of validation plates, as the device computes them.
        region: (N, regions) logits.
        texts: What stands on the plates.
        places: (N,) region classes, -1 unknown.
    """
    codes = np.array([encode(text) for text in texts], dtype=np.int64)
    temperature = fit_temperature(slots.reshape(-1, slots.shape[2]), codes.ravel())
    best = [best_texts(softmax(row, temperature), 1)[0] for row in slots]
    right = np.array([float(text == read) for text, (read, _) in zip(texts, best, strict=True)])
    slope, offset = fit_curve(np.array([product for _, product in best]), right)
    return Calibration(temperature, fit_temperature(region, places), slope, offset)
