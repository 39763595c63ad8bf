"""What a plate of a region looks like, as data: sizes in millimetres, colours, lettering, bands and captions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

Colour = tuple[int, int, int]
"""BGR."""

COLOURS: dict[str, Colour] = {
    "white": (240, 241, 240),
    "cream": (212, 230, 238),
    "grey": (178, 180, 178),
    "silver": (196, 196, 192),
    "yellow": (20, 190, 245),
    "amber": (10, 165, 240),
    "lemon": (60, 225, 250),
    "orange": (20, 120, 235),
    "black": (28, 26, 26),
    "navy": (92, 44, 22),
    "blue": (160, 70, 20),
    "eublue": (158, 66, 12),
    "sky": (215, 150, 60),
    "pale-blue": (235, 215, 190),
    "red": (40, 30, 190),
    "maroon": (40, 25, 110),
    "green": (70, 120, 20),
    "dark-green": (50, 75, 15),
    "pale-green": (205, 232, 205),
    "pink": (215, 200, 240),
    "gold": (60, 170, 215),
    "brown": (30, 45, 80),
    "purple": (110, 40, 90),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour scheme: ground, ink, and how common it is; ``fade`` is the ground's colour at the lower edge."""

    ground: str
    ink: str
    weight: float = 1.0
    fade: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A coloured field beside the text.

    Attributes:
        side: ``left``, ``right``, ``top`` or ``bottom``.
        width: Extent in mm across (height for top and bottom).
        colour: Name in ``COLOURS``.
        emblem: ``stars``, ``flag:<c1,c2,...>`` (stripes), ``union``, ``cross:<ground,cross>``, ``dot``,
            ``crest``, ``stack:<AB,CD,...>`` (letters that are not read) or ``""``.
        texts: Letters below (or, for ``top``, on) it; one is drawn.
        ink: Colour of the letters.
        chance: How often it is there.
    """

    side: str
    width: float
    colour: str = "eublue"
    emblem: str = ""
    texts: tuple[str, ...] = ()
    ink: str = "white"
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class Caption:
    """Small text that is not part of the plate's number: slogans, states, months, makers.

    Attributes:
        texts: One is drawn; ``#`` becomes a random digit.
        y: Centre as a part of the plate's height; ``x`` likewise of its width.
        x: See ``y``.
        height: Cap height in mm.
        ink: Colour name, or empty for the number's ink.
        chance: How often it is there.
        stacked: Letters below each other, top at ``y``.
    """

    texts: tuple[str, ...]
    y: float
    x: float = 0.5
    height: float = 14
    ink: str = ""
    chance: float = 1.0
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """One look of a region's plates.

    Attributes:
        region: Code of the plate's label.
        weight: How common it is among the region's designs.
        kinds: Only formats of these kinds (``car``, ``old``, ...); empty for any.
        shapes: Only texts of these shapes (``LLL####``; ``*`` matches any run); empty for any.
        size: Width and height, mm.
        lines: Lines of text.
        paints: Colour schemes.
        face: Name in ``lettering.FACES``.
        letter: Cap height, mm; ``first_line`` that of the upper line where it differs.
        first_line: See ``letter``.
        first_group: Cap height of the characters before the first space, as a part of ``letter``.
        last_group: Likewise of those behind the last space.
        stretch: Horizontal scale of the letters.
        gap: Between characters, mm.
        cell: Width of a monospaced cell, mm; 0 for proportional letters.
        space: What a printed space becomes: width in mm.
        marks: What may stand in the printed spaces: ``dash``, ``dot`` or nothing; in the first of them alone, or
            behind the upper of two lines: ``seals``, ``crest``, ``sticker``, ``figure``, ``box`` (a line from rim to
            rim), ``script`` (words in other letters); in the last: ``tail`` (a line).
        printed_marks: Whether ``-`` and ``.`` of the grammar are drawn as they are.
        border: Thickness of the rim's line, mm.
        border_inks: Colours of that line; empty name for the ink.
        radius: Corner radius, mm.
        bands: Bands beside the text.
        captions: Small texts.
        centre: Vertical centre of the text as a part of the height.
        margin: Left and right of the text, mm.
        align: ``centre``, ``left``, ``justify``.
        stickers: Chance of registration stickers in the corners.
        art: Chance of a picture behind the text.
    """

    region: str
    weight: float = 1.0
    kinds: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    size: tuple[float, float] = (520, 112)
    lines: int = 1
    paints: tuple[Paint, ...] = (Paint("white", "black"),)
    face: str = "narrow"
    letter: float = 77
    first_line: float = 0
    first_group: float = 1.0
    last_group: float = 1.0
    stretch: float = 1.0
    gap: float = 9
    cell: float = 0
    space: float = 26
    marks: tuple[str, ...] = ("",)
    printed_marks: bool = True
    border: float = 0
    border_inks: tuple[str, ...] = ("",)
    radius: float = 8
    bands: tuple[Band, ...] = ()
    captions: tuple[Caption, ...] = ()
    centre: float = 0.5
    margin: float = 12
    align: str = "centre"
    stickers: float = 0
    art: float = 0

    def but(self, **changes: Any) -> Design:
        """A copy with some fields changed."""
        return replace(self, **changes)


def eu_band(code: str, *, width: float = 42, chance: float = 0.97, ink: str = "white") -> Band:
    """The blue band with the ring of stars and the letters of the country (Regulation (EC) 2411/98)."""
    return Band("left", width, "eublue", "stars", (code,), ink, chance)
