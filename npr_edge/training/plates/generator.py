"""One plate from a seed: text, design, lettering, paint, wear."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.plates import draw, lettering, marks, texts, wear
from npr_edge.training.plates.catalogue import designs_of, region_weights
from npr_edge.training.plates.design import Colour, Design, Paint
from npr_edge.training.plates.layout import Field, Gap, Glyph, Style, line_fields, place_line
from npr_edge.training.plates.paint import Canvas, colour


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedPlate:
    """A drawn plate, seen square on, without optics.

    Attributes:
        image: (H, W, 3) uint8 BGR, cut at the plate's edges.
        text: A-Z0-9 without spaces, the upper line first.
        region: Code of the grammar.
        lines: 1 or 2.
        char_centres: (N, 2) float32, x and y as parts of the image, one row per character of ``text``.
    """

    image: Canvas
    text: str
    region: str
    lines: int
    char_centres: NDArray[np.float32]


def generate(rng: np.random.Generator, region: str | None = None) -> GeneratedPlate:
    """Draw a plate.

    Args:
        rng: All chance comes from here: the same state gives the same plate.
        region: Code of the grammar; ``us`` also draws the states' own; None takes any, by ``region_weights``.

    Raises:
        KeyError: The grammar has no such region.
    """
    code = region or _any_region(rng)
    if code == "us" and rng.random() < 0.9:
        states = [name for name in texts.regions() if name.startswith("us-")]
        code = states[int(rng.integers(len(states)))]
    content = texts.sample(code, rng)
    design = _choose_design(code, content, rng)
    return _draw(design, content, code, rng)


@cache
def _region_table() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    weights = region_weights()
    values = np.array(list(weights.values()))
    return tuple(weights), values / values.sum()


def _any_region(rng: np.random.Generator) -> str:
    codes, chances = _region_table()
    return codes[int(rng.choice(len(codes), p=chances))]


def _choose_design(region: str, content: texts.PlateText, rng: np.random.Generator) -> Design:
    """A design for as many lines that takes this kind and shape; a plain one where there is none."""
    fitting = []
    for design in designs_of(region):
        kind_ok = not design.kinds or content.kind in design.kinds
        shape_ok = not design.shapes or any(fnmatchcase(content.shape, shape) for shape in design.shapes)
        if design.lines == len(content.lines) and kind_ok and shape_ok:
            fitting.append(design)
    if not fitting:
        size = (520.0, 112.0) if len(content.lines) == 1 else (280.0, 200.0)
        return Design(region, size=size, lines=len(content.lines), border=2.5)
    weights = np.array([design.weight for design in fitting])
    return fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]


def _choose_paint(design: Design, rng: np.random.Generator) -> Paint:
    weights = np.array([paint.weight for paint in design.paints])
    return design.paints[int(rng.choice(len(weights), p=weights / weights.sum()))]


def _draw(design: Design, content: texts.PlateText, region: str, rng: np.random.Generator) -> GeneratedPlate:
    height = 96 if design.size[1] < 130 else 144 if design.size[1] < 160 else 160
    scale = height / design.size[1]
    width = round(design.size[0] * scale * rng.normal(1, 0.015))
    paint = _choose_paint(design, rng)
    ink = colour(paint.ink, rng, 10)
    image = draw.ground(design, paint, (width, height), rng)
    taken = {"left": 0.0, "right": 0.0, "top": 0.0, "bottom": 0.0}
    for band in design.bands:
        if taken[band.side] == 0:
            taken[band.side] = draw.band(image, band, scale, rng)
    draw.border(image, design, ink, scale, rng)
    for item in design.captions:
        if rng.random() < item.chance:
            draw.caption(image, item, colour(item.ink, rng) if item.ink else ink, scale, rng)
    margin = design.margin * scale
    field = Field(taken["left"] + margin, taken["top"], width - taken["right"] - margin, height - taken["bottom"])
    glyphs, gaps = _place(design, content, field, scale, rng)
    kind = design.marks[int(rng.integers(len(design.marks)))]
    marks.draw_marks(image, kind, gaps, ink, rng)
    _ink(image, glyphs, ink, rng)
    draw.stickers(image, design, rng)
    image = wear.weather(image, scale, rng)
    centres = [glyph.centre for glyph in glyphs if glyph.character]
    parts = np.array(centres, np.float32).reshape(-1, 2) / np.array([width, height], np.float32)
    return GeneratedPlate(image, content.text, region, len(content.lines), np.clip(parts, 0, 1))


def _place(
    design: Design, content: texts.PlateText, field: Field, scale: float, rng: np.random.Generator
) -> tuple[list[Glyph], list[Gap]]:
    style = Style(
        lettering.choose(design.face, rng),
        scale,
        design.stretch * rng.normal(1, 0.05),
        float(np.clip(rng.normal(1, 0.2), 0.45, 1.8)),
        float(np.clip(rng.normal(1, 0.15), 0.6, 1.5)),
    )
    glyphs: list[Glyph] = []
    gaps: list[Gap] = []
    fields = line_fields(design, field, len(content.lines), scale, rng)
    for line, area in zip(content.lines, fields, strict=True):
        line_glyphs, line_gaps = place_line(line, design, style, area, rng)
        glyphs += line_glyphs
        gaps += line_gaps
        if not gaps and line_glyphs and len(content.lines) > 1:  # room for a badge behind the upper line
            end = line_glyphs[-1].x + line_glyphs[-1].alpha.shape[1]
            room = min(field.right - end, design.space * scale * 1.6)
            gaps.append(Gap(end + room / 2, (area.top + area.bottom) / 2, max(room, 1), area.bottom - area.top))
    return glyphs, gaps


def _ink(image: Canvas, glyphs: list[Glyph], ink: Colour, rng: np.random.Generator) -> None:
    """Blend the characters in, with the plate's own stroke weight, softness and relief."""
    height, width = image.shape[:2]
    cover = np.zeros((height, width), np.uint8)
    for glyph in glyphs:
        x, y = round(glyph.x + rng.normal(0, 0.4)), round(glyph.y + rng.normal(0, 0.4))
        tall, wide = glyph.alpha.shape
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + wide, width), min(y + tall, height)
        if left < right and top < bottom:
            part = cover[top:bottom, left:right]
            np.maximum(part, glyph.alpha[top - y : bottom - y, left - x : right - x], out=part)
    soft = cv2.GaussianBlur(cover, (0, 0), 1.3).astype(np.float32) / 255
    alpha = np.clip((soft - 0.5 + rng.normal(0.02, 0.09)) * rng.uniform(1.5, 3.5) + 0.5, 0, 1)
    alpha *= rng.uniform(0.86, 1.0)
    relief = rng.uniform(10, 60) * (rng.random() < 0.33)
    picture = image.astype(np.float32)
    if relief:
        depth = 1 if rng.random() < 0.7 else 2
        edge = soft - np.roll(soft, (depth, depth), (0, 1))
        picture += edge[..., None] * (relief if rng.random() < 0.5 else -relief)
    if rng.random() < 0.05:  # raised letters (3D, 4D) throw a shadow
        drop = np.roll(alpha, (int(rng.integers(1, 4)), int(rng.integers(-2, 4))), (0, 1))[..., None]
        picture *= 1 - 0.4 * drop
    picture += (np.array(ink, np.float32) - picture) * alpha[..., None]
    image[:] = np.clip(picture, 0, 255).astype(np.uint8)
