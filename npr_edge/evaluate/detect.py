"""How well the detector finds plates: recall, precision, false plates per photograph, corner error."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npr_edge.domain import Image, PlateDetection
from npr_edge.draw import GREEN, RED, contact_sheet, draw_plate
from npr_edge.evaluate.dataset_detect import AnnotatedPhoto, AnnotatedPlate, load_detect_dataset
from npr_edge.evaluate.statistics import Rate, rate
from npr_edge.geometry import Box, Quad
from npr_edge.ports import Detector

MATCH_IOU = 0.5
"""A detection is a labelled plate from this overlap of their upright boxes on (the PASCAL VOC criterion)."""

SMALLEST_WIDTH_PX = 16.0
"""Plates narrower than this at the model's input scale neither count nor hurt."""

INPUT_SIZE = (640, 384)
"""Width and height of the shipped detector's input, pixels; sets the scale for ``SMALLEST_WIDTH_PX``."""

# A detection that lies mostly on a plate that does not count is no false one.
_IGNORE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PlateOutcome:
    """A counted plate: whether it was found, how well it lay, how large it is.

    Attributes:
        plate: The label.
        found: Whether a detection matches.
        iou: Overlap with the matching detection, else 0.
        corner_error: Mean distance of the corners in plate heights; None without a match or marked corners.
        input_width_px: Width at the model's input scale.
    """

    plate: AnnotatedPlate
    found: bool
    iou: float
    corner_error: float | None
    input_width_px: float


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """One photograph's counted plates, and the detections that match nothing (``judged``: where that is a fault)."""

    photo: AnnotatedPhoto
    plates: tuple[PlateOutcome, ...]
    false: tuple[PlateDetection, ...]
    true_count: int
    judged: bool


