"""The solid part of a vehicle: shadow, flanks, wheels, cabin, bonnet and roof as shaded polygons."""

from __future__ import annotations

import cv2
import numpy as np

from npr_edge.training.scenes.camera import Points
from npr_edge.training.scenes.paint import Colour, Image, hull, polygon, scaled
from npr_edge.training.scenes.solid import Body, Solid

BOXES = ("van", "truck")
"""Kinds without windows in the rear flank."""


def draw_shadow(image: Image, solid: Solid, body: Body, ambient: float) -> None:
    """Darken the ground under the vehicle."""
    half, reach = body.width / 2 + 0.08, body.length + 0.1
    ground = solid.pixels([(-half, 0, -0.15), (half, 0, -0.15), (half, 0, reach), (-half, 0, reach)])
    low = np.clip(np.floor(ground.min(axis=0)).astype(int) - 2, 0, None)
    high = np.clip(np.ceil(ground.max(axis=0)).astype(int) + 2, 0, None)
    region = image[low[1] : high[1], low[0] : high[0]]
    if region.size == 0:
        return
    layer = region.copy()
    hull(layer, ground - low, (18, 18, 18))
    share = 0.75 if ambient > 0.6 else 0.9
    region[:] = cv2.addWeighted(layer, share, region, 1 - share, 0)


def draw_shell(image: Image, solid: Solid, body: Body, kind: str, paint: Colour) -> Points:
    """Paint everything but the face and the glass; returns the outline's pixels (N, 2).

    Args:
        image: Painted in place.
        solid: The vehicle's axes.
        body: Sizes.
        kind: Kind of vehicle.
        paint: Colour of the body, as bright as the hour allows.
    """
    half, end = body.width / 2, body.length
    profile = ((0.22, 0.05), (body.shoulder, 0.0), (body.waist, body.nose), (body.waist, end), (0.22, end))
    outline = solid.pixels([(side * half, up, along) for side in (-1, 1) for up, along in profile])
    hull(image, outline, scaled(paint, 0.62))
    brightness = max(paint) / 255
    _wheels(image, solid, body, 0.3 + 0.5 * brightness)
    cabin = _cabin(image, solid, body, kind, paint)
    near, far = half, half * 0.95
    bonnet = [
        (-near, body.shoulder, 0),
        (near, body.shoulder, 0),
        (far, body.waist, body.nose),
        (-far, body.waist, body.nose),
    ]
    polygon(image, solid.pixels(bonnet), scaled(paint, 1.06))
    return np.vstack([outline, cabin])


def _wheels(image: Image, solid: Solid, body: Body, light: float) -> None:
    """Wheels in both flanks (those of the far one disappear under the body) and tyres under the bumper."""
    half = body.width / 2
    rubber, rim = scaled((40, 40, 42), light), scaled((170, 170, 172), light)
    for side in (-1, 1):
        for along in (0.8, body.length - 0.8):
            for radius, paint in ((0.33, rubber), (0.18, rim)):
                turn = np.linspace(0, 2 * np.pi, 14)
                circle = np.column_stack(
                    [np.full(14, side * half), 0.33 + radius * np.sin(turn), along + radius * np.cos(turn)]
                )
                polygon(image, solid.pixels(circle), paint)
        inner, outer = side * (half - 0.25), side * (half - 0.03)
        tyre = [(inner, 0.0, 0.45), (outer, 0.0, 0.45), (outer, 0.35, 0.45), (inner, 0.35, 0.45)]
        polygon(image, solid.pixels(tyre), rubber)


def _cabin(image: Image, solid: Solid, body: Body, kind: str, paint: Colour) -> Points:
    """The part above the waist: pillars, flank windows, roof; returns its pixels."""
    half = body.width / 2
    front, top = body.nose, body.nose + body.slope
    rear = body.length - (0.05 if kind in BOXES else 0.5)
    foot, roof_half = body.waist - 0.03, half * 0.82
    profile = (
        (half * 0.98, foot, front),
        (roof_half, body.roof, top),
        (roof_half, body.roof, rear - 0.3),
        (half * 0.98, foot, rear),
    )
    pixels = solid.pixels([(side * aside, up, along) for side in (-1, 1) for aside, up, along in profile])
    hull(image, pixels, scaled(paint, 0.8))
    glass = scaled((62, 54, 46), 0.3 + 0.8 * max(paint) / 255)
    sill, lintel = half * 0.97, half * 0.84
    for side in (-1, 1):
        flank = solid.pixels([
            (side * sill, body.waist, front + 0.25), (side * lintel, body.roof - 0.08, top + 0.1),
            (side * lintel, body.roof - 0.08, rear - 0.5), (side * sill, body.waist, rear - 0.25),
        ])  # fmt: skip
        if kind not in BOXES and side * _turn(flank) > 0:  # only the flank that faces the camera
            polygon(image, flank, glass)
    roof = [
        (-roof_half, body.roof, top),
        (roof_half, body.roof, top),
        (roof_half, body.roof, rear - 0.3),
        (-roof_half, body.roof, rear - 0.3),
    ]
    polygon(image, solid.pixels(roof), scaled(paint, 1.12))
    return pixels


def _turn(quad: Points) -> float:
    """Twice the signed area: its sign tells the way round, so which flank is seen."""
    x, y = quad[:, 0], quad[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
