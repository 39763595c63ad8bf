"""Painting on a plate's picture: colours, discs, stamped masks, and the emblems made of them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.plates import lettering
from npr_edge.training.plates.design import COLOURS, Colour

Canvas = NDArray[np.uint8]
SHIFT = 4
"""Fractional bits of the coordinates handed to OpenCV."""


def colour(name: str, rng: np.random.Generator, spread: float = 7) -> Colour:
    """The named colour, a little off, as paint is."""
    base = np.array(COLOURS[name]) + rng.normal(0, spread) + rng.normal(0, spread * 0.7, 3)
    blue, green, red = (int(v) for v in np.clip(base, 0, 255))
    return blue, green, red


def any_colour(rng: np.random.Generator, low: int = 10, high: int = 245) -> Colour:
    """A random colour with channels of ``low`` to ``high``."""
    blue, green, red = (int(v) for v in rng.integers(low, high, 3))
    return blue, green, red


def fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Coordinates in pixels as OpenCV's fixed point numbers."""
    return np.asarray((points * (1 << SHIFT)).round(), np.int32)


def disc(image: Canvas, x: float, y: float, radius: float, paint: Colour, thickness: int = -1) -> None:
    """A filled or drawn circle at sub-pixel place."""
    scale = 1 << SHIFT
    centre = round(x * scale), round(y * scale)
    cv2.circle(image, centre, round(max(radius, 0.3) * scale), paint, thickness, cv2.LINE_AA, SHIFT)


def box(image: Canvas, x: float, y: float, across: float, down: float, paint: Colour) -> None:
    """A filled rectangle around its centre, ``across`` and ``down`` from the centre to the edge."""
    first, last = (round(x - across), round(y - down)), (round(x + across), round(y + down))
    cv2.rectangle(image, first, last, paint, -1)


def blob(image: Canvas, x: float, y: float, radius: float, paint: Colour, rng: np.random.Generator) -> None:
    """A random convex figure of about ``radius``."""
    corners = rng.normal(0, radius, (int(rng.integers(5, 11)), 2)) + np.array([x, y])
    cv2.fillPoly(image, [cv2.convexHull(fixed(corners))], paint, cv2.LINE_AA, SHIFT)


def stamp(image: Canvas, alpha: NDArray[np.uint8], x: float, y: float, paint: Colour) -> None:
    """Blend ``paint`` into the image where ``alpha`` (its top left at x, y) is set; what lies outside is cut."""
    left, top = round(x), round(y)
    first_x, first_y = max(left, 0), max(top, 0)
    last_x, last_y = min(left + alpha.shape[1], image.shape[1]), min(top + alpha.shape[0], image.shape[0])
    if first_x >= last_x or first_y >= last_y:
        return
    cover = alpha[first_y - top : last_y - top, first_x - left : last_x - left, None].astype(np.float32) / 255
    region = image[first_y:last_y, first_x:last_x]
    region[:] = (region * (1 - cover) + np.array(paint, np.float32) * cover).astype(np.uint8)


def crest(image: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """A small coat of arms: a shield with some figures."""
    shape = np.array([(-0.75, -0.9), (0.75, -0.9), (0.75, 0.1), (0, 1.0), (-0.75, 0.1)])
    points = fixed(shape * radius + np.array([x, y]))
    cv2.fillPoly(image, [points], any_colour(rng, 20), cv2.LINE_AA, SHIFT)
    for _ in range(int(rng.integers(2, 6))):
        aside, below = rng.normal(0, radius * 0.35, 2)
        disc(image, x + aside, y + below, radius * rng.uniform(0.1, 0.35), any_colour(rng))
    if rng.random() < 0.5:
        cv2.polylines(image, [points], True, (60, 60, 60), 1, cv2.LINE_AA, SHIFT)


def emblem(image: Canvas, kind: str, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Draw the emblem of a band around x, y: ``name`` or ``name:detail``; an empty name draws nothing."""
    name, _, detail = kind.partition(":")
    if name:
        _EMBLEMS[name](image, detail, (x, y, radius), rng)


Place = tuple[float, float, float]


def _stars(image: Canvas, _: str, place: Place, rng: np.random.Generator) -> None:
    x, y, radius = place
    gold = colour("lemon" if rng.random() < 0.7 else "cream", rng)
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        disc(image, x + np.cos(angle) * radius, y + np.sin(angle) * radius, radius * 0.13, gold)


def _flag(image: Canvas, detail: str, place: Place, rng: np.random.Generator) -> None:
    x, y, radius = place
    stripes = detail.split(",")
    half = radius * 0.75 / len(stripes)
    for index, stripe in enumerate(stripes):
        box(image, x, y + (2 * index + 1 - len(stripes)) * half, radius * 1.05, half, colour(stripe, rng, 4))


def _union(image: Canvas, _: str, place: Place, rng: np.random.Generator) -> None:
    x, y, radius = place
    across, down = radius * 1.15, radius * 0.75
    box(image, x, y, across, down, colour("navy", rng))
    white, red = colour("white", rng), colour("red", rng)
    for paint, share in ((white, 0.3), (red, 0.12)):
        thick = max(round(radius * share), 1)
        for way in (-1, 1):
            first, last = (round(x - across), round(y - down * way)), (round(x + across), round(y + down * way))
            cv2.line(image, first, last, paint, thick, cv2.LINE_AA)
    for paint, share in ((white, 0.21), (red, 0.12)):
        box(image, x, y, across, radius * share, paint)
        box(image, x, y, radius * share, down, paint)


def _cross(image: Canvas, detail: str, place: Place, rng: np.random.Generator) -> None:
    x, y, radius = place
    ground, line = detail.split(",")
    across, down, half = radius * 1.1, radius * 0.8, radius * 0.17
    box(image, x, y, across, down, colour(ground, rng, 4))
    paint = colour(line, rng, 4)
    box(image, x, y, across, half, paint)
    box(image, x - across / 3, y, half, down, paint)


def _dot(image: Canvas, detail: str, place: Place, rng: np.random.Generator) -> None:
    x, y, radius = place
    disc(image, x, y, radius * 0.8, colour(detail or "gold", rng, 15))


def _stack(image: Canvas, detail: str, place: Place, rng: np.random.Generator) -> None:
    """Two small letters one above the other, which conventions of the labels leave out of the number."""
    x, y, radius = place
    pairs = detail.split(",")
    cap = max(round(radius * 1.9), 5)
    ink = colour("black", rng)
    for step, letter in enumerate(pairs[int(rng.integers(len(pairs)))]):
        alpha = lettering.label(lettering.choose("caption", rng).name, letter, cap)
        stamp(image, alpha, x - alpha.shape[1] / 2, y + step * cap * 1.3, ink)


def _crest(image: Canvas, _: str, place: Place, rng: np.random.Generator) -> None:
    crest(image, *place, rng)


_EMBLEMS: dict[str, Callable[[Canvas, str, Place, np.random.Generator], None]] = {
    "stars": _stars,
    "flag": _flag,
    "union": _union,
    "cross": _cross,
    "dot": _dot,
    "crest": _crest,
    "stack": _stack,
}
