"""What finished models find in training pictures: outlines within loose crops, plates that nobody labelled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from npr_edge.evaluate.dataset_detect import held_out_negative
from npr_edge.training.detector.pack import REVIEW, build_pack
from npr_edge.training.detector.pack import Pack as Photographs
from npr_edge.training.detector.review import review
from npr_edge.training.reader import finds
from npr_edge.training.reader.outlines import outlines
from npr_edge.training.reader.pack import HEIGHT, WIDTH, Crop, Pack

REPOSITORY = Path(__file__).resolve().parents[3]
SCENES = REPOSITORY / "tests" / "data" / "scenes"
MODELS = REPOSITORY / "models"
NEGATIVE = next(name for name in ("a.png", "b.png", "c.png", "d.png") if not held_out_negative(name))


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


def packed_scene(scene: dict[str, Any], tmp_path: Path, *, labelled: bool, empty: bool = False) -> Path:
    """A pack of the scene as a training photograph; ``empty``: among the negatives as well."""
    source = tmp_path / "data" / "detect" / "street"
    (source / "images").mkdir(parents=True)
    (tmp_path / "data" / "negatives" / "images").mkdir(parents=True)
    (source / "images" / scene["file"]).write_bytes((SCENES / scene["file"]).read_bytes())
    row = {
        "file": scene["file"],
        "width": 1280,
        "height": 720,
        "split": "train",
        "plates": [{"box": scene["plates"][0]["box"]}] if labelled else [],
    }
    (source / "annotations.jsonl").write_text(json.dumps(row) + "\n")
    if empty:
        (tmp_path / "data" / "negatives" / "images" / NEGATIVE).write_bytes((SCENES / scene["file"]).read_bytes())
    build_pack(tmp_path / "data", tmp_path / "pack")
    return tmp_path / "pack"


@pytest.mark.parametrize("labelled", [True, False])
def test_a_review_finds_the_plates_that_no_label_names(scene: dict[str, Any], tmp_path: Path, labelled: bool) -> None:
    pack = packed_scene(scene, tmp_path, labelled=labelled)

    review(pack, MODELS)

    found = json.loads((pack / REVIEW).read_text())[f"street/{scene['file']}"]
    scale = 1024 / 1280  # photographs are kept at 1024 pixels
    middle = np.array(scene["plates"][0]["quad"]).mean(axis=0) * scale
    near = [np.hypot(*(np.mean(quad, axis=0) - middle)) < 5 for quad in found["unlabelled"]]
    assert sum(near) == (0 if labelled else 1)


def test_finds_are_plates_where_a_label_is_and_none_where_no_vehicle_is(scene: dict[str, Any], tmp_path: Path) -> None:
    pack = Photographs(packed_scene(scene, tmp_path, labelled=True, empty=True))

    found = finds.find(pack, MODELS, tmp_path / finds.FILE)

    assert found.plates.sum() == 1
    assert (~found.plates).sum() >= 1
    assert found.pixels.shape[1:] == (HEIGHT, WIDTH, 3)
    assert 2 < found.aspects[found.plates][0] < 7
    again = finds.load(tmp_path / finds.FILE)
    assert np.array_equal(again.pixels, found.pixels)
    assert np.array_equal(again.plates, found.plates)


def test_a_plate_that_no_label_names_teaches_nothing(scene: dict[str, Any], tmp_path: Path) -> None:
    labelled = Photographs(packed_scene(scene, tmp_path / "labelled", labelled=True))
    unlabelled = Photographs(packed_scene(scene, tmp_path / "unlabelled", labelled=False))
    known = finds.find(labelled, MODELS, tmp_path / "known.npz")
    unknown = finds.find(unlabelled, MODELS, tmp_path / "unknown.npz")
    assert np.array_equal(unknown.pixels, known.pixels[~known.plates])
    assert not unknown.plates.any()
