"""What stands between the groups of a number: dashes, dots, seals, coats of arms, stickers."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from npr_edge.training.plates.design import Colour
from npr_edge.training.plates.layout import Gap
from npr_edge.training.plates.paint import Canvas, any_colour, blob, box, crest, disc

FIRST = ("seals", "crest", "sticker", "figure", "box", "script")
"""Marks of which a plate has one, in its first gap."""

_SEAL_TINTS: tuple[Colour, ...] = (
    (90, 170, 90),
    (60, 110, 190),
    (50, 170, 210),
    (170, 110, 60),
    (130, 130, 130),
    (170, 170, 170),
    (195, 195, 195),
)


def draw_marks(image: Canvas, kind: str, gaps: list[Gap], ink: Colour, rng: np.random.Generator) -> None:
    """Draw a design's mark into the gaps it belongs to."""
    chosen = gaps[:1] if kind in FIRST else gaps[-1:] if kind == "tail" else gaps
    for gap in chosen:
        mark(image, kind, gap, ink, rng)


def mark(image: Canvas, kind: str, gap: Gap, ink: Colour, rng: np.random.Generator) -> None:
    """Draw a mark of a design into a gap; an empty kind draws nothing."""
    if kind:
        _MARKS[kind](image, gap, ink, rng)


def _dash(image: Canvas, gap: Gap, ink: Colour, _: np.random.Generator) -> None:
    box(image, gap.x, gap.y, min(gap.width * 0.36, gap.height * 0.16), max(gap.height * 0.055, 1), ink)


def _dot(image: Canvas, gap: Gap, ink: Colour, _: np.random.Generator) -> None:
    disc(image, gap.x, gap.y, min(gap.height * 0.075, gap.width * 0.3), ink)


def _seals(image: Canvas, gap: Gap, _: Colour, rng: np.random.Generator) -> None:
    radius = min(gap.width * 0.48, gap.height * 0.2)
    side_by_side = gap.width > gap.height * 1.1
    for step in (-1, 1):
        x = gap.x + step * radius * 1.15 * side_by_side
        y = gap.y + step * gap.height * 0.24 * (not side_by_side)
        disc(image, x, y, radius, _SEAL_TINTS[int(rng.integers(len(_SEAL_TINTS)))])
        tint = any_colour(rng, 60) if rng.random() < 0.6 else (150, 150, 150)
        disc(image, x, y, radius * rng.uniform(0.3, 0.8), tint)
        disc(image, x, y, radius, (90, 90, 90), 1)


def _coat_of_arms(image: Canvas, gap: Gap, _: Colour, rng: np.random.Generator) -> None:
    radius = min(gap.width * 0.45, gap.height * 0.34)
    crest(image, gap.x, gap.y - gap.height * rng.uniform(-0.1, 0.15), radius, rng)


def _box(image: Canvas, gap: Gap, ink: Colour, _: np.random.Generator) -> None:
    height = image.shape[0]
    cv2.line(image, (round(gap.x), 0), (round(gap.x), height), ink, max(round(height * 0.025), 1))


def _sticker(image: Canvas, gap: Gap, _: Colour, rng: np.random.Generator) -> None:
    half = min(gap.width * 0.35, gap.height * 0.2)
    box(image, gap.x, gap.y, half + 1, half * 1.5 + 1, (80, 80, 80))
    box(image, gap.x, gap.y, half, half * 1.5, any_colour(rng, 60))


def _figure(image: Canvas, gap: Gap, ink: Colour, rng: np.random.Generator) -> None:
    tint = ink if rng.random() < 0.5 else any_colour(rng, 0, 230)
    blob(image, gap.x, gap.y, min(gap.width * 0.25, gap.height * 0.2), tint, rng)


def _script(image: Canvas, gap: Gap, ink: Colour, rng: np.random.Generator) -> None:
    """Something like Arabic handwriting: it must look like letters, and must not be read."""
    step = min(gap.width / 5, gap.height * 0.3)
    baseline = gap.y - gap.height * rng.uniform(-0.05, 0.2)
    for index in range(4):
        x = gap.x + (index - 1.5) * step
        size = step * rng.uniform(0.35, 0.7)
        start = float(rng.choice([0, 90, 180]))
        centre = round(x), round(baseline)
        thick = max(round(gap.height * 0.06), 1)
        cv2.ellipse(
            image, centre, (round(size) + 1, round(size * 0.8) + 1), 0, start, start + 220, ink, thick, cv2.LINE_AA
        )
        if rng.random() < 0.6:
            disc(image, x, baseline - size * rng.choice([-1.4, 1.5]), gap.height * 0.04, ink)


_MARKS: dict[str, Callable[[Canvas, Gap, Colour, np.random.Generator], None]] = {
    "dash": _dash,
    "dot": _dot,
    "seals": _seals,
    "crest": _coat_of_arms,
    "box": _box,
    "sticker": _sticker,
    "figure": _figure,
    "script": _script,
    "tail": _box,
}
