"""Augmentation keeps its word about where the characters went; sources are packed as labelled."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from npr_edge.geometry import project
from npr_edge.read.preprocess import HEIGHT, WIDTH
from npr_edge.training.reader import pack
from npr_edge.training.reader.augment import DRAWN, REAL, Shape, Strength, augment, closer
from npr_edge.training.reader.places import REGIONS, UNKNOWN, place_of

GENTLE = Strength(cut=0.0, widen=0.2, turn_deg=4.0, boxed=0.0, degrade=0.0, smallest_px=20.0)
BOXED = Strength(cut=0.0, widen=0.0, turn_deg=0.0, boxed=1.0, degrade=0.0, smallest_px=20.0)


@pytest.mark.parametrize("strength", [GENTLE, BOXED], ids=["jittered corners", "upright box"])
def test_the_map_says_where_a_mark_went(strength: Strength) -> None:
    crop = np.full((80, 240, 3), 40, np.uint8)
    cv2.circle(crop, (150, 40), 7, (230, 230, 230), -1)
    background = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    near = []
    for seed in range(30):
        view, matrix = augment(crop, Shape(3.0, 1), strength, np.random.default_rng(seed), background)
        light = np.abs(view.astype(float) - np.median(view, axis=(0, 1))).sum(axis=2)
        y, x = np.unravel_index(int(cv2.GaussianBlur(light, (0, 0), 2).argmax()), light.shape)
        expected = project(matrix, np.array([[150.5 / 240, 40.5 / 80]]))[0] * np.array([WIDTH, HEIGHT])
        near.append(np.hypot(x + 0.5 - expected[0], y + 0.5 - expected[1]) < 6)
    # Shadows and bars may outshine the mark now and then.
    assert np.mean(near) > 0.75


@pytest.mark.parametrize("strength", [REAL, DRAWN])
def test_views_have_the_input_s_form_and_depend_on_the_seed_alone(strength: Strength) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (80, 240, 3), np.uint8)
    for seed in range(25):
        first, matrix = augment(crop, Shape(1.4, 2), strength, np.random.default_rng(seed))
        again, _ = augment(crop, Shape(1.4, 2), strength, np.random.default_rng(seed))
        assert first.shape == (HEIGHT, WIDTH, 3)
        assert first.dtype == np.uint8
        assert np.isfinite(matrix).all()
        assert (first == again).all()


def test_a_loose_crop_comes_closer_with_its_corners() -> None:
    crop = np.full((80, 240, 3), 40, np.uint8)
    corners = np.array([[0.25, 0.2], [0.7, 0.3], [0.7, 0.75], [0.25, 0.65]])
    cv2.fillConvexPoly(crop, np.round(corners * [240, 80]).astype(np.int32), (230, 230, 230))

    view, inner, shape = closer(crop, corners, Shape(3.0, 1))

    low, high = np.round(inner.min(axis=0) * [240, 80]).astype(int), np.round(inner.max(axis=0) * [240, 80]).astype(int)
    assert (view[low[1] + 3 : high[1] - 3, low[0] + 3 : high[0] - 3] > 200).all()
    assert (view[: low[1] - 1] < 60).mean() > 0.9
    # 0.45 of a crop three times as wide as high, and 0.45 of its height; slanted by a tenth of it.
    assert shape.aspect == pytest.approx(np.hypot(0.45 * 3, 0.1) / 0.45, rel=0.02)


def test_parts_of_countries_count_as_the_country_but_us_states_for_themselves() -> None:
    assert len(REGIONS) == len(set(REGIONS))
    assert place_of("ca-on") == place_of("ca") != UNKNOWN
    assert place_of("us-ny") != place_of("us")
    assert place_of("us-xx") == place_of("") == place_of("eu") == UNKNOWN


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = {"read": ["a.png,AB12,gb,1,train", "b.png,XY9,fr,1,val"], "read-machine": ["a.png,ZZ1,,,train,0.97"]}
    for kind, lines in rows.items():
        folder = tmp_path / "data" / kind / "here"
        (folder / "images").mkdir(parents=True)
        for name in ("a.png", "b.png"):
            cv2.imwrite(str(folder / "images" / name), np.full((50, 160, 3), 90, np.uint8))
        header = "file,text,region,lines,split" + (",confidence" if kind == "read-machine" else "")
        bad = ["a.png,TOOLONGTEXT123,gb,1,train", "a.png,ÄB1,de,1,train"] if kind == "read" else []
        (folder / "labels.csv").write_text("\n".join([header, *lines, *bad]) + "\n", encoding="utf-8")
    return tmp_path / "data"


def test_crops_are_packed_by_split_and_the_unusable_left_out(data: Path, tmp_path: Path) -> None:
    train = pack.build(data, "train", tmp_path / "out")
    val = pack.build(data, "val", tmp_path / "out")

    assert [(c.text, c.source, c.confidence) for c in train.crops] == [
        ("AB12", "here", 1.0),
        ("ZZ1", "machine/here", 0.97),
    ]
    assert train.pixels.shape == (2, pack.HEIGHT, pack.WIDTH, 3)
    assert val.pixels.shape == (1, HEIGHT, WIDTH, 3)
    assert json.loads((tmp_path / "out" / "val.json").read_text())[0]["width_px"] == 160


def test_without_photographs_the_background_is_plain(data: Path, tmp_path: Path) -> None:
    pieces = pack.backgrounds(data, tmp_path / "out")

    assert pieces.shape[1:] == (HEIGHT, WIDTH, 3)
    assert all(piece.min() == piece.max() for piece in pieces)
