"""What finished models find in training pictures: outlines within loose crops, plates that nobody labelled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from npr_edge.training.detector.pack import REVIEW, build_pack
from npr_edge.training.detector.review import review
from npr_edge.training.reader.outlines import outlines
from npr_edge.training.reader.pack import HEIGHT, WIDTH, Crop, Pack

REPOSITORY = Path(__file__).resolve().parents[3]
SCENES = REPOSITORY / "tests" / "data" / "scenes"
MODELS = REPOSITORY / "models"


@pytest.fixture(scope="module")
def scene() -> dict[str, Any]:
    """The first rendered scene: one plate, near."""
    found: dict[str, Any] = json.loads((SCENES / "labels.json").read_text())["scenes"][0]
    return found


def test_an_outline_is_kept_where_the_label_is_read(scene: dict[str, Any], tmp_path: Path) -> None:
    plate = scene["plates"][0]
    image = np.asarray(cv2.imread(str(SCENES / scene["file"])), dtype=np.uint8)
    left, top, width, height = (int(v) for v in plate["box"])
    low, high = np.array([left - 50, top - 40]), np.array([left + width + 40, top + height + 30])
    cv2.imwrite(str(tmp_path / "loose.png"), image[low[1] : high[1], low[0] : high[0]])
    size = high - low
    crops = [
        Crop(str(tmp_path / "loose.png"), "here", text, "gb", 1, int(size[0]), int(size[1]), 1.0)
        for text in (plate["text"], "WR0NG1")
    ]

    found = outlines(Pack(crops, np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)), MODELS, tmp_path / "outlines.npy")

    truth = (np.array(plate["quad"]) - low) / size
    assert np.abs(found[0] - truth)[:, 0].max() < 0.05
    assert np.abs(found[0] - truth)[:, 1].max() < 0.12
    assert np.isnan(found[1]).all()
    assert np.array_equal(np.load(tmp_path / "outlines.npy"), found, equal_nan=True)


@pytest.mark.parametrize("labelled", [True, False])
def test_a_review_finds_the_plates_that_no_label_names(scene: dict[str, Any], tmp_path: Path, labelled: bool) -> None:
    source = tmp_path / "data" / "detect" / "street"
    (source / "images").mkdir(parents=True)
    (tmp_path / "data" / "negatives" / "images").mkdir(parents=True)
    (source / "images" / scene["file"]).write_bytes((SCENES / scene["file"]).read_bytes())
    plate = scene["plates"][0]
    row = {
        "file": scene["file"],
        "width": 1280,
        "height": 720,
        "split": "train",
        "plates": [{"box": plate["box"]}] if labelled else [],
    }
    (source / "annotations.jsonl").write_text(json.dumps(row) + "\n")
    build_pack(tmp_path / "data", tmp_path / "pack")

    review(tmp_path / "pack", MODELS)

    found = json.loads((tmp_path / "pack" / REVIEW).read_text())[f"street/{scene['file']}"]
    scale = 1024 / 1280  # photographs are kept at 1024 pixels
    middle = np.array(plate["quad"]).mean(axis=0) * scale
    near = [np.hypot(*(np.mean(quad, axis=0) - middle)) < 5 for quad in found["unlabelled"]]
    assert sum(near) == (0 if labelled else 1)
