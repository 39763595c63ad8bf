"""Filling polygons and laying pictures into perspective."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[float, float, float]
SHIFT = 4
_FAR = 20000.0  # beyond this OpenCV's fixed point numbers overflow


def fixed(points: Points) -> NDArray[np.int32]:
    """Pixels as OpenCV's fixed point numbers."""
    return np.asarray((np.clip(points, -_FAR, _FAR) * (1 << SHIFT)).round(), np.int32)


def polygon(image: Image, points: Points, colour: Colour) -> None:
    """Fill a polygon (N, 2) in pixels."""
    cv2.fillPoly(image, [fixed(points)], colour, cv2.LINE_AA, SHIFT)


def hull(image: Image, points: Points, colour: Colour) -> None:
    """Fill the convex hull of points in pixels."""
    corners = cv2.convexHull(np.clip(points, -_FAR, _FAR).astype(np.float32))
    cv2.fillConvexPoly(image, fixed(corners[:, 0].astype(np.float64)), colour, cv2.LINE_AA, SHIFT)


def line(image: Image, first: Points, last: Points, colour: Colour, thickness: float) -> None:
    """A line between two pixels, at least one pixel thick."""
    ends = fixed(np.stack([first, last]))
    a, b = (int(ends[0, 0]), int(ends[0, 1])), (int(ends[1, 0]), int(ends[1, 1]))
    cv2.line(image, a, b, colour, max(round(thickness), 1), cv2.LINE_AA, SHIFT)


def lay(image: Image, picture: Image, quad: Points, gain: float = 1.0, alpha: Image | None = None) -> None:
    """Lay a picture into the quad (TL TR BR BL, pixels), filtered for its size there.

    Args:
        image: Painted in place.
        picture: (h, w, 3) uint8 BGR.
        quad: (4, 2) pixels of ``image``.
        gain: Factor on the picture's brightness.
        alpha: (h, w) uint8 of the picture; None covers it whole.
    """
    low = np.floor(quad.min(axis=0)).astype(int) - 1
    high = np.ceil(quad.max(axis=0)).astype(int) + 2
    left, top = int(max(low[0], 0)), int(max(low[1], 0))
    right, bottom = int(min(high[0], image.shape[1])), int(min(high[1], image.shape[0]))
    if right <= left or bottom <= top:
        return
    across = max(np.hypot(*(quad[1] - quad[0])), np.hypot(*(quad[2] - quad[3])), 2.0)
    down = max(np.hypot(*(quad[3] - quad[0])), np.hypot(*(quad[2] - quad[1])), 2.0)
    size = (int(min(np.ceil(across * 1.3), picture.shape[1])), int(min(np.ceil(down * 1.3), picture.shape[0])))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cover = np.full((size[1], size[0]), 255, np.uint8)
    if alpha is not None:
        cover = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)
    source = np.array([(0, 0), (size[0], 0), (size[0], size[1]), (0, size[1])], np.float32) - 0.5
    target = (quad - [left, top] - 0.5).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    window = (right - left, bottom - top)
    laid = cv2.warpPerspective(small, matrix, window, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpPerspective(cover, matrix, window, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    region = image[top:bottom, left:right]
    lit = np.clip(laid.astype(np.float32) * gain, 0, 255)
    region[:] = (region * (1 - share) + lit * share).astype(np.uint8)


def glow(image: Image, centre: Points, radius: float, colour: Colour) -> None:
    """Add a soft light around a pixel."""
    reach = int(min(radius * 3, 400)) + 1
    x, y = int(np.clip(centre[0], -_FAR, _FAR)), int(np.clip(centre[1], -_FAR, _FAR))
    left, top = max(x - reach, 0), max(y - reach, 0)
    right, bottom = min(x + reach, image.shape[1]), min(y + reach, image.shape[0])
    if left >= right or top >= bottom:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    fall = np.exp(-((xs - centre[0]) ** 2 + (ys - centre[1]) ** 2) / (2 * radius**2))[..., None]
    region = image[top:bottom, left:right]
    region[:] = np.clip(region + fall * np.array(colour, np.float32), 0, 255).astype(np.uint8)


def cloud_noise(size: tuple[int, int], cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Soft noise of mean 0 and about unit range, (height, width); ``size`` is (width, height)."""
    coarse = rng.standard_normal((max(cells * size[1] // size[0], 2), max(cells, 2))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour made darker or lighter."""
    blue, green, red = (float(np.clip(v * factor, 0, 255)) for v in colour)
    return blue, green, red
