"""What time and use do to a plate: fading, dirt, scratches, screws, frames, shadows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.plates import lettering
from npr_edge.training.plates.design import Colour
from npr_edge.training.plates.paint import Canvas, disc, stamp

FRAME_TEXTS = (
    "AUTOHAUS",
    "MOTORS",
    "HONDA",
    "TOYOTA",
    "www.cars.example",
    "NISSAN",
    "AUTO GROUP",
    "CHEVROLET",
    "FORD",
    "SUBARU",
    "ALUMNI",
    "DEALER OF THE YEAR",
    "BMW",
    "AUDI",
    "SINCE 1974",
    "VOLKSWAGEN",
    "KIA",
    "HYUNDAI",
    "RENAULT",
    "IL MIO AUTO",
)


def weather(image: Canvas, scale: float, rng: np.random.Generator) -> Canvas:
    """A worn copy of the plate's picture, same size.

    Args:
        image: (H, W, 3) uint8 BGR.
        scale: Pixels per mm, for the size of screws and frames.
        rng: What happens, and how strongly.
    """
    picture = image.copy()
    if rng.random() < 0.5:
        _screws(picture, scale, rng)
    if rng.random() < 0.22:
        _frame(picture, scale, rng)
    layer = picture.astype(np.float32)
    layer *= _light(picture.shape[:2], rng)[..., None]
    if rng.random() < 0.3:
        _dirt(layer, rng)
    if rng.random() < 0.2:  # faded: towards a pale grey
        share = rng.uniform(0.1, 0.4)
        layer = layer * (1 - share) + rng.uniform(120, 200) * share
    picture = np.clip(layer, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        _scratches(picture, rng)
    if rng.random() < 0.12:
        _shadow(picture, rng)
    return picture


def _light(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Uneven light: a few random values stretched over the plate, about 1."""
    coarse = rng.normal(1.0, rng.uniform(0.01, 0.12), (2, 4)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _dirt(layer: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Blots and a haze of mud, from coarse noise; the lower edge gets more of it."""
    height, width = layer.shape[:2]
    cells = int(rng.integers(4, 40))
    coarse = rng.random((max(cells // 4, 2), cells)).astype(np.float32)
    noise = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    if rng.random() < 0.5:
        noise += np.linspace(-0.3, 0.3, height, dtype=np.float32)[:, None]
    cover = np.clip((noise - rng.uniform(0.55, 0.8)) * rng.uniform(0.5, 1.8), 0, rng.uniform(0.1, 0.45))[..., None]
    mud = np.array([rng.uniform(40, 120), rng.uniform(60, 130), rng.uniform(70, 140)], np.float32)
    layer *= 1 - cover
    layer += mud * cover


def _scratches(picture: Canvas, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 6))):
        start = rng.uniform(0, width), rng.uniform(0, height)
        step = rng.normal(0, 0.25 * width), rng.normal(0, 0.3 * height)
        shade = int(rng.integers(20, 240))
        first = round(start[0]), round(start[1])
        last = round(start[0] + step[0]), round(start[1] + step[1])
        cv2.line(picture, first, last, (shade, shade, shade), 1, cv2.LINE_AA)


def _screws(picture: Canvas, scale: float, rng: np.random.Generator) -> None:
    """Screws, caps and holes where plates are fixed: left and right of the middle, or along the top and bottom."""
    height, width = picture.shape[:2]
    two_line = height > 120
    low, high = (0.08, 0.92) if two_line else (0.12, 0.9)
    spots = [
        [(0.08, 0.5), (0.92, 0.5)],
        [(0.25, low), (0.75, low), (0.25, high), (0.75, high)],
        [(0.25, low), (0.75, low)],
        [(0.12, 0.5), (0.88, 0.5)],
        [(0.5, 0.12), (0.5, 0.9)],
        [(rng.uniform(0.1, 0.9), rng.uniform(0.15, 0.85)), (rng.uniform(0.1, 0.9), rng.uniform(0.15, 0.85))],
    ][int(rng.integers(6))]
    radius = rng.uniform(3, 7.5) * scale
    shade = np.array([rng.choice([30, 90, 150, 200, 240])] * 3) + rng.normal(0, 10, 3)
    if rng.random() < 0.12:
        shade = picture[height // 8, width // 2].astype(float) * 0.85
    paint = as_colour(shade)
    for x, y in spots:
        if rng.random() < 0.85:
            at = x * width + rng.normal(0, 1.5), y * height + rng.normal(0, 1.5)
            disc(picture, at[0] + 1, at[1] + 1, radius, (40, 40, 40))
            disc(picture, *at, radius, paint)
            if rng.random() < 0.5:
                disc(picture, at[0] - radius * 0.3, at[1] - radius * 0.3, radius * 0.35, (245, 245, 245))


def _frame(picture: Canvas, scale: float, rng: np.random.Generator) -> None:
    """A holder that grips over the plate's edge, sometimes with a dealer's name along the bottom or top."""
    height, width = picture.shape[:2]
    shade = rng.choice([12, 25, 40, 200, 170]) + rng.normal(0, 6)
    tint = np.clip(np.array([shade] * 3) + rng.normal(0, 5, 3), 0, 255)
    paint = as_colour(tint)
    thin = max(round(rng.uniform(1, 4) * scale), 1)
    deep = max(round(rng.uniform(2, 9 if height < 120 else 16) * scale), 2)
    top = deep if rng.random() < 0.15 else thin
    cv2.rectangle(picture, (0, 0), (width - 1, top - 1), paint, -1)
    cv2.rectangle(picture, (0, height - deep), (width - 1, height - 1), paint, -1)
    cv2.rectangle(picture, (0, 0), (thin - 1, height - 1), paint, -1)
    cv2.rectangle(picture, (width - thin, 0), (width - 1, height - 1), paint, -1)
    if deep >= 5 and rng.random() < 0.7:
        name = lettering.choose("caption", rng).name
        alpha = lettering.label(name, FRAME_TEXTS[int(rng.integers(len(FRAME_TEXTS)))], max(round(deep * 0.6), 4))
        ink = (235, 235, 235) if shade < 100 else (30, 30, 30)
        stamp(picture, alpha, (width - alpha.shape[1]) / 2, height - deep * 0.82, ink)


def _shadow(picture: Canvas, rng: np.random.Generator) -> None:
    """A straight-edged shadow over a part of the plate."""
    height, width = picture.shape[:2]
    cover = np.zeros((height, width), np.float32)
    if rng.random() < 0.6:
        depth = rng.uniform(0.1, 0.7) * height
        points = [(0, 0), (width, 0), (width, depth + rng.normal(0, 0.15) * height), (0, depth)]
    else:
        x = rng.uniform(0.1, 0.9) * width
        points = [(0, 0), (x, 0), (x + rng.normal(0, 0.2) * width, height), (0, height)]
    cv2.fillPoly(cover, [np.array(points).round().astype(np.int32)], rng.uniform(0.2, 0.6))
    soft = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.7, 6))
    picture[:] = (picture * (1 - soft[..., None])).astype(np.uint8)


def as_colour(values: NDArray[np.floating]) -> Colour:
    """Three numbers as a colour within range."""
    blue, green, red = (int(v) for v in np.clip(values, 0, 255))
    return blue, green, red
