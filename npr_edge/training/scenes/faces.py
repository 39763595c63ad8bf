"""Pictures of vehicle fronts and tails, drawn flat: bumper, grille, lights, lids, badges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from npr_edge.training.scenes.paint import Colour, Image, cloud_noise, polygon, scaled

PX_PER_M = 260
"""Pixels of a face's picture per metre."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A drawn front or tail: (H, W, 3) uint8 BGR and its alpha (H, W) uint8."""

    image: Image
    alpha: Image


def draw_face(
    width_m: float, height_m: float, paint: Colour, *, rear: bool, rng: np.random.Generator, plate_height: float
) -> Face:
    """Draw a front or tail from 0.12 m above the street up to ``height_m``.

    Args:
        width_m: Width of the vehicle.
        height_m: Upper edge of the face above the street.
        paint: Colour of the body.
        rear: A tail instead of a front.
        rng: Looks.
        plate_height: Middle of the plate above the street, which stays free of lights and badges.
    """
    width, height = round(width_m * PX_PER_M), round((height_m - 0.12) * PX_PER_M)
    image = np.empty((height, width, 3), np.uint8)
    shade = np.linspace(1.1, 0.68, height)[:, None, None] * np.array(paint)
    image[:] = np.clip(shade, 0, 255)
    plate_y = (height_m - plate_height) / (height_m - 0.12)
    if rear:
        _tail(image, paint, plate_y, rng)
    else:
        _nose(image, paint, plate_y, rng)
    lit = image * (1 + 0.05 * cloud_noise((width, height), 6, rng)[..., None])
    alpha = np.zeros((height, width), np.uint8)
    round_px = rng.uniform(0.05, 0.14) * width
    outline = _rounded(width, height, round_px)
    polygon(alpha, outline, (255, 255, 255))
    return Face(np.clip(lit, 0, 255).astype(np.uint8), alpha)


