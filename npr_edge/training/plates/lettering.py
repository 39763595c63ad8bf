"""Characters as alpha masks: faces made of our strokes, open fonts and real glyphs, cached and resized."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from npr_edge.training.plates.fonts import font_file, real_glyphs
from npr_edge.training.plates.strokes import StrokeFace

Alpha = NDArray[np.uint8]
BASE_HEIGHT = 112
"""Cap height of the cached masters, pixels."""

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class Source:
    """One way to draw a face.

    Attributes:
        kind: ``stroke``, ``font`` or ``real``.
        name: Font name or country of the real glyphs; empty for strokes.
        stretch: Horizontal scale on the drawn width (fonts and real glyphs).
        stroke: Proportions of the skeleton (strokes only).
        weight: How often it is taken, relative to its siblings.
    """

    kind: str
    name: str = ""
    stretch: float = 1.0
    stroke: StrokeFace = StrokeFace()  # noqa: RUF009 - frozen
    weight: float = 1.0

    @property
    def available(self) -> bool:
        """Whether its font or glyphs are installed."""
        if self.kind == "font":
            return font_file(self.name) is not None
        return self.kind == "stroke" or len(real_glyphs(self.name)) >= 30

    def master(self, character: str, rng: np.random.Generator) -> Alpha:
        """The character at ``BASE_HEIGHT`` as alpha, cut to its ink in x and to the cap height in y."""
        if self.kind == "stroke":
            return _stroke_master(self.stroke, character)
        if self.kind == "real":
            versions = real_glyphs(self.name).get(character)
            if not versions:
                return _stroke_master(self.stroke, character)
            return _real_master(self.name, character, int(rng.integers(len(versions))))
        return _font_master(self.name, character)


def stroke(
    width: float, thickness: float, roundness: float = 1.0, *, flagged: bool = True, weight: float = 1
) -> Source:
    """A source of our own outlines."""
    return Source("stroke", stroke=StrokeFace(width, thickness, roundness, flagged), weight=weight)


def font(name: str, stretch: float = 1.0, weight: float = 1.0) -> Source:
    """A source that is an installed font."""
    return Source("font", name, stretch, weight=weight)


_GB_STROKES = tuple(
    stroke(width, thickness, roundness, flagged=False, weight=weight)
    for width, thickness, roundness, weight in (
        (50 / 79, 14 / 79, 1.0, 3),
        (50 / 79, 13 / 79, 0.9, 2),
        (50 / 79, 15 / 79, 1.0, 1.5),
        (57 / 79, 14 / 79, 1.0, 1),
        (54 / 79, 13 / 79, 1.0, 1),
        (46 / 79, 11.5 / 79, 1.0, 0.6),
        (50 / 79, 12 / 79, 0.7, 0.6),
    )
)
_PLAIN_STROKES = tuple(
    stroke(width, thickness, roundness)
    for width in (0.44, 0.5, 0.56)
    for thickness, roundness in ((0.105, 0.7), (0.125, 1.0), (0.145, 0.85))
)

FACES: dict[str, tuple[Source, ...]] = {
    "gb": (*_GB_STROKES, Source("real", "gb", weight=0.8), font("roboto-condensed-700", weight=0.5)),
    "fe": (
        font("fe-mittelschrift", weight=5),
        font("fe-engschrift", 1.12, weight=1),
        stroke(0.56, 0.14, 0.8, weight=0.4),
    ),
    "narrow": (  # most of continental Europe: DIN-like, about 45 x 77 mm
        *_PLAIN_STROKES,
        font("barlow-semi-condensed-500"),
        font("barlow-semi-condensed-600"),
        font("barlow-condensed-600", 1.12),
        font("saira-condensed-500", 1.1),
        font("saira-condensed-600"),
        font("saira-semi-condensed-500"),
        font("sofia-sans-condensed-600", 1.1),
        font("archivo-narrow-500"),
        font("roboto-condensed-500"),
        font("pragati-narrow-700"),
        font("dosis-600"),
        font("rajdhani-600"),
        font("share-tech-400"),
        font("fe-mittelschrift", weight=2),
        font("ibm-plex-sans-condensed-500"),
    ),
    "helvetica": (
        font("archivo-narrow-600", 1.05, 2),
        font("roboto-condensed-600", 1.0, 2),
        font("arimo-600", 0.78),
        font("libre-franklin-600", 0.8),
        font("barlow-semi-condensed-600"),
        font("sofia-sans-condensed-600", 1.15),
    ),
    "wide": (  # Dutch, Swedish, Norwegian: rounder
        font("barlow-600", 0.95, 2),
        font("barlow-500", 0.9, 2),
        font("overpass-600", 0.85),
        font("arimo-500", 0.85),
        font("saira-semi-condensed-500", 1.1),
        font("dosis-700", 1.1),
        stroke(0.62, 0.14),
        stroke(0.6, 0.12),
        stroke(0.66, 0.15),
    ),
    "us": (  # stamped American dies: narrow, rounded, even stroke
        *(stroke(w, t, r) for w in (0.42, 0.47, 0.52) for t, r in ((0.105, 0.8), (0.125, 1.0), (0.115, 0.55))),
        font("barlow-condensed-500", 1.08, 3),
        font("barlow-condensed-600", 1.05, 2),
        font("barlow-semi-condensed-500", weight=2),
        font("alumni-sans-600", 1.05),
        font("saira-condensed-500"),
        font("teko-500"),
        font("overpass-600", 0.72),
        font("sofia-sans-condensed-500"),
        font("share-tech-400", 0.95),
        font("khand-600"),
    ),
    "squared": (  # Uzbek, Russian GOST-like, Brazilian old: stiff, even strokes
        *(stroke(w, t, r, weight=2) for w in (0.52, 0.6) for t, r in ((0.13, 0.55), (0.15, 0.8), (0.165, 0.5))),
        font("saira-condensed-600", 1.1, 2),
        font("rajdhani-700"),
        font("share-tech-400", 1.05),
        font("teko-600", 1.1),
        font("barlow-semi-condensed-600"),
        font("khand-600", 1.1),
    ),
    "mandatory": (
        stroke(0.58, 0.15, 1.0, weight=3),
        stroke(0.62, 0.165, 1.0, weight=3),
        stroke(0.55, 0.14, 0.8, weight=2),
        Source("real", "br", weight=1.2, stroke=StrokeFace(0.58, 0.15, 1.0, flagged_one=True)),
        font("barlow-600", 0.85),
    ),
    "any": (  # plates made by sign writers: India, Pakistan
        font("arimo-700", 0.85, 2),
        font("arimo-600", 0.75, 2),
        font("archivo-narrow-700"),
        font("archivo-narrow-600"),
        font("oswald-500", 0.9),
        font("roboto-condensed-700", weight=2),
        font("libre-franklin-700", 0.75),
        font("b612-700", 0.7),
        font("barlow-semi-condensed-700"),
        font("ibm-plex-sans-condensed-600"),
        font("overpass-700", 0.75),
        font("bebas-neue-400", 1.1),
        font("fjalla-one-400"),
        font("fe-mittelschrift", weight=2),
        *_GB_STROKES[:5],
        *(stroke(w, t) for w in (0.5, 0.56, 0.62) for t in (0.12, 0.15)),
        font("saira-condensed-600"),
    ),
    "caption": (
        font("arimo-600", weight=2),
        font("roboto-condensed-600", weight=2),
        font("oswald-500"),
        font("barlow-600"),
        font("libre-franklin-600"),
        font("bebas-neue-400"),
        stroke(0.6, 0.16, weight=0.05),
    ),
}
"""What a country's lettering may be drawn with. Only what is installed is taken."""

