import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npr_edge.geometry import Box, Quad, homography, project


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 10, 10), 50 / 150),
        (Box(10, 0, 10, 10), 0.0),
        (Box(2, 2, 2, 2), 4 / 100),
        (Box(0, 0, 0, 0), 0.0),
    ],
)
def test_iou(other: Box, expected: float) -> None:
    assert Box(0, 0, 10, 10).iou(other) == pytest.approx(expected)
    assert other.iou(Box(0, 0, 10, 10)) == pytest.approx(expected)


def test_clipping_keeps_what_is_inside_the_image() -> None:
    assert Box(-5, 90, 20, 20).clipped(100, 100) == Box(0, 90, 15, 10)
    assert Box(200, 200, 5, 5).clipped(100, 100).area == 0


def test_quad_knows_its_hull_and_its_own_size_when_turned() -> None:
    quad = Quad((0, 30), (40, 0), (49, 12), (9, 42))
    assert quad.hull() == Box(0, 0, 49, 42)
    assert quad.width == pytest.approx(50)
    assert quad.height == pytest.approx(15)
    assert Quad.from_array(quad.array()) == quad


def test_quad_of_a_box_has_the_box_as_hull() -> None:
    box = Box(3, 4, 50, 10)
    assert Quad.from_box(box).hull() == box
    assert Quad.from_box(box).scaled(2, 3).shifted(1, -1).hull() == Box(7, 11, 100, 30)


corner = st.floats(-5, 5)


@given(st.lists(st.tuples(corner, corner), min_size=4, max_size=4))
def test_homography_carries_the_four_points_and_back(jitter: list[tuple[float, float]]) -> None:
    source = Quad.from_box(Box(0, 0, 100, 40)).array()
    target = source * 3 + np.array(jitter)
    matrix = homography(source, target)
    assert project(matrix, source) == pytest.approx(target, abs=1e-6)
    assert project(homography(target, source), target) == pytest.approx(source, abs=1e-6)


def test_three_points_on_a_line_are_refused() -> None:
    line = np.array([[0, 0], [1, 1], [2, 2], [3, 3]], dtype=np.float64)
    with pytest.raises(ValueError, match="one line"):
        homography(line, line)


def test_perspective_is_not_affine() -> None:
    target = np.array([[0, 0], [10, 0], [8, 10], [2, 10]], dtype=np.float64)
    middle = project(homography(Quad.from_box(Box(0, 0, 1, 1)).array(), target), np.array([[0.5, 0.5]]))
    assert middle[0][0] == pytest.approx(5)
    assert not math.isclose(middle[0][1], 5)
