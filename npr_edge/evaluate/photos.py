"""Whole photographs: from pixels to text, the way a user meets the product."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npr_edge.domain import Image, Recognition
from npr_edge.draw import contact_sheet, draw_plate
from npr_edge.errors import ConfigError
from npr_edge.evaluate.statistics import Rate, TextScore, rate, score_text
from npr_edge.geometry import Box, Quad
from npr_edge.ports import Recogniser

MATCH_IOU = 0.5
"""A detected plate is the labelled one from this overlap on (the PASCAL VOC criterion)."""


@dataclass(frozen=True, slots=True)
class LabelledPlate:
    """One plate of one photograph; ``box`` is None where only the text of the photograph is known."""

    photo: Path
    source: str
    text: str
    region: str | None
    box: Box | None


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """A labelled plate and what was read for it (empty when the plate was not found)."""

    plate: LabelledPlate
    read: str
    found: bool
    score: TextScore


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """Outcomes of all labelled plates."""

    outcomes: tuple[PhotoOutcome, ...]

    def rates(self) -> dict[str, Rate]:
        """Overall shares: ``exact``, ``exact_o0_i1``, ``characters``, ``found``."""
        return _rates(self.outcomes)

    def by(self, key: Callable[[LabelledPlate], str]) -> dict[str, dict[str, Rate]]:
        """The same shares, grouped."""
        groups: dict[str, list[PhotoOutcome]] = defaultdict(list)
        for outcome in self.outcomes:
            groups[key(outcome.plate)].append(outcome)
        return {name: _rates(groups[name]) for name in sorted(groups)}

    def to_json(self) -> dict[str, Any]:
        """Fractions 0-1 at the top level, the same under ``by_source`` and ``by_region``."""
        return {
            **_flat(self.rates()),
            "by_source": {name: _flat(rates) for name, rates in self.by(lambda plate: plate.source).items()},
            "by_region": {name: _flat(rates) for name, rates in self.by(lambda plate: plate.region or "").items()},
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows for a terminal: a line per source, then all; percent with 95 % intervals."""
        names = ("exact", "exact_o0_i1", "characters", "found")
        groups = {**self.by(lambda plate: plate.source), "all": self.rates()}
        rows = [
            [group, str(rates["exact"].count), *(str(rates[name]) for name in names)] for group, rates in groups.items()
        ]
        return ["source", "plates", "exact %", "exact O=0 I=1 %", "characters %", "found %"], rows

    def worst(self, count: int = 10) -> list[PhotoOutcome]:
        """The plates read worst, most wrong characters first."""
        wrong = [outcome for outcome in self.outcomes if not outcome.score.exact]
        return sorted(wrong, key=lambda outcome: outcome.score.characters)[:count]


def evaluate_photos(
    recogniser: Recogniser,
    plates: list[LabelledPlate],
    load: Callable[[Path], Image],
    progress: Callable[[Sequence[list[LabelledPlate]]], Iterable[list[LabelledPlate]]] = iter,
) -> PhotoReport:
    """Recognise each photograph once and compare all its labelled plates.

    Args:
        recogniser: The recogniser under test.
        plates: Labelled plates, from ``load_labelled_plates``.
        load: Reads a photograph to (H, W, 3) uint8 BGR.
        progress: Passes the photographs through; may draw a bar.
    """
    photos: dict[Path, list[LabelledPlate]] = defaultdict(list)
    for plate in plates:
        photos[plate.photo].append(plate)
    outcomes = []
    for group in progress(list(photos.values())):
        recognition = recogniser.recognise(load(group[0].photo))
        for plate in group:
            text = _text_for(plate, recognition)
            outcomes.append(PhotoOutcome(plate, text or "", text is not None, score_text(plate.text, text or "")))
    return PhotoReport(tuple(outcomes))


def draw_worst(report: PhotoReport, load: Callable[[Path], Image], count: int = 10) -> Image:
    """A contact sheet of the plates read worst, each photograph with what stands there and what was read.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    tiles = []
    for outcome in report.worst(count):
        image = load(outcome.plate.photo).copy()
        if outcome.plate.box is not None:
            draw_plate(image, Quad.from_box(outcome.plate.box), outcome.plate.text)
        read = outcome.read or ("-" if outcome.found else "not found")
        tiles.append((image, f"{outcome.plate.source}: {outcome.plate.text} read as {read}"))
    return contact_sheet(tiles)


def load_labelled_plates(path: Path, split: str) -> list[LabelledPlate]:
    """The plates with text below ``path``: one source's folder or a folder of them.

    A source holds ``labels.csv`` (``file,text,region,...``: the best plate of the photograph counts) or
    ``annotations.jsonl`` (plates with boxes; those with a text a person is certain of count).

    Raises:
        ConfigError: ``path`` holds neither, or no plate of this split.
    """
    sources = [path] if _is_source(path) else sorted(child for child in path.iterdir() if _is_source(child))
    if not sources:
        raise ConfigError(f"{path}: neither labels.csv nor annotations.jsonl here or one folder below")
    plates = [plate for source in sources for plate in _plates_of(source, split)]
    if not plates:
        raise ConfigError(f"{path}: no plate with a text in split {split!r}")
    return plates


def _is_source(path: Path) -> bool:
    return (path / "labels.csv").is_file() or (path / "annotations.jsonl").is_file()


def _plates_of(source: Path, split: str) -> Iterator[LabelledPlate]:
    if (source / "annotations.jsonl").is_file():
        yield from _annotated(source, split)
        return
    with (source / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            # A folder without the column is of one split; the data folder's photos are all val.
            if row.get("split", split) == split:
                name = row.get("source") or source.name
                yield LabelledPlate(source / "images" / row["file"], name, row["text"], row.get("region") or None, None)


def _annotated(source: Path, split: str) -> Iterator[LabelledPlate]:
    with (source / "annotations.jsonl").open(encoding="utf-8") as file:
        for line in file:
            photo = json.loads(line)
            if photo["split"] != split:
                continue
            for plate in photo["plates"]:
                if not plate.get("text") or plate.get("status", "read") != "read":
                    continue
                box = Box(*plate["box"]) if "box" in plate else _quad_of(plate["quad"]).hull()
                image = source / "images" / photo["file"]
                yield LabelledPlate(image, source.name, plate["text"], plate.get("region"), box)


def _quad_of(corners: list[tuple[float, float]]) -> Quad:
    return Quad(*((float(x), float(y)) for x, y in corners))


def _text_for(plate: LabelledPlate, recognition: Recognition) -> str | None:
    if plate.box is None:
        return recognition.results[0].plate.text if recognition.results else None
    overlaps = [(result.detection.quad.hull().iou(plate.box), result.plate.text) for result in recognition.results]
    best = max(overlaps, default=(0.0, ""))
    return best[1] if best[0] >= MATCH_IOU else None


def _rates(outcomes: tuple[PhotoOutcome, ...] | list[PhotoOutcome]) -> dict[str, Rate]:
    return {
        "exact": rate([outcome.score.exact for outcome in outcomes]),
        "exact_o0_i1": rate([outcome.score.exact_o0_i1 for outcome in outcomes]),
        "characters": rate([outcome.score.characters for outcome in outcomes]),
        "found": rate([float(outcome.found) for outcome in outcomes]),
    }


def _flat(rates: dict[str, Rate]) -> dict[str, Any]:
    counts = next(iter(rates.values())).count
    values: dict[str, Any] = {name: value.value for name, value in rates.items()}
    return {**values, "interval": {name: [value.low, value.high] for name, value in rates.items()}, "count": counts}
