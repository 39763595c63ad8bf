"""Random plate texts from the same grammar that the runtime reads with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from npr_edge.regions import Format, Variant, load_catalogue

VANITY_REGIONS = ("us", "ca", "au", "gb")
"""Where owners choose free texts often enough to matter; ``us`` stands for all its states."""

# fmt: off
WORDS = (
    "HELLO", "LUCKY", "MYCAR", "SPEEDY", "OCEAN", "SUNNY", "TIGER", "EAGLE", "ROCKET",
    "BOOST", "GRANNY", "FISHER", "GOLFER", "RACER", "BIGDOG", "LOVE", "PEACE", "FAMILY",
    "BLESSD", "SKIER", "PILOT", "TURBO", "CRUISE", "ZOOM", "QUICK", "FAST", "TOYZ",
    "KIDS", "MOM", "DAD", "JEEP", "WAGON", "TRUCK", "BEACH", "SURF", "HAPPY",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class PlateText:
    """What a plate says: ``lines`` with their printed separators, and what the grammar calls it."""

    lines: tuple[str, ...]
    kind: str
    shape: str

    @property
    def text(self) -> str:
        """Characters only, top line first."""
        return "".join(character for line in self.lines for character in line if character.isalnum())


def regions() -> tuple[str, ...]:
    """All codes of the grammar."""
    return tuple(load_catalogue().grammars)


@cache
def _formats(region: str) -> tuple[tuple[Format, ...], tuple[float, ...]]:
    """The region's formats; rare ones are drawn more often than they occur, so that they are learnt at all."""
    formats = load_catalogue().grammars[region].formats
    weights = [form.weight**0.65 for form in formats]
    total = sum(weights)
    return formats, tuple(weight / total for weight in weights)


def sample(region: str, rng: np.random.Generator) -> PlateText:
    """A random plate text of ``region``."""
    grammar = load_catalogue().grammars[region]
    if region.split("-", maxsplit=1)[0] in VANITY_REGIONS and rng.random() < (1 - grammar.fit) * 0.6:
        return _vanity(rng)
    formats, chances = _formats(region)
    form = formats[int(rng.choice(len(formats), p=chances))]
    shares = np.array([variant.weight for variant in form.variants]) ** 0.8
    variant = form.variants[int(rng.choice(len(form.variants), p=shares / shares.sum()))]
    text = fill(variant, rng)
    two = form.two_line > 0 and rng.random() < min(1.0, form.two_line * 2.2 + 0.02)
    lines = _two_lines(variant.lines(text), rng) if two else (variant.printed(text),)
    return PlateText(tuple(line.strip(" -.:") for line in lines), form.kind, variant.shape)


def _two_lines(parts: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Where a format may break twice, a plate of two lines breaks at one of the places."""
    if len(parts) < 3:
        return parts
    cut = int(rng.integers(1, len(parts)))
    return "".join(parts[:cut]), "".join(parts[cut:])


def fill(variant: Variant, rng: np.random.Generator) -> str:
    """A random text of the variant; common options stay common, though less so than on the road."""
    parts = []
    for element in variant.elements:
        weights = np.array(element.weights) ** 0.7
        parts.append(element.options[int(rng.choice(len(weights), p=weights / weights.sum()))])
    return "".join(parts)


def _vanity(rng: np.random.Generator) -> PlateText:
    if rng.random() < 0.5:
        text = WORDS[int(rng.integers(len(WORDS)))]
        if rng.random() < 0.4 and len(text) < 6:
            text += str(rng.integers(1, 99))
    else:
        letters = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[: 36 if rng.random() < 0.5 else 26])
        text = "".join(rng.choice(letters, int(rng.integers(2, 8))))
        if rng.random() < 0.25 and len(text) > 3:
            cut = int(rng.integers(1, len(text)))
            text = f"{text[:cut]} {text[cut:]}"
    return PlateText((text[:8],), "vanity", "")
