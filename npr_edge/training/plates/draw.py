"""The parts of a plate beside its number: ground, bands, captions, border, stickers."""

from __future__ import annotations

import cv2
import numpy as np

from npr_edge.training.plates import lettering
from npr_edge.training.plates.design import Band, Caption, Colour, Design, Paint
from npr_edge.training.plates.paint import SHIFT, Canvas, any_colour, blob, box, colour, disc, emblem, fixed, stamp


def ground(design: Design, paint: Paint, size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """The empty plate: plain colour, gradient, or a picture in pale colours; ``size`` is (width, height)."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    top = np.array(colour(paint.ground, rng, 9), np.float32)
    image[:] = top
    if paint.fade:
        low = np.array(colour(paint.fade, rng, 9), np.float32)
        ramp = np.clip(np.linspace(-0.4, 1.4, height, dtype=np.float32), 0, 1)[:, None, None]
        if rng.random() < 0.25:
            ramp = np.abs(ramp * 2 - 1)
        image[:] = top * (1 - ramp) + low * ramp
    if rng.random() < design.art:
        _art(image, rng)
    return image


def _art(image: Canvas, rng: np.random.Generator) -> None:
    """A pale landscape or figure, as on American plates."""
    height, width = image.shape[:2]
    layer = image.copy()
    kind = int(rng.integers(4))
    if kind == 0:
        _hills(layer, rng)
    elif kind == 1:  # a figure in the middle or at a side
        x = (0.12, 0.5, 0.5, 0.88)[int(rng.integers(4))] * width
        blob(layer, x, rng.uniform(0.35, 0.65) * height, 0.16 * height, any_colour(rng, 60), rng)
    elif kind == 2:  # sweeping stripes
        for _ in range(int(rng.integers(1, 5))):
            centre = int(rng.uniform(0, width)), int(rng.uniform(0.5, 2.2) * height)
            axes = int(rng.uniform(0.4, 1.2) * width), int(rng.uniform(0.5, 1.8) * height)
            thick = int(rng.integers(2, 14))
            cv2.ellipse(layer, centre, axes, 0, 180, 360, any_colour(rng, 60), thick, cv2.LINE_AA)
    else:  # soft blots
        for _ in range(int(rng.integers(2, 7))):
            radius = rng.uniform(0.1, 0.5) * height
            disc(layer, rng.uniform(0, width), rng.uniform(0, height), radius, any_colour(rng, 80))
        cv2.GaussianBlur(layer, (0, 0), height * 0.06, dst=layer)
    share = rng.uniform(0.15, 0.55)
    cv2.addWeighted(layer, share, image, 1 - share, 0, dst=image)


def _hills(layer: Canvas, rng: np.random.Generator) -> None:
    height, width = layer.shape[:2]
    base = rng.uniform(0.35, 0.8)
    for _ in range(int(rng.integers(1, 4))):
        knots = rng.uniform(-0.18, 0.18, int(rng.integers(4, 12))) + base
        xs = np.linspace(0, width, 40)
        ys = np.interp(xs, np.linspace(0, width, len(knots)), knots) * height
        outline = np.vstack([np.column_stack([xs, ys]), [[width, height], [0, height]]])
        cv2.fillPoly(layer, [outline.astype(np.int32)], any_colour(rng, 60))
        base += 0.12


def caption(image: Canvas, item: Caption, ink: Colour, scale: float, rng: np.random.Generator) -> None:
    """Write one of the caption's texts."""
    height, width = image.shape[:2]
    text = written(item.texts, rng)
    if not text:
        return
    source = lettering.choose("caption", rng)
    cap = max(round(item.height * scale * rng.uniform(0.88, 1.12)), 4)
    if item.stacked:
        y = item.y * height
        for character in text:
            alpha = lettering.label(source.name, character, cap)
            stamp(image, alpha, item.x * width - alpha.shape[1] / 2, y, ink)
            y += cap * 1.25
        return
    alpha = lettering.label(source.name, text, cap)
    room = 0.94 * width * (1 if 0.3 < item.x < 0.7 else 0.5)
    if alpha.shape[1] > room:
        alpha = np.asarray(cv2.resize(alpha, (int(room), alpha.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
    x = np.clip(item.x * width - alpha.shape[1] / 2, 2, max(width - alpha.shape[1] - 2, 2))
    stamp(image, alpha, float(x) + rng.normal(0, 0.005 * width), item.y * height - cap / 2, ink)


def band(image: Canvas, item: Band, scale: float, rng: np.random.Generator) -> float:
    """Draw a band; returns how many pixels of its side it takes (0 when it is left out)."""
    if rng.random() > item.chance:
        return 0.0
    height, width = image.shape[:2]
    extent = item.width * scale * rng.uniform(0.92, 1.08)
    upright = item.side in ("left", "right")
    across, down = (extent, float(height)) if upright else (float(width), extent)
    left = width - extent if item.side == "right" else 0.0
    top = height - extent if item.side == "bottom" else 0.0
    if item.colour:
        paint = colour(item.colour, rng)
        if item.colour == "eublue" and rng.random() < 0.25:  # bleached by the sun
            paint = paint[0] // 2 + 120, paint[1] // 2 + 120, paint[2] // 2 + 120
        cv2.rectangle(image, (round(left), round(top)), (round(left + across), round(top + down)), paint, -1)
    text = written(item.texts, rng)
    if upright:
        emblem(image, item.emblem, left + across / 2, top + down * 0.33, min(across * 0.36, down * 0.22), rng)
        low = 0.76 if item.emblem else float(rng.choice([0.5, 0.7]))
        _fit_label(image, text, (left, top + down * (low - 0.13), across, down * 0.26), item.ink, rng)
    else:
        _fit_label(image, text, (left + across * 0.1, top + down * 0.18, across * 0.8, down * 0.64), item.ink, rng)
        for at in (0.06, 0.93):
            emblem(image, item.emblem, left + across * at, top + down / 2, down * 0.32, rng)
    return extent


def written(texts: tuple[str, ...], rng: np.random.Generator) -> str:
    """One of the texts, its ``#`` replaced by digits; empty for none."""
    if not texts:
        return ""
    text = texts[int(rng.integers(len(texts)))]
    return "".join(str(rng.integers(10)) if character == "#" else character for character in text)


def _fit_label(
    image: Canvas, text: str, area: tuple[float, float, float, float], ink: str, rng: np.random.Generator
) -> None:
    if not text:
        return
    left, top, across, down = area
    alpha = lettering.label(lettering.choose("caption", rng).name, text, max(round(down * rng.uniform(0.75, 1)), 4))
    room = across * 0.86
    if alpha.shape[1] > room:
        shrink = room / alpha.shape[1]
        alpha = np.asarray(
            cv2.resize(alpha, (max(int(room), 1), max(int(alpha.shape[0] * max(shrink, 0.6)), 3))), np.uint8
        )
    stamp(image, alpha, left + (across - alpha.shape[1]) / 2, top + (down - alpha.shape[0]) / 2, colour(ink, rng, 4))


def border(image: Canvas, design: Design, ink: Colour, scale: float, rng: np.random.Generator) -> None:
    """The line along the rim, with round corners."""
    if design.border <= 0 or rng.random() < 0.07:
        return
    name = design.border_inks[int(rng.integers(len(design.border_inks)))]
    paint = colour(name, rng) if name else ink
    height, width = image.shape[:2]
    thick = max(round(design.border * scale * rng.uniform(0.8, 1.3)), 1)
    inset = rng.choice([0, 0, 1.5, 3]) * scale + thick / 2
    radius = design.radius * scale
    left, top, right, bottom = inset, inset, width - 1 - inset, height - 1 - inset
    corners = ((left, top, 180), (right, top, 270), (right, bottom, 0), (left, bottom, 90))
    outline: list[tuple[float, float]] = []
    for x, y, start in corners:
        centre_x, centre_y = x + (radius if x == left else -radius), y + (radius if y == top else -radius)
        for angle in np.radians(np.linspace(start, start + 90, 5)):
            outline += [(centre_x + np.cos(angle) * radius, centre_y + np.sin(angle) * radius)]
    cv2.polylines(image, [fixed(np.array(outline))], True, paint, thick, cv2.LINE_AA, SHIFT)


def stickers(image: Canvas, design: Design, rng: np.random.Generator) -> None:
    """Registration stickers in the corners, with tiny letters."""
    height, width = image.shape[:2]
    for x, y in ((0.09, 0.13), (0.91, 0.13), (0.09, 0.87), (0.91, 0.87)):
        if rng.random() > design.stickers:
            continue
        across, down = 0.065 * width * rng.uniform(0.7, 1.2), 0.09 * height * rng.uniform(0.7, 1.2)
        cx, cy = x * width + rng.normal(0, 2), y * height + rng.normal(0, 2)
        if rng.random() < 0.7:
            tint = any_colour(rng, 20)
            box(image, cx, cy, across, down, tint)
            text_ink: Colour = (20, 20, 20) if sum(tint) > 380 else (235, 235, 235)
        else:
            text_ink = (40, 40, 40)
        months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
        text = rng.choice([months[int(rng.integers(12))], f"{rng.integers(100):02d}", f"{rng.integers(1, 13)}"])
        alpha = lettering.label(lettering.choose("caption", rng).name, str(text), max(round(down * 1.1), 4))
        stamp(image, alpha, cx - alpha.shape[1] / 2, cy - alpha.shape[0] / 2, text_ink)
