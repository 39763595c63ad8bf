"""From a quad in an image to the reader's input; shared by the product and by training."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.domain import Image
from npr_edge.geometry import Box, FloatArray, Quad, homography, project

HEIGHT = 64
"""Rows of the reader's input."""

WIDTH = 192
"""Columns of the reader's input."""

MARGIN = 0.04
"""Share of the input's width and height that is left around the quad on each side.

The detector's corners are off by a few hundredths of a plate height; the margin keeps the outer characters whole.
"""

_MOST_OVERSAMPLING = 4

# Twice the area of the triangle at a corner; below it three corners lie on one line for all purposes.
_LEAST_TURN_PX2 = 0.01


def rectify(image: Image, quad: Quad, margin: float = MARGIN) -> Image:
    """Warp the plate at ``quad`` upright to the reader's size.

    A plate that is much larger than the input is first warped at a whole multiple of the input and then averaged
    down, since a plain bilinear warp would skip pixels and shred thin strokes.

    Args:
        image: (H, W, 3) uint8 BGR.
        quad: The plate's corners, pixels of ``image``.
        margin: Share of the input left around the quad on each side; negative cuts into it.

    Returns:
        (HEIGHT, WIDTH, 3) uint8 BGR; pixels beyond the image repeat its border. Corners that span no area are
        replaced by their upright hull, at least one pixel wide and high.
    """
    shrink = max(quad.width / (WIDTH * (1 - 2 * margin)), quad.height / (HEIGHT * (1 - 2 * margin)))
    times = min(max(int(np.ceil(shrink - 0.25)), 1), _MOST_OVERSAMPLING)
    width, height = WIDTH * times, HEIGHT * times
    # OpenCV puts pixel centres at whole numbers, geometry at halves.
    target = _inset(margin) * np.array([width, height]) - 0.5
    matrix = homography(_spanning(quad).array() - 0.5, target)
    plate = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    upright = np.asarray(plate, dtype=np.uint8)
    return upright if times == 1 else shrink_to_input(upright)


def located(corners: FloatArray, quad: Quad, margin: float) -> Quad:
    """Where corners seen in a rectified plate are in the image.

    Args:
        corners: (4, 2) TL TR BR BL in the reader's input, 0-1 of its width and height.
        quad: What was rectified, pixels of the image.
        margin: The margin it was rectified with.
    """
    return Quad.from_array(project(homography(_inset(margin), _spanning(quad).array()), corners))


def whole(image: Image) -> Quad:
    """The quad whose rectification with the usual margin is all of ``image``: for pictures that are crops."""
    height, width = image.shape[:2]
    inner_width, inner_height = width * (1 - 2 * MARGIN), height * (1 - 2 * MARGIN)
    return Quad.from_box(Box((width - inner_width) / 2, (height - inner_height) / 2, inner_width, inner_height))


def to_tensor(plate: Image) -> NDArray[np.int8]:
    """The reader's input (1, HEIGHT, WIDTH, 3) int8 = pixel - 128, BGR, of a rectified plate."""
    # uint8 to int8 by flipping the top bit is subtracting 128
    return np.bitwise_xor(plate, np.uint8(0x80)).view(np.int8)[None]


def _inset(margin: float) -> FloatArray:
    """Corners (4, 2) TL TR BR BL of the plate in the reader's input, 0-1."""
    low, high = margin, 1 - margin
    return np.array([[low, low], [high, low], [high, high], [low, high]])


def _spanning(quad: Quad) -> Quad:
    """The quad itself if its corners are those of a convex area, else its hull."""
    corners = quad.array()
    edges = np.roll(corners, -1, axis=0) - corners
    turns = edges[:, 0] * np.roll(edges, -1, axis=0)[:, 1] - edges[:, 1] * np.roll(edges, -1, axis=0)[:, 0]
    if (turns > _LEAST_TURN_PX2).all():
        return quad
    hull = quad.hull()
    return Quad.from_box(Box(hull.x, hull.y, max(hull.width, 1.0), max(hull.height, 1.0)))


def shrink_to_input(crop: Image) -> Image:
    """Stretch a whole crop, of any size, to (HEIGHT, WIDTH, 3) uint8 BGR, averaging where it shrinks."""
    smaller = crop.shape[0] > HEIGHT or crop.shape[1] > WIDTH
    resized = cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
