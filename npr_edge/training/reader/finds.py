"""What the detector takes for plates in the training photographs: signs and grilles to be told from unread plates.

The detector sees a plate at a glance and from afar; the reader sees it from near by, on the few places in question,
and can say that there is nothing to read. It learns that from the places that a detector picks, as it meets them in
use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import Image, PlateDetection
from npr_edge.evaluate.dataset_detect import INCOMPLETE_SOURCES
from npr_edge.geometry import Quad
from npr_edge.read.preprocess import rectify
from npr_edge.read.reader import PlateReader
from npr_edge.tflite import LoadedModel
from npr_edge.training.detector.pack import Pack as Photographs
from npr_edge.training.detector.pack import Photo
from npr_edge.training.reader.pack import HEIGHT, WIDTH

FILE = "finds.npz"
"""Beside the packed crops."""

LEAST_SCORE = 0.06
_VEHICLES_STEP = 3
"""Every so many photographs with vehicles are looked at: thousands of plates are enough, and the time is long."""

_MOST_PER_PHOTO = 6
_MARGIN = 0.12
_PLATE_IOU = 0.5
_APART_IOU = 0.02
_DOUBT = 0.3
_SMALLEST_PX = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Finds:
    """Places that a detector took for plates.

    Attributes:
        pixels: (N, HEIGHT, WIDTH, 3) uint8 BGR, as packed crops are stored, the place with some surroundings.
        aspects: (N,) width over height of the place.
        plates: (N,) bool; True: a labelled plate lies there, whatever its text; False: none does.
    """

    pixels: NDArray[np.uint8]
    aspects: NDArray[np.float32]
    plates: NDArray[np.bool_]


def find(photographs: Photographs, models: Path, path: Path) -> Finds:
    """Look for plates in the training photographs with the models in ``models``; also written to ``path``.

    A find away from every label counts as no plate in photographs without vehicles, and in those whose labels are
    complete unless the reader reads something there.
    """
    detector = PlateDetector(LoadedModel(models / "detector.json"), threshold=LEAST_SCORE)
    reader = PlateReader(LoadedModel(models / "reader.json"))
    pixels: list[Image] = []
    aspects: list[float] = []
    plates: list[bool] = []
    photos = [photo for photo in photographs.photos if photo.split == "train"]
    empty = [photo for photo in photos if photo.source == "negatives"]
    vehicles = [photo for photo in photos if photo.source != "negatives"][::_VEHICLES_STEP]
    for photo in tqdm(empty + vehicles, desc="finds", mininterval=20):
        image = np.ascontiguousarray(photographs.pixels(photo))
        for found in detector.detect(image)[:_MOST_PER_PHOTO]:
            is_plate = _judge(photo, found, reader, image)
            if is_plate is not None and found.quad.hull().width >= _SMALLEST_PX:
                pixels.append(_stored(image, found.quad))
                aspects.append(found.quad.width / max(found.quad.height, 1.0))
                plates.append(is_plate)
    finds = Finds(np.stack(pixels), np.array(aspects, np.float32), np.array(plates, bool))
    np.savez(path, pixels=finds.pixels, aspects=finds.aspects, plates=finds.plates)
    return finds


def load(path: Path) -> Finds:
    """Open what ``find`` wrote."""
    stored = np.load(path)
    return Finds(stored["pixels"], stored["aspects"], stored["plates"])


def _judge(photo: Photo, found: PlateDetection, reader: PlateReader, image: Image) -> bool | None:
    """Whether a plate is there; None where the labels do not tell."""
    hull = found.quad.hull()
    overlap = max((hull.iou(Quad.from_array(quad).hull()) for quad in photo.quads), default=0.0)
    if overlap >= _PLATE_IOU:
        return True
    if photo.source == "negatives":
        return False
    if overlap > _APART_IOU or photo.source in INCOMPLETE_SOURCES:
        return None
    return None if reader.read(image, found.quad).candidates[0].confidence >= _DOUBT else False


def _stored(image: Image, quad: Quad) -> Image:
    """The place at the size of packed crops, with a margin around it."""
    plate = rectify(image, quad, _MARGIN)
    return np.asarray(cv2.resize(plate, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