@dataclass(frozen=True, slots=True)
class DetectReport:
    """Outcomes of all photographs."""

    outcomes: tuple[PhotoOutcome, ...]

    def by_source(self) -> dict[str, dict[str, Rate]]:
        """The figures of each source."""
        groups: dict[str, list[PhotoOutcome]] = defaultdict(list)
        for outcome in self.outcomes:
            groups[outcome.photo.source].append(outcome)
        return {name: figures(groups[name]) for name in sorted(groups)}

    def by_region(self) -> dict[str, dict[str, Rate]]:
        """Recall of the plates whose region is labelled."""
        groups: dict[str, list[float]] = defaultdict(list)
        for outcome in self.outcomes:
            for plate in outcome.plates:
                if plate.plate.region:
                    groups[plate.plate.region].append(float(plate.found))
        return {name: {"recall": rate(groups[name])} for name in sorted(groups)}

    def to_json(self) -> dict[str, Any]:
        """Fractions 0-1 at the top level, the same under ``by_source`` and ``by_region``; None: nothing to count."""
        return {
            **_flat(figures(self.outcomes)),
            "by_source": {name: _flat(rates) for name, rates in self.by_source().items()},
            "by_region": {name: _flat(rates) for name, rates in self.by_region().items()},
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows for a terminal: a line per source, then all."""
        header = ["source", "photos", "plates", "recall %", "precision %", "false/photo", "corner error"]
        groups: dict[str, list[PhotoOutcome]] = defaultdict(list)
        for outcome in self.outcomes:
            groups[outcome.photo.source].append(outcome)
        rows = [_row(name, groups[name]) for name in sorted(groups)]
        return header, [*rows, _row("all", self.outcomes)]

    def worst(self, count: int = 10) -> list[tuple[PhotoOutcome, PlateOutcome | PlateDetection]]:
        """The widest missed plates and the surest false ones, by turns."""
        missed = [(o, p) for o in self.outcomes for p in o.plates if not p.found]
        missed.sort(key=lambda pair: -pair[1].input_width_px)
        false = [(o, d) for o in self.outcomes if o.judged for d in o.false]
        false.sort(key=lambda pair: -pair[1].score)
        mixed: list[tuple[PhotoOutcome, PlateOutcome | PlateDetection]] = []
        for index in range(max(len(missed), len(false))):
            mixed.extend(missed[index : index + 1])
            mixed.extend(false[index : index + 1])
        return mixed[:count]


def evaluate_detect(
    detector: Detector,
    path: Path,
    split: str,
    *,
    load: Callable[[Path], Image],
    input_size: tuple[int, int] = INPUT_SIZE,
    progress: Callable[[Sequence[AnnotatedPhoto]], Iterable[AnnotatedPhoto]] = iter,
) -> DetectReport:
    """Detect on every photograph of a split and compare with the labels.

    Args:
        detector: The detector under test.
        path: One source's folder or a folder of them; see ``load_detect_dataset``.
        split: ``train``, ``val`` or ``test``.
        load: Reads a photograph to (H, W, 3) uint8 BGR.
        input_size: Width and height of the model's input, pixels.
        progress: Passes the photographs through; may draw a bar.

    Raises:
        ConfigError: ``path`` holds no photograph of this split.
    """
    outcomes = []
    for photo in progress(load_detect_dataset(path, split)):
        image = load(photo.path)
        outcomes.append(match_photo(photo, detector.detect(image), (image.shape[1], image.shape[0]), input_size))
    return DetectReport(tuple(outcomes))


def match_photo(
    photo: AnnotatedPhoto,
    detections: Sequence[PlateDetection],
    image_size: tuple[int, int],
    input_size: tuple[int, int] = INPUT_SIZE,
) -> PhotoOutcome:
    """Pair detections, best score first, with the labelled plate each overlaps most.

    Args:
        photo: The labels.
        detections: In pixels of the picture as loaded.
        image_size: That picture's width and height, pixels; labels are brought to it where it differs.
        input_size: Width and height of the model's input, pixels.
    """
    across = image_size[0] / photo.width if photo.width else 1.0
    down = image_size[1] / photo.height if photo.height else 1.0
    scale = min(input_size[0] / image_size[0], input_size[1] / image_size[1])
    boxes = [_scaled(plate.box, across, down).clipped(*image_size) for plate in photo.plates]
    counts = [p.is_plate and b.width * scale >= SMALLEST_WIDTH_PX for p, b in zip(photo.plates, boxes, strict=True)]
    matches: dict[int, tuple[float, PlateDetection]] = {}
    false = []
    for detection in sorted(detections, key=lambda d: -d.score):
        hull = detection.quad.hull().clipped(*image_size)
        overlaps = [(hull.iou(box), index) for index, box in enumerate(boxes) if counts[index] and index not in matches]
        best, index = max(overlaps, default=(0.0, -1))
        if best >= MATCH_IOU:
            matches[index] = (best, detection)
        elif not any(hull.nesting(box) >= _IGNORE_SHARE for box, c in zip(boxes, counts, strict=True) if not c):
            false.append(detection)
    plates = []
    for index, plate in enumerate(photo.plates):
        if counts[index]:
            iou, found = matches.get(index, (0.0, None))
            quad = plate.quad.scaled(across, down) if plate.quad else None
            error = corner_error(found.quad, quad) if found and quad else None
            plates.append(PlateOutcome(plate, found is not None, iou, error, boxes[index].width * scale))
    return PhotoOutcome(photo, tuple(plates), tuple(false), len(matches), photo.complete)


def corner_error(found: Quad, truth: Quad) -> float:
    """Mean distance of the four corners, in heights of the true plate."""
    distances = np.hypot(*(found.array() - truth.array()).T)
    return float(distances.mean() / max(truth.height, 1e-6))


def figures(outcomes: Iterable[PhotoOutcome]) -> dict[str, Rate]:
    """Shares over some photographs, with 95 % intervals.

    ``recall`` over plates; ``precision`` over detections and ``false_per_image`` over photographs, both only where
    every plate is labelled; ``false_per_held_out_negative`` over the negatives that training did not use;
    ``corner_error`` (mean, plate heights) over found plates with marked corners.
    """
    photos = list(outcomes)
    judged = [o for o in photos if o.judged]
    plates = [p for o in photos for p in o.plates]
    hits = [hit for o in judged for hit in [1.0] * o.true_count + [0.0] * len(o.false)]
    fresh = [float(len(o.false)) for o in judged if not o.photo.plates and not o.photo.width and o.photo.held_out]
    return {
        "recall": rate([float(p.found) for p in plates]),
        "precision": rate(hits),
        "false_per_image": rate([float(len(o.false)) for o in judged]),
        "false_per_held_out_negative": rate(fresh),
        "corner_error": rate([p.corner_error for p in plates if p.corner_error is not None]),
    }


def draw_worst(report: DetectReport, load: Callable[[Path], Image], count: int = 10) -> Image:
    """A contact sheet of ``report.worst``: labels green, false plates red.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    tiles = []
    for outcome, fault in report.worst(count):
        image = np.ascontiguousarray(load(outcome.photo.path)).copy()
        if isinstance(fault, PlateDetection):
            draw_plate(image, fault.quad, "false", RED)
            caption = f"{outcome.photo.source}: false, score {fault.score:.2f}"
        else:
            across = image.shape[1] / outcome.photo.width
            down = image.shape[0] / outcome.photo.height
            draw_plate(image, Quad.from_box(fault.plate.box).scaled(across, down), "missed", GREEN)
            for detection in outcome.false:
                draw_plate(image, detection.quad, f"{detection.score:.2f}", RED)
            caption = f"{outcome.photo.source}: missed, {fault.input_width_px:.0f} px wide"
        tiles.append((image, caption))
    return contact_sheet(tiles)


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(box.x * across, box.y * down, box.width * across, box.height * down)


def _flat(rates: dict[str, Rate]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, one in rates.items():
        values[name] = one.value if one.count else None
        values[f"{name}_interval"] = [one.low, one.high] if one.count else None
        values[f"{name}_count"] = one.count
    return values


def _row(name: str, outcomes: Sequence[PhotoOutcome]) -> list[str]:
    rates = figures(outcomes)
    corner, false = rates["corner_error"], rates["false_per_image"]
    return [
        name,
        str(len(outcomes)),
        str(rates["recall"].count),
        str(rates["recall"]),
        str(rates["precision"]),
        "-" if math.isnan(false.value) else f"{false.value:.3f}",
        "-" if math.isnan(corner.value) else f"{corner.value:.3f} ({corner.count})",
    ]
