"""Where the plate is within a training crop: corners found by finished models, kept only where they read the label.

People cut crops loosely. A reader that knows where the plate is inside its view can ask for a closer one; drawn plates
teach that exactly, and the real ones here teach it on real surroundings.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import Image
from npr_edge.geometry import Quad
from npr_edge.read.reader import PlateReader
from npr_edge.tflite import LoadedModel
from npr_edge.training.reader.pack import Crop, Pack

_FILL = 0.5
"""Share of the detector's view that the crop takes: without surroundings it finds hardly a plate."""

_LEAST_SCORE = 0.2


def outlines(pack: Pack, models: Path, path: Path) -> NDArray[np.float32]:
    """Corners (N, 4, 2) TL TR BR BL in crop coordinates 0-1, NaN where none was found; also written to ``path``."""
    detector = PlateDetector(LoadedModel(models / "detector.json"), threshold=_LEAST_SCORE)
    reader = PlateReader(LoadedModel(models / "reader.json"))
    corners = np.full((len(pack.crops), 4, 2), np.nan, np.float32)
    for index, crop in enumerate(tqdm(pack.crops, desc="outlines", mininterval=20)):
        image = np.asarray(cv2.imread(crop.file), dtype=np.uint8)
        quad = _plate_in(image, detector)
        if quad is not None and _confirmed(crop, reader, image, quad):
            corners[index] = quad.array() / [image.shape[1], image.shape[0]]
    np.save(path, corners)
    return corners


def _plate_in(image: Image, detector: PlateDetector) -> Quad | None:
    """The surest plate of a crop, pixels of the crop."""
    height, width = image.shape[:2]
    view_width, view_height = detector.input_size
    scale = min(view_width * _FILL / width, view_height * _FILL / height)
    across, down = max(int(view_width / scale) - width, 0), max(int(view_height / scale) - height, 0)
    left, top = across // 2, down // 2
    canvas = cv2.copyMakeBorder(image, top, down - top, left, across - left, cv2.BORDER_REPLICATE)
    found = detector.detect(np.asarray(canvas, dtype=np.uint8))
    return Quad.from_array(found[0].quad.array() - [left, top]) if found else None


def _confirmed(crop: Crop, reader: PlateReader, image: Image, quad: Quad) -> bool:
    """Whether the plate at ``quad`` reads as the label says, O taken for 0 and I for 1."""
    alike = str.maketrans("OI", "01")
    read = reader.read(image, quad).candidates[0].text
    return read.translate(alike) == crop.text.translate(alike)
