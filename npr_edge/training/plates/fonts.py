"""Where the lettering comes from: open fonts in a cache folder, and real glyph bitmaps where they are at hand.

No font travels with the project: ``scripts/fonts`` puts them into the cache folder. Without any of them the
generator still draws, with the outlines of ``strokes``.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from npr_edge.training.plates.strokes import StrokeFace

FONT_PACKAGES = (
    "alumni-sans",
    "antonio",
    "archivo-narrow",
    "arimo",
    "barlow",
    "barlow-condensed",
    "barlow-semi-condensed",
    "bebas-neue",
    "big-shoulders-display",
    "cousine",
    "dosis",
    "fjalla-one",
    "ibm-plex-sans-condensed",
    "khand",
    "league-gothic",
    "libre-franklin",
    "oswald",
    "overpass",
    "overpass-mono",
    "pathway-gothic-one",
    "rajdhani",
    "roboto-condensed",
    "saira-condensed",
    "saira-semi-condensed",
    "share-tech",
    "sofia-sans-condensed",
    "teko",
    "tinos",
    "yanone-kaffeesatz",
)
"""npm packages ``@fontsource/<name>``, all under the SIL Open Font License 1.1."""


def font_dir() -> Path:
    """The folder that ``scripts/fonts`` fills; ``NPR_EDGE_FONTS`` moves it."""
    return Path(os.environ.get("NPR_EDGE_FONTS", Path.home() / ".cache" / "npr-edge" / "fonts"))


def data_dir() -> Path:
    """The training data folder; ``NPR_EDGE_DATA`` moves it."""
    default = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    return Path(os.environ.get("NPR_EDGE_DATA", default))


@cache
def font_file(name: str) -> Path | None:
    """The file of a font, ``barlow-condensed-600`` or ``fe-engschrift``; None where it is not installed."""
    if name.startswith("fe-"):
        stem = {"fe-engschrift": "Eng", "fe-mittelschrift": "Mtl"}[name]
        folders = [font_dir(), data_dir().parent / "fonts"]
        found = [path for folder in folders for path in sorted(folder.glob(f"*GL-Nummernschild-{stem}.ttf"))]
        return found[0] if found else None
    family, _, weight = name.rpartition("-")
    path = font_dir() / f"{family}-latin-{weight}-normal.woff"
    return path if path.is_file() else None


@cache
def real_glyphs(country: str) -> dict[str, list[NDArray[np.uint8]]]:
    """Binarised characters of real plates (``gb`` or ``br``), ink 255 on 0, by character; empty where absent."""
    path = data_dir() / "glyphs" / "glyphs.npz"
    glyphs: dict[str, list[NDArray[np.uint8]]] = {}
    if not path.is_file():
        return glyphs
    with np.load(path) as pack:
        images, sizes, characters = (pack[f"{country}_{field}"] for field in ("images", "sizes", "chars"))
    for image, (height, width), character in zip(images, sizes, characters, strict=True):
        ink = 255 - image[:height, :width]
        if height >= 30 and _resembles(ink, str(character)):
            glyphs.setdefault(str(character), []).append(ink)
    return glyphs


def _resembles(ink: NDArray[np.uint8], character: str) -> bool:
    """Whether a cut-out looks like its label: some are torn or misnamed, so each must overlap our own outline."""
    outline = StrokeFace(flagged_one=character == "1").draw(character, 56)
    size = (40, 56) if character not in "1I" else (20, 56)
    first, second = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) > 127 for part in (ink, outline))
    overlap = float((first & second).sum()) / max(float((first | second).sum()), 1.0)
    return overlap > 0.62
