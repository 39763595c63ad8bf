"""Sizes of vehicles, and their own axes put into the street."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npr_edge.training.scenes.camera import Camera, Points


@dataclass(frozen=True, slots=True)
class Body:
    """Sizes of a kind of vehicle, metres.

    Attributes:
        width: Of the body.
        length: From bumper to bumper.
        shoulder: Height of the bonnet's front edge, or of the tail's upper edge.
        waist: Height of the lower edge of the windows.
        roof: Height of the roof.
        nose: From the front (or tail) face to the foot of the glass; ``slope`` from there to the roof.
        slope: See ``nose``.
        plate: Height of the plate's middle.
    """

    width: float
    length: float
    shoulder: float
    waist: float
    roof: float
    nose: float
    slope: float
    plate: float


FRONTS = {
    "car": Body(1.78, 4.2, 0.78, 0.95, 1.45, 0.95, 0.75, 0.46),
    "small": Body(1.65, 3.6, 0.82, 0.98, 1.5, 0.65, 0.6, 0.48),
    "suv": Body(1.9, 4.5, 1.0, 1.12, 1.72, 0.95, 0.6, 0.62),
    "van": Body(2.0, 5.2, 1.1, 1.25, 2.2, 0.55, 0.55, 0.55),
    "truck": Body(2.45, 8.0, 1.35, 1.45, 3.1, 0.05, 0.15, 0.55),
}
REARS = {
    "car": Body(1.78, 4.2, 0.98, 1.0, 1.43, 0.55, 0.6, 0.82),
    "small": Body(1.65, 3.6, 0.98, 1.0, 1.5, 0.05, 0.3, 0.78),
    "suv": Body(1.9, 4.5, 1.08, 1.12, 1.72, 0.05, 0.25, 0.9),
    "van": Body(2.0, 5.2, 1.2, 1.25, 2.2, 0.02, 0.05, 0.8),
    "truck": Body(2.45, 8.0, 1.0, 1.05, 3.1, 0.02, 0.02, 0.65),
}


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the middle of the vehicle's visible end stands: metres; ``yaw`` turns it, 0 faces the camera."""

    x: float
    z: float
    yaw: float = 0.0


class Solid:
    """The vehicle's own axes put into the street: u to the right, v up, w into its length."""

    def __init__(self, camera: Camera, pose: Pose) -> None:
        self._camera = camera
        self._origin = np.array([pose.x, 0.0, pose.z])
        self._right = np.array([np.cos(pose.yaw), 0.0, np.sin(pose.yaw)])
        self._inward = np.array([-np.sin(pose.yaw), 0.0, np.cos(pose.yaw)])

    def pixels(self, points: Sequence[tuple[float, float, float]] | Points) -> Points:
        """Pixels (N, 2) of points in the vehicle's axes, metres."""
        own = np.array(points, np.float64)
        street = self._origin + own[:, :1] * self._right + own[:, 2:] * self._inward
        street[:, 1] = own[:, 1]
        return self._camera.project(street)
