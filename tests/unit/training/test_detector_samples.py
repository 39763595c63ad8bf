"""Training pictures of the detector: what is labelled is where it is said to be."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.domain import Image
from npr_edge.evaluate.dataset_detect import held_out_negative
from npr_edge.training.detector.composites import PlateTexture, erase, paste, random_quad
from npr_edge.training.detector.pack import REVIEW, Pack, build_pack
from npr_edge.training.detector.samples import Sampler, photometric


@pytest.mark.parametrize("inset", [0, 6])
def test_a_pasted_plate_ends_at_its_corners(inset: int) -> None:
    plate = np.full((40 + 2 * inset, 160 + 2 * inset, 3), 20, np.uint8)
    plate[inset : 40 + inset, inset : 160 + inset] = 250
    corners = np.array([[60, 50], [180, 60], [178, 95], [62, 82]], dtype=np.float64)
    scene = np.zeros((150, 240, 3), np.uint8)
    paste(np.random.default_rng(3), scene, PlateTexture(plate, inset), corners)
    bright = (scene.max(axis=2) > scene.max() / 2).astype(np.uint8)
    wanted = np.zeros_like(bright)
    cv2.fillConvexPoly(wanted, np.round(corners - 0.5).astype(np.int32), 1)
    overlap = (bright & wanted).sum() / (bright | wanted).sum()
    assert overlap > 0.95


@pytest.mark.parametrize("seed", range(20))
def test_random_quads_keep_the_order_of_corners(seed: int) -> None:
    quad = random_quad(np.random.default_rng(seed), 4.5)
    edges = np.roll(quad, -1, axis=0) - quad
    cross = edges[:, 0] * np.roll(edges, -1, axis=0)[:, 1] - edges[:, 1] * np.roll(edges, -1, axis=0)[:, 0]
    assert (cross > 0).all()  # clockwise in a picture whose y points down, never folded
    assert quad[0, 0] < quad[1, 0]
    assert quad[3, 0] < quad[2, 0]


def test_erasing_leaves_nothing_of_a_plate() -> None:
    scene = np.full((60, 100, 3), 90, np.uint8)
    scene[20:40, 30:70] = 255
    erase(scene, np.array([30.0, 20.0, 70.0, 40.0]))
    assert scene.max() == 90


def test_light_does_not_move_pixels() -> None:
    scene = np.zeros((80, 80, 3), np.uint8)
    scene[:, 40:] = 200
    for seed in range(30):
        changed = photometric(np.random.default_rng(seed), scene)
        assert changed.shape == scene.shape
        assert changed.dtype == np.uint8


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """One photograph with a red plate on a grey ground, and negatives."""
    source = tmp_path / "data" / "detect" / "cars"
    (source / "images").mkdir(parents=True)
    photo = np.full((360, 640, 3), 90, np.uint8)
    photo[200:230, 300:420] = (0, 0, 255)
    cv2.imwrite(str(source / "images" / "1.png"), photo)
    row = {"file": "1.png", "width": 640, "height": 360, "split": "train", "plates": [{"box": [300, 200, 120, 30]}]}
    (source / "annotations.jsonl").write_text(json.dumps(row) + "\n")
    negatives = tmp_path / "data" / "negatives" / "images"
    negatives.mkdir(parents=True)
    for number in range(12):
        cv2.imwrite(str(negatives / f"{number}.png"), np.full((200, 300, 3), 60, np.uint8))
    build_pack(tmp_path / "data", tmp_path / "pack")
    return Pack(tmp_path / "pack")


def test_the_pack_keeps_pixels_labels_and_splits(pack: Pack) -> None:
    photo = next(photo for photo in pack.photos if photo.source == "cars")
    assert pack.pixels(photo).shape == (360, 640, 3)
    assert (pack.pixels(photo)[215, 360] == [0, 0, 255]).all()
    assert photo.quads.tolist() == [[[300, 200], [420, 200], [420, 230], [300, 230]]]
    assert not photo.exact.any()
    splits = {p.file: p.split for p in pack.photos if p.source == "negatives"}
    assert splits == {name: "val" if held_out_negative(name) else "train" for name in splits}


def redness(image: Image, quad: np.ndarray) -> float:
    """Share of a quad's inside that is red."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad).astype(np.int32), 1)
    inside = image[mask > 0].astype(int)
    return float((inside[:, 2] > inside[:, :2].max(axis=1) + 15).mean())


def test_labels_follow_the_window(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npr_edge.training.detector.samples.photometric", lambda _rng, image: image)
    sampler = Sampler(pack, [np.full((80, 320, 3), 255, np.uint8)], (320, 320))
    real = 0
    for seed in range(120):
        sample = sampler.draw(np.random.default_rng(seed))
        assert sample.image.shape == (320, 320, 3)
        for quad, exact in zip(sample.quads, sample.exact, strict=True):
            if not exact and np.ptp(quad[:, 0]) > 30:
                real += 1
                assert redness(sample.image, quad) > 0.85
                assert quad[0, 0] < quad[1, 0]  # flips keep the order of corners
    assert real > 30


def test_a_review_marks_hard_negatives_and_plates_without_labels(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("npr_edge.training.detector.samples.photometric", lambda _rng, image: image)
    hard = next(p.file for p in pack.photos if p.source == "negatives" and p.split == "train")
    beside = [[300, 100], [420, 100], [420, 130], [300, 130]]
    rows = {
        f"negatives/{hard}": {"unlabelled": [], "hardness": 0.9},
        "cars/1.png": {"unlabelled": [beside], "hardness": 0.0},
    }
    (tmp_path / "pack" / REVIEW).write_text(json.dumps(rows))
    reviewed = Pack(tmp_path / "pack")

    sampler = Sampler(reviewed, [np.full((80, 320, 3), 255, np.uint8)], (320, 320))
    samples = [sampler.draw(np.random.default_rng(seed)) for seed in range(60)]

    assert {p.hardness for p in reviewed.photos if p.file == hard and p.source == "negatives"} == {0.9}
    places = [ignore for sample in samples for ignore in sample.ignore if np.ptp(ignore[[0, 2]]) > 20]
    assert len(places) > 20  # unjudged in most windows of the vehicle, which is drawn four times in five


def test_every_draw_depends_on_its_seed_alone(pack: Pack) -> None:
    sampler = Sampler(pack, [np.full((80, 320, 3), 255, np.uint8)], (320, 320))
    first = sampler.draw(np.random.default_rng(5))
    sampler.draw(np.random.default_rng(6))
    again = sampler.draw(np.random.default_rng(5))
    assert (first.image == again.image).all()
    assert (first.quads == again.quads).all()
