"""Where each character stands: from tokens of text and a design to boxes in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from npr_edge.training.plates.design import Design
from npr_edge.training.plates.lettering import BASE_HEIGHT, Alpha, Source

SEPARATORS = " -.:"


@dataclass(frozen=True, slots=True)
class Field:
    """The part of the plate that is free for text: pixels from the left, top, right and bottom edge."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """A character's alpha and the top left corner where it goes, pixels; ``character`` is empty for a dash or dot."""

    character: str
    alpha: Alpha
    x: float
    y: float

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the glyph, pixels."""
        return self.x + self.alpha.shape[1] / 2, self.y + self.alpha.shape[0] / 2


@dataclass(frozen=True, slots=True)
class Gap:
    """A printed space that a badge may fill: centre and free width, pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Style:
    """What is the same for all characters of one plate: source, scale px per mm, and the jitters."""

    source: Source
    scale: float
    stretch: float
    gap: float
    space: float


@dataclass(slots=True)
class _Slot:
    character: str
    master: Alpha | None
    ink: float
    advance: float
    cap: float


def _slots(line: str, design: Design, style: Style, cap: float, rng: np.random.Generator) -> list[_Slot]:
    slots: list[_Slot] = []
    full, gap = cap, design.gap * style.gap * cap / design.letter
    first_group = next((index for index, character in enumerate(line) if character in SEPARATORS), 0)
    last_group = max((index for index, character in enumerate(line) if character in SEPARATORS), default=len(line))
    for index, character in enumerate(line):
        cap = full * (design.first_group if index < first_group else design.last_group if index > last_group else 1.0)
        if character in SEPARATORS:
            width = design.space * style.space * style.scale
            if character in "-." and design.printed_marks:
                width = max(width, cap * 0.36)
            slots.append(_Slot(character, None, width, width, cap))
            continue
        master = style.source.master(character, rng)
        ink = master.shape[1] * cap / BASE_HEIGHT * style.source.stretch * style.stretch
        advance = max(ink, design.cell * style.scale) if design.cell else ink
        if index + 1 < len(line) and line[index + 1] not in SEPARATORS:
            advance += gap
        slots.append(_Slot(character, master, ink, advance, cap))
    return slots


def place_line(
    line: str, design: Design, style: Style, field: Field, rng: np.random.Generator
) -> tuple[list[Glyph], list[Gap]]:
    """Glyphs and gaps of one line, centred in ``field``, squeezed where it is too long.

    Args:
        line: Characters and separators.
        design: Proportions.
        style: The plate's own scale and jitters.
        field: Free area of this line, absolute pixels; its height is the cap height.
        rng: Jitters.
    """
    cap = field.bottom - field.top
    slots = _slots(line, design, style, cap, rng)
    total, free = sum(slot.advance for slot in slots), field.right - field.left
    squeeze = min(1.0, free / max(total, 1.0))
    spare = free - total * squeeze
    spaces = sum(slot.master is None for slot in slots)
    widen = 0.0
    if spaces and spare > 0:
        most = {"justify": spare, "centre": min(spare, 1.2 * cap) * rng.uniform(0, 0.5), "left": 0.0}[design.align]
        widen = most / spaces
    offset = 0.0 if design.align == "left" else (spare - widen * spaces) * (0.5 + rng.normal(0, 0.04))
    x = field.left + max(offset, 0.0)
    glyphs: list[Glyph] = []
    gaps: list[Gap] = []
    for slot in slots:
        advance = slot.advance * squeeze + (widen if slot.master is None else 0.0)
        if slot.master is None:
            gaps.append(Gap(x + advance / 2, (field.top + field.bottom) / 2, advance, cap))
            if design.printed_marks and slot.character in "-.":
                glyphs.append(_punctuation(slot.character, gaps[-1], cap))
        else:
            width = max(round(slot.ink * squeeze), 2)
            cell = max(design.cell * style.scale * squeeze, width) if design.cell else width
            alpha = cv2.resize(slot.master, (width, max(round(slot.cap), 4)), interpolation=cv2.INTER_AREA)
            lowered = (cap - slot.cap) * (0.6 if slot is slots[0] or x < field.left + free * 0.4 else 0.1)
            glyphs.append(
                Glyph(slot.character, np.asarray(alpha, np.uint8), x + (cell - width) / 2, field.top + lowered)
            )
        x += advance
    return glyphs, gaps


def _punctuation(character: str, gap: Gap, cap: float) -> Glyph:
    width = min(gap.width * 0.75, cap * (0.3 if character == "-" else 0.14))
    height = cap * (0.11 if character == "-" else 0.14)
    alpha = np.full((max(round(height), 2), max(round(width), 2)), 255, np.uint8)
    return Glyph("", alpha, gap.x - width / 2, gap.y - height / 2)


def line_fields(design: Design, field: Field, count: int, scale: float, rng: np.random.Generator) -> list[Field]:
    """One text area per line, whose height is the line's cap height."""
    height = field.bottom - field.top
    caps = [design.letter * scale] * count
    if count > 1 and design.first_line:
        caps[0] = design.first_line * scale
    room = height * (0.97 if count > 1 else 0.95)
    leading = (0.16 if count > 1 else 0.0) * caps[-1] * rng.uniform(0.7, 1.3)
    needed = sum(caps) + leading * (count - 1)
    if needed > room:
        caps = [cap * room / needed for cap in caps]
        leading *= room / needed
        needed = room
    top = field.top + (height - needed) * (design.centre + rng.normal(0, 0.02))
    fields = []
    for cap in caps:
        shift = rng.normal(0, 0.01) * height
        fields.append(Field(field.left, top + shift, field.right, top + shift + cap))
        top += cap + leading
    return fields
