"""Boxes and quads in pixels, and the plane geometry between them; pure numpy.

Pixel coordinates follow the continuous convention: the centre of the top left pixel is (0.5, 0.5),
x grows to the right and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge, pixels."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the bottom edge, pixels."""
        return self.y + self.height

    @property
    def area(self) -> float:
        """Square pixels; 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> Point:
        """Middle of the box, pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    def iou(self, other: Box) -> float:
        """Intersection over union with ``other``, 0-1."""
        shared = self._common(other)
        return shared / (self.area + other.area - shared) if shared else 0.0

    def nesting(self, other: Box) -> float:
        """Common area over the smaller one's, 0-1: 1 where one box lies within the other."""
        shared = self._common(other)
        return shared / min(self.area, other.area) if shared else 0.0

    def _common(self, other: Box) -> float:
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return across * down if across > 0 and down > 0 else 0.0

    def clipped(self, width: float, height: float) -> Box:
        """The part of the box inside an image of ``width`` x ``height`` pixels."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right, bottom = min(max(self.right, 0.0), width), min(max(self.bottom, 0.0), height)
        return Box(left, top, max(right - left, 0.0), max(bottom - top, 0.0))


@dataclass(frozen=True, slots=True)
class Quad:
    """Four corners of a plate in pixels, in the order top left, top right, bottom right, bottom left."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @classmethod
    def from_array(cls, corners: NDArray[np.floating]) -> Quad:
        """Build from an array of shape (4, 2), rows TL TR BR BL, columns x y."""
        rows = [(float(x), float(y)) for x, y in corners]
        return cls(rows[0], rows[1], rows[2], rows[3])

    @classmethod
    def from_box(cls, box: Box) -> Quad:
        """The quad whose corners are those of an upright box."""
        return cls((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))

    def array(self) -> FloatArray:
        """Corners as (4, 2) float64, rows TL TR BR BL."""
        return np.array([self.top_left, self.top_right, self.bottom_right, self.bottom_left], dtype=np.float64)

    def hull(self) -> Box:
        """The smallest upright box around the corners."""
        corners = self.array()
        low, high = corners.min(axis=0), corners.max(axis=0)
        return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))

    @property
    def width(self) -> float:
        """Mean length of the top and bottom edges, pixels."""
        c = self.array()
        return float(np.hypot(*(c[1] - c[0])) + np.hypot(*(c[2] - c[3]))) / 2

    @property
    def height(self) -> float:
        """Mean length of the left and right edges, pixels."""
        c = self.array()
        return float(np.hypot(*(c[3] - c[0])) + np.hypot(*(c[2] - c[1]))) / 2

    def scaled(self, x: float, y: float) -> Quad:
        """Corners multiplied by ``x`` and ``y``."""
        return Quad.from_array(self.array() * np.array([x, y]))

    def shifted(self, x: float, y: float) -> Quad:
        """Corners moved by ``x`` and ``y`` pixels."""
        return Quad.from_array(self.array() + np.array([x, y]))


def homography(source: FloatArray, target: FloatArray) -> FloatArray:
    """The 3x3 projective map that carries four points onto four points.

    Solves the eight linear equations of the direct linear transform (Hartley and Zisserman,
    *Multiple View Geometry*, section 4.1) with the last element fixed to 1.

    Args:
        source: (4, 2) points, no three on a line.
        target: (4, 2) points.

    Raises:
        ValueError: Three of the points lie on one line.
    """
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    try:
        solution = np.linalg.solve(np.array(rows, dtype=np.float64), np.asarray(target, dtype=np.float64).reshape(8))
    except np.linalg.LinAlgError as error:
        raise ValueError(f"three of the points {source.tolist()} lie on one line") from error
    return np.append(solution, 1.0).reshape(3, 3)


def project(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """Apply a 3x3 projective map to (N, 2) points; returns (N, 2)."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:], dtype=np.float64)