def _rounded(width: int, height: int, radius: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    points = []
    low = radius * 0.5
    corners = ((radius, radius, 180, radius), (width - radius, radius, 270, radius),
               (width - low, height - low, 0, low), (low, height - low, 90, low))  # fmt: skip
    for x, y, start, size in corners:
        angles = np.radians(np.linspace(start, start + 90, 6))
        points.append(np.column_stack([x + np.cos(angles) * size, y + np.sin(angles) * size]))
    return np.vstack(points)


def _box(image: Image, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """Fill a rectangle given in parts of the picture."""
    height, width = image.shape[:2]
    cv2.rectangle(
        image, (round(left * width), round(top * height)), (round(right * width), round(bottom * height)), colour, -1
    )


def _nose(image: Image, paint: Colour, plate_y: float, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    dark: Colour = (28, 27, 26)
    wide, top = rng.uniform(0.2, 0.34), rng.uniform(0.1, 0.2)
    deep = rng.uniform(0.16, 0.3)
    grille = np.array(
        [(0.5 - wide, top), (0.5 + wide, top), (0.5 + wide * 0.8, top + deep), (0.5 - wide * 0.8, top + deep)]
    )
    polygon(image, grille * [width, height], dark)
    bars = int(rng.integers(2, 7))
    for index in range(bars):
        y = (top + deep * (index + 0.5) / bars) * height
        cv2.line(
            image,
            (round((0.5 - wide * 0.9) * width), round(y)),
            (round((0.5 + wide * 0.9) * width), round(y)),
            (85, 85, 88),
            2,
            cv2.LINE_AA,
        )
    badge = (round(0.5 * width), round((top + deep * 0.45) * height))
    cv2.circle(image, badge, round(0.045 * height + 4), (175, 175, 178), -1, cv2.LINE_AA)
    cv2.circle(image, badge, round(0.03 * height + 2), (95, 95, 100), -1, cv2.LINE_AA)
    lamp_top, lamp_deep, lamp_in = rng.uniform(0.1, 0.2), rng.uniform(0.12, 0.22), rng.uniform(0.22, 0.3)
    for side in (0, 1):
        shape = np.array(
            [
                (0.02, lamp_top),
                (lamp_in, lamp_top + lamp_deep * rng.uniform(0.1, 0.5)),
                (lamp_in * 0.85, lamp_top + lamp_deep),
                (0.04, lamp_top + lamp_deep * 0.8),
            ]
        )
        if side:
            shape[:, 0] = 1 - shape[:, 0]
        polygon(image, shape * [width, height], (70, 68, 66))
        centre = shape.mean(axis=0) * [width, height]
        cv2.circle(
            image,
            (round(centre[0]), round(centre[1])),
            round(lamp_deep * height * 0.3),
            (235, 235, 230),
            -1,
            cv2.LINE_AA,
        )
        fog = round((0.12 if not side else 0.88) * width), round(0.83 * height)
        cv2.circle(image, fog, round(0.045 * height + 3), dark, -1, cv2.LINE_AA)
    _box(image, 0.0, plate_y - 0.17, 1.0, plate_y - 0.155, scaled(paint, 0.5))
    _box(image, rng.uniform(0.12, 0.25), 0.86, rng.uniform(0.75, 0.88), 0.99, dark)


def _tail(image: Image, paint: Colour, plate_y: float, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    top, deep, inner = rng.uniform(0.06, 0.18), rng.uniform(0.14, 0.3), rng.uniform(0.12, 0.24)
    for side in (0, 1):
        left, right = (0.0, inner) if not side else (1 - inner, 1.0)
        _box(image, left, top, right, top + deep, (35, 25, 165))
        _box(
            image,
            left,
            top + deep * 0.55,
            right,
            top + deep * 0.8,
            (60, 90, 220) if rng.random() < 0.5 else (190, 190, 200),
        )
    recess = rng.uniform(0.18, 0.26)
    _box(image, 0.5 - recess, plate_y - 0.12, 0.5 + recess, plate_y + 0.12, scaled(paint, 0.55))
    badge = (round(0.5 * width), round(max(plate_y - 0.2, 0.06) * height))
    cv2.circle(image, badge, round(0.035 * height + 3), (180, 180, 182), -1, cv2.LINE_AA)
    bumper = rng.uniform(0.6, 0.75)
    _box(image, 0, bumper, 1, bumper + 0.012, scaled(paint, 0.45))
    _box(image, 0, 0.86, 1, 1, (40, 40, 42))
    if rng.random() < 0.6:  # a model name, which is no plate
        word = str(rng.choice(["GT", "1.6 TDI", "HYBRID", "SPORT", "X5", "4x4", "TURBO", "LX"]))
        cv2.putText(
            image,
            word,
            (round(0.7 * width), round(min(plate_y + 0.24, 0.6) * height)),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.7,
            (190, 190, 192),
            2,
            cv2.LINE_AA,
        )


def draw_glass(paint: Colour, rng: np.random.Generator) -> Image:
    """A windscreen or rear window with reflections, (120, 300, 3) uint8 BGR."""
    glass = np.empty((120, 300, 3), np.float32)
    base = np.array([rng.uniform(50, 85), rng.uniform(45, 75), rng.uniform(38, 65)], np.float32)
    glass[:] = base * np.linspace(1.7, 0.75, 120, dtype=np.float32)[:, None, None]
    glass += 14 * cloud_noise((300, 120), 7, rng)[..., None]
    picture = np.clip(glass, 0, 255).astype(np.uint8)
    sheen = picture.copy()
    x = rng.uniform(20, 220)
    polygon(sheen, np.array([(x, 0), (x + 60, 0), (x + 10, 120), (x - 50, 120)]), (190, 185, 175))
    cv2.addWeighted(sheen, 0.35, picture, 0.65, 0, dst=picture)
    for head in (80, 220):  # head rests
        cv2.rectangle(picture, (head - 14, 66), (head + 14, 112), (28, 27, 26), -1)
    cv2.rectangle(picture, (0, 0), (299, 119), scaled(paint, 0.75), 5)
    return picture
