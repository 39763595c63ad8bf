"""Figures that every evaluation shares: bootstrap intervals and scores of texts; pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
"""Bootstrap resamples; 1000 settle a 95 % interval to about a tenth of its width (Efron and Tibshirani 1993, 13.3)."""

_EQUAL = str.maketrans("OI", "01")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % percentile bootstrap interval, all 0-1; NaN where there was nothing to count."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if not self.count:
            return "-"
        return f"{100 * self.value:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"


def rate(hits: Sequence[float]) -> Rate:
    """Mean of ``hits`` (one number per plate, 0-1) with its 95 % bootstrap interval, seed fixed."""
    if not hits:
        return Rate(float("nan"), float("nan"), float("nan"), 0)
    values = np.asarray(hits, dtype=np.float64)
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Rate(float(values.mean()), float(low), float(high), len(values))


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance: insertions, deletions and substitutions that turn ``a`` into ``b``."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]


@dataclass(frozen=True, slots=True)
class TextScore:
    """How well one text was read: ``exact`` and ``exact_o0_i1`` 0 or 1, ``characters`` 0-1."""

    exact: float
    exact_o0_i1: float
    characters: float


def score_text(truth: str, text: str) -> TextScore:
    """Compare a read text with the truth.

    ``exact_o0_i1`` counts O as 0 and I as 1 (some sources write one for the other); ``characters`` is
    1 - edit distance / length of the truth, not below 0.
    """
    wrong = edit_distance(truth, text)
    return TextScore(
        exact=float(truth == text),
        exact_o0_i1=float(truth.translate(_EQUAL) == text.translate(_EQUAL)),
        characters=max(0.0, 1 - wrong / max(len(truth), 1)),
    )
