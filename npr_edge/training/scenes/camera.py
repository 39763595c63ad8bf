"""A pinhole camera above a flat street: metres in, pixels out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
NEAR_M = 0.6
"""What is nearer than this cannot be drawn."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera stands and how it looks.

    The street's axes: x to the right, y up, z along the view, in metres; the camera stands at (0, height_m, 0).

    Attributes:
        width: Pixels of the picture; ``height`` likewise.
        height: See ``width``.
        focal: Focal length, pixels.
        height_m: Metres above the street.
        pitch: Radians below the horizontal.
        roll: Radians about the view.
    """

    width: int
    height: int
    focal: float
    height_m: float
    pitch: float
    roll: float = 0.0

    def project(self, points: Points) -> Points:
        """Street points (N, 3) to pixels (N, 2); what lies behind the camera is moved just before it."""
        x, up, ahead = points[:, 0], points[:, 1] - self.height_m, points[:, 2]
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        down = -up * cos - ahead * sin
        depth = np.maximum(-up * sin + ahead * cos, NEAR_M)
        across, below = x / depth * self.focal, down / depth * self.focal
        sin, cos = np.sin(self.roll), np.cos(self.roll)
        turned = np.column_stack([across * cos - below * sin, across * sin + below * cos])
        return np.asarray(turned + np.array([self.width / 2, self.height / 2]), np.float64)

    @property
    def horizon(self) -> float:
        """The y at which the street vanishes, pixels (without roll)."""
        return float(self.height / 2 - np.tan(self.pitch) * self.focal)


@dataclass(frozen=True, slots=True)
class Plane:
    """An upright or slanted rectangle in the street.

    Attributes:
        origin: Its lower left corner, metres.
        right: Vector along its lower edge, as long as the edge.
        up: Vector along its left edge, as long as the edge.
    """

    origin: tuple[float, float, float]
    right: tuple[float, float, float]
    up: tuple[float, float, float]

    def at(self, parts: Points) -> Points:
        """Street points (N, 3) at parts (N, 2) of the edges: (0, 0) lower left, (1, 1) upper right."""
        origin, right, up = (np.array(v, np.float64) for v in (self.origin, self.right, self.up))
        return np.asarray(origin + parts[:, :1] * right + parts[:, 1:] * up, np.float64)

    def corners(self) -> Points:
        """TL, TR, BR, BL as (4, 3)."""
        return self.at(np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float64))
