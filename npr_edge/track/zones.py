"""Where in the frame plates count, and the line that tells directions."""

from __future__ import annotations

from collections.abc import Sequence

from npr_edge.domain import Direction
from npr_edge.geometry import Box, Point, Quad

Corners = Sequence[Point]
MARGIN = 0.05
"""Surroundings kept around the zones when the frame is cropped to them, as a share of the frame."""


def contains(polygon: Corners, point: Point) -> bool:
    """Whether ``point`` lies inside ``polygon`` (crossing number; both in the same unit)."""
    x, y = point
    inside = False
    before = polygon[-1]
    for corner in polygon:
        if (corner[1] > y) != (before[1] > y):
            at = corner[0] + (y - corner[1]) * (before[0] - corner[0]) / (before[1] - corner[1])
            inside ^= x < at
        before = corner
    return inside


def counts(quad: Quad, frame: tuple[int, int], zones: Sequence[Corners], masks: Sequence[Corners]) -> bool:
    """Whether the plate's centre lies in a zone (or there are none) and in no mask.

    Args:
        quad: Plate corners, frame pixels.
        frame: Width and height of the frame, pixels.
        zones: Polygons in fractions of the frame.
        masks: Polygons in fractions of the frame.
    """
    x, y = quad.hull().centre
    point = (x / frame[0], y / frame[1])
    if any(contains(mask, point) for mask in masks):
        return False
    return not zones or any(contains(zone, point) for zone in zones)


def region_of_interest(zones: Sequence[Corners], frame: tuple[int, int]) -> Box:
    """The part of the frame around all zones, whole pixels; the whole frame where there are none."""
    width, height = frame
    if not zones:
        return Box(0, 0, width, height)
    xs = [x for zone in zones for x, _ in zone]
    ys = [y for zone in zones for _, y in zone]
    left, top = int(max(min(xs) - MARGIN, 0) * width), int(max(min(ys) - MARGIN, 0) * height)
    right, bottom = int(min(max(xs) + MARGIN, 1) * width), int(min(max(ys) + MARGIN, 1) * height)
    return Box(left, top, right - left, bottom - top)


def crossing(before: Point, after: Point, line: tuple[Point, Point]) -> Direction:
    """The way a step from ``before`` to ``after`` crosses ``line``; UNKNOWN where it does not.

    Crossing to the right-hand side of the line's arrow, as seen in the picture, is approaching.
    """
    start, end = line
    was, is_ = _side(start, end, before), _side(start, end, after)
    if (was > 0) == (is_ > 0):
        return Direction.UNKNOWN
    if (_side(before, after, start) > 0) == (_side(before, after, end) > 0):
        return Direction.UNKNOWN
    return Direction.APPROACHING if is_ > 0 else Direction.LEAVING


def _side(start: Point, end: Point, point: Point) -> float:
    """Positive on the right-hand side of start -> end, with y growing downwards."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