FACES["written"] = (  # Pakistan: the sign writer's taste, serifs included
    *FACES["any"],
    font("tinos-700", 1.1, 3),
    font("tinos-700", 1.35, 2),
    font("tinos-400", 1.2, 2),
    font("barlow-500", 1.2, 1.5),
)


@cache
def sources_of(face: str) -> tuple[tuple[Source, ...], NDArray[np.float64]]:
    """The usable sources of a face and their probabilities."""
    usable = tuple(source for source in FACES[face] if source.available) or (stroke(0.56, 0.14),)
    weights = np.array([source.weight for source in usable])
    return usable, weights / weights.sum()


def choose(face: str, rng: np.random.Generator) -> Source:
    """One source of ``face``, by weight."""
    usable, chances = sources_of(face)
    return usable[int(rng.choice(len(usable), p=chances))]


@lru_cache(maxsize=4096)
def _stroke_master(face: StrokeFace, character: str) -> Alpha:
    if character not in CHARACTERS:
        return np.zeros((BASE_HEIGHT, BASE_HEIGHT // 4), np.uint8)
    return face.draw(character, BASE_HEIGHT)


@lru_cache(maxsize=4096)
def _real_master(country: str, character: str, version: int) -> Alpha:
    small = real_glyphs(country)[character][version]
    width = max(round(small.shape[1] * BASE_HEIGHT / small.shape[0]), 8)
    big = cv2.resize(small, (width, BASE_HEIGHT), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(big, (0, 0), 2.2).astype(np.float32)
    return np.clip((smooth - 128) * 3 + 128, 0, 255).astype(np.uint8)


@lru_cache(maxsize=256)
def _loaded(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


@cache
def _font_size(path: Path, height: int) -> tuple[int, int]:
    """The font size whose H is ``height`` high, and the y of that H's top."""
    probe = _loaded(path, 200)
    size = round(200 * height / (probe.getbbox("H")[3] - probe.getbbox("H")[1]))
    return size, round(_loaded(path, size).getbbox("H")[1])


@lru_cache(maxsize=8192)
def _font_master(name: str, character: str) -> Alpha:
    path = font_file(name)
    if path is None:
        return _stroke_master(StrokeFace(0.56, 0.14), character)
    size, top = _font_size(path, BASE_HEIGHT)
    loaded = _loaded(path, size)
    canvas = Image.new("L", (size * 2, size * 2))
    ImageDraw.Draw(canvas).text((size // 4, size // 2), character, font=loaded, fill=255)
    ink = np.asarray(canvas)
    columns = np.flatnonzero(ink.max(axis=0) > 100)
    if len(columns) == 0:
        return np.zeros((BASE_HEIGHT, BASE_HEIGHT // 4), np.uint8)
    rows = np.flatnonzero(ink.max(axis=1) > 100)
    first, last = size // 2 + top, size // 2 + top + BASE_HEIGHT
    # Letters that dip below the line (Q, J in some fonts) are squeezed into the cap height, as dies are.
    first, last = min(first, int(rows[0])), max(last, int(rows[-1]) + 1)
    cut = ink[first:last, columns[0] : columns[-1] + 1]
    if cut.shape[0] == BASE_HEIGHT:
        return np.ascontiguousarray(cut)
    return np.asarray(cv2.resize(cut, (cut.shape[1], BASE_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=2048)
def label(name: str, text: str, height: int) -> Alpha:
    """A small line of text as alpha, its capitals ``height`` pixels high (captions, slogans, band letters).

    Args:
        name: Font name; our own strokes are used where it is not installed.
        text: Any text; characters without an outline are left blank by the strokes.
        height: Cap height, pixels.
    """
    path = font_file(name)
    if path is None:
        face = StrokeFace(0.56, 0.14)
        parts: list[Alpha] = []
        for character in text.upper():
            master = _stroke_master(face, character)
            width = max(round(master.shape[1] * height / BASE_HEIGHT), 1)
            parts.append(np.asarray(cv2.resize(master, (width, height)), np.uint8))
            parts.append(np.zeros((height, max(height // 6, 1)), np.uint8))
        return np.hstack(parts) if parts else np.zeros((height, 1), np.uint8)
    size, top = _font_size(path, max(height, 4))
    loaded = _loaded(path, size)
    left, _, right, bottom = loaded.getbbox(text)
    canvas = Image.new("L", (max(round(right - left), 1), max(round(bottom) - top, height)))
    ImageDraw.Draw(canvas).text((-left, -top), text, font=loaded, fill=255)
    return np.asarray(canvas)
