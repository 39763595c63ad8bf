"""All regions' grammars: loaded from ``formats.toml``, indexed by shape so that a text finds its formats at once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npr_edge.errors import ConfigError
from npr_edge.regions.grammar import LETTERS, Format, RegionGrammar, Variant, expand, shape_of

MAX_LENGTH = 12
"""Characters on the longest plate that the reader has slots for."""


class FormatEntry(BaseModel):
    """One format as written in the grammar file."""

    model_config = ConfigDict(extra="forbid")

    pattern: str = Field(description="The format in the pattern language")
    example: str = Field(description="A plate as printed; must fit the pattern")
    kind: str = Field("car", description="car, motorbike, truck, trailer, taxi, ev, historic, official, old, ...")
    weight: float = Field(1.0, gt=0, description="How common it is on the road, against the region's other formats")
    two_line: float = Field(0.0, ge=0, le=1, description="Share of its plates that stand on two lines")
    max_length: int = Field(MAX_LENGTH, ge=1, le=MAX_LENGTH, description="Longer texts of the pattern do not exist")
    note: str = Field("", description="Since when, for what")


class RegionEntry(BaseModel):
    """One region as written in the grammar file."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="English name")
    fit: float = Field(0.95, gt=0, lt=1, description="Share of its plates on the road that fit one of the formats")
    vehicles: float = Field(1.0, gt=0, description="Millions of registered vehicles, rounded")
    letters: str = Field(LETTERS, description="What L stands for")
    sets: dict[str, str] = Field(default_factory=dict, description="Named sets: characters, or words and ranges")
    formats: list[FormatEntry] = Field(min_length=1, description="Commonest first")


@dataclass(frozen=True, slots=True)
class Match:
    """A format that a text fits, and how likely the region's plates show this very text.

    Attributes:
        region: Code.
        format: The format.
        variant: The variant of the format.
        likelihood: Chance that a plate of the region, drawn at random, shows the text.
    """

    region: str
    format: Format
    variant: Variant
    likelihood: float


class Catalogue:
    """The grammars of all regions, ready to match."""

    def __init__(self, grammars: Iterable[RegionGrammar]) -> None:
        self._grammars = {grammar.code: grammar for grammar in grammars}
        self._by_shape: dict[str, list[tuple[str, Format, Variant]]] = {}
        for grammar in self._grammars.values():
            for form in grammar.formats:
                for variant in form.variants:
                    entry = (grammar.code, form, variant)
                    self._by_shape.setdefault(variant.shape, []).append(entry)
        self._fits = {code: grammar.fit for code, grammar in self._grammars.items()}
        self._matches = lru_cache(maxsize=1024)(self._find)
        self._roots = lru_cache(maxsize=4)(self._unfit_roots)

    @property
    def grammars(self) -> Mapping[str, RegionGrammar]:
        """Grammar by region code."""
        return self._grammars

    @property
    def fit_shares(self) -> Mapping[str, float]:
        """``fit`` by region code."""
        return self._fits

    def unfit_roots(self, exponent: float) -> Mapping[str, float]:
        """Share of each region's plates that fit none of its formats, to the power of ``exponent``."""
        return self._roots(exponent)

    def matches(self, text: str) -> Mapping[str, Match]:
        """The likeliest match of ``text`` (A-Z0-9, no separators) in every region that it fits."""
        return self._matches(text)

    def fits(self, text: str) -> tuple[str, ...]:
        """Codes of the regions with a format that ``text`` fits, in the order of the grammar file."""
        return tuple(self._matches(text))

    def printed(self, text: str, region: str | None) -> str:
        """``text`` spaced as ``region`` prints it; as it is where the region is unknown or the text fits none."""
        match = self._matches(text).get(region) if region else None
        return match.variant.printed(text) if match else text

    def _unfit_roots(self, exponent: float) -> Mapping[str, float]:
        return {code: math.pow(1.0 - fit, exponent) for code, fit in self._fits.items()}

    def _find(self, text: str) -> Mapping[str, Match]:
        best: dict[str, Match] = {}
        for region, form, variant in self._by_shape.get(shape_of(text), ()):
            if variant.matches(text):
                likelihood = form.weight * variant.weight * variant.chance(text)
                known = best.get(region)
                if known is None or likelihood > known.likelihood:
                    best[region] = Match(region, form, variant, likelihood)
        return best


def parse_catalogue(text: str) -> Catalogue:
    """The catalogue written in ``text`` (TOML).

    Raises:
        ConfigError: It is no TOML, a key is missing or unknown, or a pattern cannot be read.
    """
    try:
        entries = {code: RegionEntry.model_validate(entry) for code, entry in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError(f"plate formats: {error}") from error
    return Catalogue(_grammar(code, entry) for code, entry in entries.items())


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue that travels with the package."""
    file = resources.files("npr_edge.regions").joinpath("formats.toml")
    return parse_catalogue(file.read_text(encoding="utf-8"))


def _grammar(code: str, entry: RegionEntry) -> RegionGrammar:
    total = sum(form.weight for form in entry.formats)
    formats = []
    for form in entry.formats:
        try:
            variants = expand(form.pattern, entry.letters, entry.sets, form.max_length)
        except ConfigError as error:
            raise ConfigError(f"plate formats, region {code!r}: {error}") from error
        formats.append(Format(form.pattern, form.kind, form.weight / total, form.two_line, form.example, variants))
    return RegionGrammar(code, entry.name, entry.fit, tuple(formats), entry.vehicles)
