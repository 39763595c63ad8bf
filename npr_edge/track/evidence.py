"""The picture that proves a read: which frame is best, what is cut from it, how sharp it is."""

from __future__ import annotations

import numpy as np

from npr_edge.domain import Image
from npr_edge.geometry import Box, Quad

BORDER_SHARE = 0.004
"""A plate nearer to the border than this share of the frame may go on beyond it."""

SHARPNESS_WIDTH_PX = 160
"""Plates are thinned to about this width before their sharpness is taken, so that sizes compare."""


def is_cut_off(quad: Quad, width_px: int, height_px: int) -> bool:
    """Whether the plate reaches the border of a frame of this size."""
    hull = quad.hull()
    across, down = max(BORDER_SHARE * width_px, 1.5), max(BORDER_SHARE * height_px, 1.5)
    return hull.x < across or hull.y < down or hull.right > width_px - across or hull.bottom > height_px - down


def crop_around(image: Image, quad: Quad, margin: float) -> Image:
    """A copy of the plate with surroundings, (H, W, 3) uint8 BGR.

    Args:
        image: The frame, (H, W, 3) uint8 BGR.
        quad: Plate corners, frame pixels.
        margin: Surroundings on each side, in plate widths.
    """
    hull = quad.hull()
    extra = margin * quad.width
    wanted = Box(hull.x - extra, hull.y - extra, hull.width + 2 * extra, hull.height + 2 * extra)
    return _cut(image, wanted).copy()


def sharpness(image: Image, quad: Quad) -> float:
    """Mean horizontal step between neighbouring green pixels of the plate, per 100 grey levels of contrast."""
    plate = _cut(image, quad.hull())[:, :, 1].astype(np.float32)
    stride = max(int(plate.shape[1] / SHARPNESS_WIDTH_PX), 1)
    plate = plate[::stride, ::stride]
    if plate.shape[1] < 2 or plate.shape[0] < 1:
        return 0.0
    low, high = np.percentile(plate, (5, 95))
    contrast = max(float(high - low), 1.0)
    return float(np.abs(np.diff(plate, axis=1)).mean()) * 100.0 / contrast


def _cut(image: Image, box: Box) -> Image:
    height, width = image.shape[:2]
    inside = box.clipped(width, height)
    left, top = int(inside.x), int(inside.y)
    right, bottom = max(int(np.ceil(inside.right)), left + 1), max(int(np.ceil(inside.bottom)), top + 1)
    return image[top:bottom, left:right]
