"""How well plate crops are read: exact match, characters, and whether the confidence tells the truth."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npr_edge.domain import Image
from npr_edge.draw import contact_sheet
from npr_edge.errors import ConfigError
from npr_edge.evaluate.statistics import Rate, TextScore, rate, score_text
from npr_edge.ports import Reader
from npr_edge.read.preprocess import whole

LABELS = "labels.csv"

BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Borders of the reliability table; finer where the readings crowd."""

_MEASURES = ("exact", "exact_o0_i1", "characters")


@dataclass(frozen=True, slots=True)
class LabelledCrop:
    """A plate crop and what stands on it; region None where the label does not say."""

    path: Path
    source: str
    text: str
    region: str | None


@dataclass(frozen=True, slots=True)
class CropOutcome:
    """What was read on a crop, how sure the reader was, and how right it was."""

    crop: LabelledCrop
    read: str
    confidence: float
    score: TextScore


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """Readings whose confidence lies in [low, high): how many, their mean confidence, their share of right texts."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class ReadReport:
    """Outcomes of all crops."""

    outcomes: tuple[CropOutcome, ...]

    def rates(self) -> dict[str, Rate]:
        """Overall shares: ``exact``, ``exact_o0_i1``, ``characters``."""
        return _rates(self.outcomes)

    def by(self, key: Callable[[LabelledCrop], str]) -> dict[str, dict[str, Rate]]:
        """The same shares, grouped."""
        groups: dict[str, list[CropOutcome]] = defaultdict(list)
        for outcome in self.outcomes:
            groups[key(outcome.crop)].append(outcome)
        return {name: _rates(groups[name]) for name in sorted(groups)}

    def reliability(self) -> list[ReliabilityRow]:
        """The reliability table over ``BINS``; bins without a reading are left out."""
        return reliability([o.confidence for o in self.outcomes], [o.score.exact for o in self.outcomes])

    def calibration_error(self) -> float:
        """Expected calibration error over ``BINS``, 0-1 (Guo et al. 2017, equation 3)."""
        return calibration_error(self.reliability())

    def to_json(self) -> dict[str, Any]:
        """Fractions 0-1 at the top level, the same under ``by_source`` and ``by_region``, and the reliability."""
        return {
            **_flat(self.rates()),
            "by_source": {name: _flat(rates) for name, rates in self.by(lambda crop: crop.source).items()},
            "by_region": {name: _flat(rates) for name, rates in self.by(lambda crop: crop.region or "").items()},
            "calibration_error": self.calibration_error(),
            "reliability": [
                {"low": r.low, "high": r.high, "count": r.count, "confidence": r.confidence, "right": r.right}
                for r in self.reliability()
            ],
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows for a terminal: a line per source, then all; percent with 95 % intervals."""
        groups = {**self.by(lambda crop: crop.source), "all": self.rates()}
        rows = [[name, str(r["exact"].count), *(str(r[m]) for m in _MEASURES)] for name, r in groups.items()]
        return ["source", "crops", "exact %", "exact O=0 I=1 %", "characters %"], rows

    def worst(self, count: int = 10) -> list[CropOutcome]:
        """The crops read worst: most wrong characters first, among equals the surest first."""
        wrong = [outcome for outcome in self.outcomes if not outcome.score.exact]
        return sorted(wrong, key=lambda outcome: (outcome.score.characters, -outcome.confidence))[:count]


def evaluate_read(
    reader: Reader,
    path: Path,
    split: str,
    *,
    load: Callable[[Path], Image],
    progress: Callable[[Sequence[LabelledCrop]], Iterable[LabelledCrop]] = iter,
) -> ReadReport:
    """Read every crop of a split, each taken whole, and compare with its label.

    Args:
        reader: The reader under test.
        path: One source's folder or a folder of them; see ``load_labelled_crops``.
        split: ``train``, ``val`` or ``test``.
        load: Reads a picture to (H, W, 3) uint8 BGR.
        progress: Passes the crops through; may draw a bar.

    Raises:
        ConfigError: ``path`` holds no crop of this split.
    """
    outcomes = []
    for crop in progress(load_labelled_crops(path, split)):
        image = load(crop.path)
        reading = reader.read(image, whole(image))
        outcomes.append(CropOutcome(crop, reading.text, reading.confidence, score_text(crop.text, reading.text)))
    return ReadReport(tuple(outcomes))


def load_labelled_crops(path: Path, split: str) -> list[LabelledCrop]:
    """The crops below ``path``: one source's folder (``images/`` and ``labels.csv``) or a folder of them.

    ``labels.csv`` has ``file,text`` and may have ``region`` and ``split``; without ``split`` all rows count.

    Raises:
        ConfigError: ``path`` holds no ``labels.csv``, one lacks a column, or no crop is of this split.
    """
    sources = [path] if (path / LABELS).is_file() else sorted(p.parent for p in path.glob(f"*/{LABELS}"))
    if not sources:
        raise ConfigError(f"{path}: no {LABELS} here or one folder below")
    crops = [crop for source in sources for crop in _crops_of(source, split)]
    if not crops:
        raise ConfigError(f"{path}: no crop in split {split!r}")
    return crops


def _crops_of(source: Path, split: str) -> list[LabelledCrop]:
    with (source / LABELS).open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = {"file", "text"} - set(rows.fieldnames or ())
        if missing:
            raise ConfigError(f"{source / LABELS}: no column {', '.join(sorted(missing))}")
        return [
            LabelledCrop(source / "images" / row["file"], source.name, row["text"], row.get("region") or None)
            for row in rows
            if row.get("split", split) == split
        ]


def reliability(confidences: Sequence[float], right: Sequence[float]) -> list[ReliabilityRow]:
    """Compare confidence with truth, bin by bin of ``BINS``; 1.0 belongs to the last bin."""
    told, true = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    places = np.clip(np.searchsorted(BINS, told, side="right") - 1, 0, len(BINS) - 2)
    rows = []
    for place, (low, high) in enumerate(itertools.pairwise(BINS)):
        inside = places == place
        if inside.any():
            count = int(inside.sum())
            rows.append(ReliabilityRow(low, high, count, float(told[inside].mean()), float(true[inside].mean())))
    return rows


def calibration_error(rows: Sequence[ReliabilityRow]) -> float:
    """Mean distance of confidence and truth over the bins, weighted by their readings; 0 without readings."""
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.confidence - row.right) for row in rows) / max(total, 1)


def draw_worst(report: ReadReport, load: Callable[[Path], Image], count: int = 10) -> Image:
    """A contact sheet of the crops read worst, each with what stands there and what was read.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    tiles = [
        (load(outcome.crop.path), f"{outcome.crop.source}: {outcome.crop.text} read as {outcome.read or '-'}")
        for outcome in report.worst(count)
    ]
    return contact_sheet(tiles)


def _rates(outcomes: Sequence[CropOutcome]) -> dict[str, Rate]:
    return {
        "exact": rate([outcome.score.exact for outcome in outcomes]),
        "exact_o0_i1": rate([outcome.score.exact_o0_i1 for outcome in outcomes]),
        "characters": rate([outcome.score.characters for outcome in outcomes]),
    }


def _flat(rates: dict[str, Rate]) -> dict[str, Any]:
    values: dict[str, Any] = {name: value.value for name, value in rates.items()}
    interval = {name: [value.low, value.high] for name, value in rates.items()}
    return {**values, "interval": interval, "count": rates["exact"].count}
