"""The letterbox keeps the picture whole and finds its way back exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npr_edge.detect.preprocess import PAD_VALUE, Letterbox, LetterboxBuffer

SIDE = st.integers(1, 5000)


@given(SIDE, SIDE)
def test_way_back_is_exact(width: int, height: int) -> None:
    box = Letterbox.fit(width, height, 640, 384)
    points = np.array([[0, 0], [width, height], [width * 0.3, height * 0.9]], dtype=np.float64)
    there = box.to_input(points)
    assert np.allclose(box.to_picture(there), points, atol=1e-6)
    assert there[0] == pytest.approx([box.left, box.top])
    assert there[1] == pytest.approx([box.left + box.width, box.top + box.height])


@given(SIDE, SIDE)
def test_picture_lies_inside_the_input(width: int, height: int) -> None:
    box = Letterbox.fit(width, height, 640, 384)
    assert min(box.left, box.top) >= 0
    assert min(box.width, box.height) >= 1
    assert box.left + box.width <= 640
    assert box.top + box.height <= 384


@pytest.mark.parametrize(
    ("width", "height", "left", "top", "inner_width", "inner_height"),
    [
        (640, 384, 0, 0, 640, 384),
        (1280, 720, 0, 12, 640, 360),
        (1280, 768, 0, 0, 640, 384),
        (100, 384, 270, 0, 100, 384),
        (4000, 10, 0, 191, 640, 2),
        (1, 1, 128, 0, 384, 384),
    ],
)
def test_known_sizes(width: int, height: int, left: int, top: int, inner_width: int, inner_height: int) -> None:
    box = Letterbox.fit(width, height, 640, 384)
    assert (box.left, box.top, box.width, box.height) == (left, top, inner_width, inner_height)


def test_tensor_is_pixel_minus_128_and_the_rest_grey() -> None:
    buffer = LetterboxBuffer(64, 32)
    image = np.full((32, 32, 3), (10, 128, 255), dtype=np.uint8)
    tensor, box = buffer.fill(image)
    assert tensor.shape == (1, 32, 64, 3)
    assert tensor.dtype == np.int8
    assert (tensor[0, :, box.left : box.left + 32] == [-118, 0, 127]).all()
    assert (tensor[0, :, : box.left] == PAD_VALUE - 128).all()


def test_a_second_picture_of_another_shape_leaves_no_trace_of_the_first() -> None:
    buffer = LetterboxBuffer(64, 32)
    buffer.fill(np.full((32, 64, 3), 255, dtype=np.uint8))
    tensor, box = buffer.fill(np.full((64, 32, 3), 7, dtype=np.uint8))
    outside = np.ones((32, 64), dtype=bool)
    outside[box.top : box.top + box.height, box.left : box.left + box.width] = False
    assert (tensor[0][outside] == PAD_VALUE - 128).all()


@pytest.mark.parametrize("size", [(1280, 720), (4001, 2999), (30, 9000), (3, 2)])
def test_a_mark_stays_where_the_letterbox_says(size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[height // 2 :, width // 2 :] = 255
    tensor, box = LetterboxBuffer(640, 384).fill(image)
    inside = tensor[0, box.top : box.top + box.height, box.left : box.left + box.width, 0].astype(int) + 128
    share = (width - width // 2) * (height - height // 2) / (width * height)
    assert inside.mean() / 255 == pytest.approx(share, abs=0.02)
