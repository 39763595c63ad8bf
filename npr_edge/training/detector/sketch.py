"""Plain plates drawn in a few strokes: enough for a detector, which needs outlines and textures, not true designs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"

# (background, ink) in RGB: white, yellow, black, blue, red, green and grey plates of the world
COLOURS = (
    ((238, 238, 236), (15, 15, 20)),
    ((240, 196, 20), (10, 10, 10)),
    ((22, 22, 24), (235, 235, 235)),
    ((30, 70, 150), (240, 240, 240)),
    ((170, 25, 30), (240, 240, 240)),
    ((25, 110, 60), (240, 240, 240)),
    ((200, 205, 210), (20, 30, 90)),
    ((235, 240, 250), (30, 60, 140)),
    ((235, 235, 230), (150, 20, 30)),
    ((215, 235, 215), (20, 80, 40)),
)
COLOUR_CHANCES = (0.52, 0.14, 0.07, 0.03, 0.03, 0.03, 0.06, 0.05, 0.04, 0.03)

# width over height: EU 520x110, US 12x6 inch, two-line European, motorcycle, Asian wide
ASPECTS = ((4.7, 0.36), (2.0, 0.22), (3.3, 0.12), (1.5, 0.14), (1.25, 0.08), (2.6, 0.08))


class Sketcher:
    """Draws plates with the fonts it is given."""

    def __init__(self, fonts: list[Path]) -> None:
        """Take the outlines to letter with; without any, Pillow's own font serves."""
        self._fonts = fonts

    def draw(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """One plate as (H, W, 3) uint8 BGR, 80 px high or so."""
        aspects, chances = zip(*ASPECTS, strict=True)
        aspect = float(rng.choice(aspects, p=chances)) * rng.uniform(0.88, 1.12)
        height = 80
        width = round(height * aspect)
        paper, ink = COLOURS[int(rng.choice(len(COLOURS), p=COLOUR_CHANCES))]
        shade = tuple(int(np.clip(c + rng.normal(0, 8), 0, 255)) for c in paper)
        picture = PILImage.new("RGB", (width, height), shade)
        pen = ImageDraw.Draw(picture)
        left = 0
        if rng.random() < 0.4 and aspect > 2.3:
            left = round(height * 0.42)
            pen.rectangle((0, 0, left, height), fill=(20, 50, 150))
            if rng.random() < 0.3:
                pen.rectangle((width - left, 0, width, height), fill=(20, 50, 150))
        elif rng.random() < 0.35:
            band = round(height * rng.uniform(0.12, 0.28))
            fill = tuple(int(c) for c in rng.integers(0, 255, 3))
            pen.rectangle((0, 0, width, band) if rng.random() < 0.6 else (0, height - band, width, height), fill=fill)
        lines = 2 if aspect < 1.8 and rng.random() < 0.85 else 1
        fill_share = rng.uniform(0.55, 0.85) if lines == 1 else 0.9
        for line in range(lines):
            top = height * ((1 - fill_share) / 2 + line * fill_share / lines)
            tall = height * fill_share / lines
            self._line(rng, picture, (left + 3, round(top), width - 3, round(top + tall)), ink)
        if rng.random() < 0.6:
            pen.rectangle((1, 1, width - 2, height - 2), outline=ink, width=int(rng.integers(1, 4)))
        for x in (0.15, 0.85) if rng.random() < 0.3 else ():
            pen.ellipse((width * x - 3, height * 0.12 - 3, width * x + 3, height * 0.12 + 3), fill=(110, 110, 110))
        return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])

    def _line(
        self,
        rng: np.random.Generator,
        picture: PILImage.Image,
        place: tuple[int, int, int, int],
        ink: tuple[int, int, int],
    ) -> None:
        """Write one random line of text, stretched into ``place`` (left, top, right, bottom)."""
        x0, y0, x1, y1 = place
        tall, room = y1 - y0, x1 - x0
        count = int(np.clip(round(room / tall / rng.uniform(0.5, 0.75)), 2, 9))
        text = "".join(rng.choice(list(LETTERS if rng.random() < 0.5 else DIGITS)) for _ in range(count))
        if count > 4:
            gap = int(rng.integers(2, count - 1))
            text = f"{text[:gap]} {text[gap:]}"
        font = self._font(rng)
        left, top, right, bottom = font.getbbox(text)
        stamp = PILImage.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
        ImageDraw.Draw(stamp).text((-left, -top), text, fill=255, font=font)
        natural = stamp.width * tall / stamp.height * rng.uniform(0.8, 1.3)
        wide = round(min(room * rng.uniform(0.8, 0.98), natural))
        stamp = stamp.resize((max(wide, 4), max(int(tall * 0.92), 4)))
        picture.paste(ink, (x0 + (room - stamp.width) // 2, y0 + (tall - stamp.height) // 2), stamp)

    def _font(self, rng: np.random.Generator) -> Any:
        if self._fonts:
            return ImageFont.truetype(str(self._fonts[int(rng.integers(len(self._fonts)))]), 64)
        return ImageFont.load_default(64)


def sketch_pool(rng: np.random.Generator, count: int, fonts: list[Path]) -> list[NDArray[np.uint8]]:
    """``count`` plates at once."""
    sketcher = Sketcher(fonts)
    return [np.asarray(cv2.GaussianBlur(sketcher.draw(rng), (0, 0), 0.6), np.uint8) for _ in range(count)]
