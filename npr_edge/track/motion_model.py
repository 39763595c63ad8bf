"""Where a plate will be next: constant velocity in the picture, and how far off it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from npr_edge.geometry import Box, Point, Quad

VELOCITY_GAIN = 0.6
"""Share of the newest step in the velocity."""

COAST_S = 0.6
"""A plate that is not seen goes on for this long at most; then it may have braked."""

GATE_KNOWN = 1.5
GATE_KNOWN_PER_S = 6.0
"""Plate widths around the forecast of a plate with known velocity: at rest, and more per second unseen."""

GATE_NEW = 1.0
GATE_NEW_PER_S = 50.0
"""Likewise for a plate seen once; 100 km/h is 5.3 plate widths in a tenth of a second."""

GATE_MAX = 12.0


@dataclass(frozen=True, slots=True)
class Motion:
    """Position and velocity of a plate in frame pixels at a moment of the monotonic clock.

    ``velocity`` is None until the plate was seen twice.
    """

    quad: Quad
    at_s: float
    velocity: Point | None = None

    def seen(self, quad: Quad, at_s: float) -> Motion:
        """The motion after the plate was seen at ``quad``."""
        span = at_s - self.at_s
        if span <= 0:
            return Motion(quad, at_s, self.velocity)
        before, after = self.quad.hull().centre, quad.hull().centre
        step = ((after[0] - before[0]) / span, (after[1] - before[1]) / span)
        if self.velocity is None:
            return Motion(quad, at_s, step)
        old, gain = self.velocity, VELOCITY_GAIN
        return Motion(quad, at_s, (old[0] + gain * (step[0] - old[0]), old[1] + gain * (step[1] - old[1])))

    def forecast(self, at_s: float) -> Quad:
        """Where the plate is expected at ``at_s``."""
        if self.velocity is None:
            return self.quad
        span = min(at_s - self.at_s, COAST_S)
        return self.quad.shifted(self.velocity[0] * span, self.velocity[1] * span)

    def gate_px(self, at_s: float) -> float:
        """How far from the forecast the plate may be at ``at_s``, pixels."""
        span = max(at_s - self.at_s, 0.0)
        start, per_s = (GATE_NEW, GATE_NEW_PER_S) if self.velocity is None else (GATE_KNOWN, GATE_KNOWN_PER_S)
        return min(start + per_s * span, GATE_MAX) * self.quad.width

    def speed_widths(self) -> float:
        """Speed in plate widths per second; 0 where it is not known yet."""
        if self.velocity is None:
            return 0.0
        return math.hypot(*self.velocity) / max(self.quad.width, 1.0)

    def has_left(self, at_s: float, frame: Box) -> bool:
        """Whether the forecast's centre lies outside the frame."""
        x, y = self.forecast(at_s).hull().centre
        return not (0 <= x <= frame.width and 0 <= y <= frame.height)
