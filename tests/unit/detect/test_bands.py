"""Upright pictures in two bands: no plate lost at the seam, none twice."""

from __future__ import annotations

import numpy as np
import pytest

from npr_edge.detect.bands import bands, joined
from npr_edge.detect.detector import PlateDetector
from npr_edge.domain import PlateDetection
from npr_edge.geometry import Box, Quad
from npr_edge.tflite import LoadedModel
from tests.unit.detect.test_detector import street

INPUT = (640, 384)
UPPER, LOWER = (0, 600), (400, 1000)


def plate(x: float, y: float, width: float, height: float, score: float) -> PlateDetection:
    return PlateDetection(Quad.from_box(Box(x, y, width, height)), score)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, ((0, 720),)),
        (720, 720, ((0, 720),)),
        (240, 320, ((0, 320),)),  # fits the input as it is
        (768, 1000, (UPPER, LOWER)),
        (1, 3000, ((0, 1800), (1200, 3000))),
    ],
)
def test_only_upright_pictures_are_divided(width: int, height: int, expected: tuple[tuple[int, int], ...]) -> None:
    assert bands(width, height, INPUT) == expected


def test_a_plate_in_both_bands_is_one_plate() -> None:
    upper, lower = plate(100, 480, 90, 20, 0.7), plate(101, 481, 90, 20, 0.8)
    assert joined([(UPPER, upper), (LOWER, lower)], 1000) == [lower]


def test_half_a_plate_at_the_seam_gives_way_to_the_whole_one() -> None:
    half, entire = plate(100, 580, 90, 20, 0.9), plate(100, 580, 90, 40, 0.6)
    assert joined([(UPPER, half), (LOWER, entire)], 1000) == [entire]


def test_a_plate_at_the_picture_s_own_border_is_no_half() -> None:
    bottom, above = plate(100, 980, 90, 20, 0.5), plate(300, 100, 90, 20, 0.9)
    assert joined([(LOWER, bottom), (UPPER, above)], 1000) == [above, bottom]


def test_a_small_plate_of_an_upright_picture_is_found_where_it_is() -> None:
    level, (x, y, w, h) = street()
    tall = np.full((2100, 1280, 3), 110, np.uint8)
    for top in (200, 1300):
        tall[top : top + 720] = level

    found = PlateDetector(LoadedModel.named("detector")).detect(tall)

    for top in (200, 1300):
        middle = np.array([x + w / 2, top + y + h / 2])
        near = [d for d in found if np.hypot(*(np.array(d.quad.hull().centre) - middle)) < 20]
        assert len(near) == 1
        assert near[0].quad.hull().iou(Box(x, top + y, w, h)) > 0.5
