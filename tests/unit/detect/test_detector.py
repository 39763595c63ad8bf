"""The shipped model in its frame: from pixels to plates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import Image
from npr_edge.errors import ModelError
from npr_edge.tflite import LoadedModel, models_dir


@pytest.fixture(scope="module")
def detector() -> PlateDetector:
    return PlateDetector(LoadedModel.named("detector"))


def street(width: int = 1280, height: int = 720) -> tuple[Image, list[float]]:
    """A dark car's rear with a yellow plate, and the plate's box x y w h."""
    image = np.full((height, width, 3), (120, 110, 105), dtype=np.uint8)
    x, y, w, h = width // 2 - 90, height * 2 // 3, 180, 40
    cv2.rectangle(image, (x - 160, y - 240), (x + w + 160, y + 110), (48, 30, 26), cv2.FILLED)
    cv2.rectangle(image, (x - 120, y - 220), (x + w + 120, y - 100), (90, 84, 80), cv2.FILLED)
    cv2.rectangle(image, (x - 150, y - 60), (x - 90, y - 20), (30, 30, 190), cv2.FILLED)
    cv2.rectangle(image, (x + w + 90, y - 60), (x + w + 150, y - 20), (30, 30, 190), cv2.FILLED)
    cv2.rectangle(image, (x, y), (x + w, y + h), (40, 200, 245), cv2.FILLED)
    cv2.putText(image, "KV57 BXT", (x + 12, y + 31), cv2.FONT_HERSHEY_DUPLEX, 1.05, (20, 20, 20), 3, cv2.LINE_AA)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 1.2), dtype=np.uint8)
    return image, [x, y, w, h]


def test_a_plate_is_found_with_its_corners(detector: PlateDetector) -> None:
    image, (x, y, w, h) = street()
    found = detector.detect(image)
    assert found
    truth = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    errors = np.hypot(*(found[0].quad.array() - truth).T)
    assert errors.mean() < 0.25 * h


def test_an_empty_picture_has_no_plate(detector: PlateDetector) -> None:
    assert detector.detect(np.full((720, 1280, 3), 90, dtype=np.uint8)) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (17, 640), (5000, 4000)])
def test_any_size_goes_through(detector: PlateDetector, size: tuple[int, int]) -> None:
    height, width = size
    assert isinstance(detector.detect(np.zeros((height, width, 3), dtype=np.uint8)), list)


def test_threshold_of_the_caller_wins() -> None:
    image, _ = street()
    model = LoadedModel.named("detector")
    assert PlateDetector(model, threshold=0.9999).detect(image) == []


def test_a_readers_card_is_no_detectors(tmp_path: Path) -> None:
    for name in ("detector.json", "detector.tflite"):
        shutil.copy(models_dir() / name, tmp_path / name)
    path = tmp_path / "detector.json"
    card = json.loads(path.read_text())
    card["parameters"] = {"alphabet": "ABC"}
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match="not a detector's"):
        PlateDetector(LoadedModel.named("detector", folder=tmp_path))


def test_a_level_without_its_tensor_is_refused(tmp_path: Path) -> None:
    for name in ("detector.json", "detector.tflite"):
        shutil.copy(models_dir() / name, tmp_path / name)
    path = tmp_path / "detector.json"
    card = json.loads(path.read_text())
    card["parameters"]["levels"][0]["corners"] = "corners4"
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match="no output 'corners4'"):
        PlateDetector(LoadedModel.named("detector", folder=tmp_path))
