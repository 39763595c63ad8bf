"""Look over the training photographs with finished models: find plates without a label, and hard negatives.

A plate in view that nobody labelled must not be learned as background; the reader tells it from a sign. A photograph
without vehicles in which something was taken for a plate teaches more than one in which nothing was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import PlateDetection
from npr_edge.read.reader import PlateReader
from npr_edge.tflite import LoadedModel
from npr_edge.training.detector.pack import REVIEW, Pack, Photo

_LEAST_SCORE = 0.15
_PLATE_SCORE = 0.3
_READ_CONFIDENCE = 0.6
_SAME_PLATE_IOU = 0.15


def review(folder: Path, models: Path) -> None:
    """Write what the models in ``models`` see in the photographs of the pack in ``folder`` beside them."""
    pack = Pack(folder)
    detector = PlateDetector(LoadedModel(models / "detector.json"), threshold=_LEAST_SCORE)
    reader = PlateReader(LoadedModel(models / "reader.json"))
    rows: dict[str, Any] = {}
    for photo in tqdm(pack.photos, desc="review", mininterval=20):
        image = np.ascontiguousarray(pack.pixels(photo))
        found = _beside_labels(photo, detector.detect(image))
        plates = [
            d
            for d in found
            if d.score >= _PLATE_SCORE
            and photo.source != "negatives"
            and reader.read(image, d.quad).candidates[0].confidence >= _READ_CONFIDENCE
        ]
        hardness = max((d.score for d in found if d not in plates), default=0.0)
        quads = [d.quad.array().tolist() for d in plates]
        rows[f"{photo.source}/{photo.file}"] = {"unlabelled": quads, "hardness": float(hardness)}
    (folder / REVIEW).write_text(json.dumps(rows))


def _beside_labels(photo: Photo, found: list[PlateDetection]) -> list[PlateDetection]:
    """The detections that no label overlaps."""
    hulls = [(quad.min(axis=0), quad.max(axis=0)) for quad in photo.quads]

    def free(detection: PlateDetection) -> bool:
        corners = detection.quad.array()
        low, high = corners.min(axis=0), corners.max(axis=0)
        for other_low, other_high in hulls:
            inner = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod()
            if inner / (((high - low).prod() + (other_high - other_low).prod()) - inner) > _SAME_PLATE_IOU:
                return False
        return True

    return [detection for detection in found if free(detection)]
