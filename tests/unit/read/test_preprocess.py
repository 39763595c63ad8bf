from __future__ import annotations

import cv2
import numpy as np
import pytest

from npr_edge.domain import Image
from npr_edge.geometry import Box, Quad, homography, project
from npr_edge.read.preprocess import HEIGHT, MARGIN, WIDTH, rectify, shrink_to_input, to_tensor, whole


def inner() -> np.ndarray:
    """Corners of the plate in the rectified picture, pixels."""
    left, top = MARGIN * WIDTH, MARGIN * HEIGHT
    return np.array([[left, top], [WIDTH - left, top], [WIDTH - left, HEIGHT - top], [left, HEIGHT - top]])


def dotted(quad: Quad, dots: np.ndarray, radius: float) -> Image:
    """A photograph with white dots at ``dots``, given in rectified pixels, on the plate at ``quad``."""
    image = np.zeros((700, 1100, 3), np.uint8)
    places = project(homography(inner(), quad.array()), dots)
    for x, y in places:
        # cv2 draws at pixel centres with 4 fractional bits
        centre = (round((x - 0.5) * 16), round((y - 0.5) * 16))
        cv2.circle(image, centre, round(radius * 16), (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


def centre_near(plate: Image, dot: np.ndarray, reach: int = 7) -> np.ndarray:
    """Centre of light around ``dot``, pixels with centres at halves."""
    x0, y0 = int(dot[0]) - reach, int(dot[1]) - reach
    patch = plate[y0 : y0 + 2 * reach + 1, x0 : x0 + 2 * reach + 1, 0].astype(np.float64)
    ys, xs = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]]
    return np.array([x0 + 0.5 + (xs * patch).sum() / patch.sum(), y0 + 0.5 + (ys * patch).sum() / patch.sum()])


@pytest.mark.parametrize(
    ("corners", "radius"),
    [
        ([[300, 200], [492, 200], [492, 264], [300, 264]], 3.0),
        ([[310, 190], [500, 215], [495, 290], [305, 250]], 3.0),
        ([[100, 100], [900, 160], [880, 480], [120, 380]], 12.0),
        ([[400, 300], [480, 310], [478, 336], [399, 325]], 1.6),
    ],
    ids=["as large as the input", "turned", "four times as large", "half as large"],
)
def test_a_known_warp_is_undone_to_less_than_a_pixel(corners: list[list[float]], radius: float) -> None:
    quad = Quad.from_array(np.array(corners, dtype=np.float64))
    dots = np.array([[40.0, 20.0], [96.0, 32.0], [150.0, 45.0]])

    plate = rectify(dotted(quad, dots, radius), quad)

    assert plate.shape == (HEIGHT, WIDTH, 3)
    assert plate.dtype == np.uint8
    for dot in dots:
        assert np.hypot(*(centre_near(plate, dot) - dot)) < 0.5


def test_thin_strokes_of_a_large_plate_are_averaged_not_skipped() -> None:
    image = np.zeros((400, 1000, 3), np.uint8)
    image[:, ::5] = 255  # one column in five: sampling every fifth would give all or nothing

    plate = rectify(image, Quad.from_box(Box(40, 40, 850, 280)))[:, 12:-12]

    assert plate.mean() == pytest.approx(51, abs=4)
    assert plate.std() < 20


def test_pixels_beyond_the_photograph_repeat_its_border() -> None:
    image = np.full((100, 200, 3), 77, np.uint8)

    plate = rectify(image, Quad.from_box(Box(-30, -10, 260, 90)))

    assert (plate == 77).all()


@pytest.mark.parametrize("size", [(64, 192), (50, 200), (189, 256), (20, 60)])
def test_a_whole_crop_is_stretched_to_the_input(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (6, 18, 3), np.uint8)
    crop = np.asarray(cv2.resize(noise, (size[1], size[0])), np.uint8)

    plate = rectify(crop, whole(crop))

    assert np.abs(plate.astype(int) - shrink_to_input(crop).astype(int)).mean() < 4


@pytest.mark.parametrize(
    "corners",
    [[[10, 10]] * 4, [[10, 10], [50, 10], [90, 10], [130, 10]], [[10, 10], [10, 40], [60, 40], [60, 10]]],
    ids=["a point", "a line", "the wrong way round"],
)
def test_corners_without_area_fall_back_to_their_hull(corners: list[list[float]]) -> None:
    image = np.full((60, 160, 3), 50, np.uint8)

    assert (rectify(image, Quad.from_array(np.array(corners, dtype=np.float64))) == 50).all()


def test_the_tensor_is_the_pixel_less_128() -> None:
    plate = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    plate[0, 0] = (0, 127, 255)

    tensor = to_tensor(plate)

    assert tensor.shape == (1, HEIGHT, WIDTH, 3)
    assert tensor.dtype == np.int8
    assert tensor[0, 0, 0].tolist() == [-128, -1, 127]
