"""The pattern language of plate formats, compiled to variants that match, print and can be drawn from.

A pattern reads like the plate it describes:

==============  ==================================================================================
``L``           a letter of the region (``letters`` in the file, A-Z where it says nothing)
``#``           a digit
``<name>``      one member of a named set: of the region's ``sets``, or of the built-in ones
``'BH'``        these very characters
``{3}``         three of the piece before; ``{1,4}``: one to four of it
space - . :     separators, printed as they stand
``/``           where the text breaks when the plate has two lines; not printed on one line
==============  ==================================================================================

A set is written as one string: without spaces it is a set of single characters (``"ABCD"``), with spaces a list of
words (``"B M HH"``); ``01..95`` counts with leading zeros kept, ``B:8`` gives a word eight times the weight.

A pattern with choices of length or of letters against digits expands to several variants; in one variant
every position is known to be a letter or a digit, so a text's shape picks its variants by one look into a table.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from npr_edge.errors import ConfigError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
SEPARATORS = " -.:"
LINE_BREAK = "/"
BUILT_IN_SETS = {"1-9": "123456789", "any": LETTERS + DIGITS}

_TO_SHAPE = str.maketrans(LETTERS + DIGITS, "L" * 26 + "#" * 10)
_TOKEN = re.compile(r"(?P<set><[^<>]+>)|'(?P<literal>[A-Z0-9]+)'|(?P<letter>L)|(?P<digit>#)|(?P<gap>[ \-.:]|/)")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d+))?\}")
_COUNT = re.compile(r"^(\d+)\.\.(\d+)$")


def shape_of(text: str) -> str:
    """``text`` (A-Z0-9) with every letter as ``L`` and every digit as ``#``."""
    return text.translate(_TO_SHAPE)


@dataclass(frozen=True, slots=True)
class Element:
    """One piece of a variant: the strings that may stand there, all of one shape, and how common each is.

    Attributes:
        options: Characters or words.
        weights: Relative frequency of each option, same order.
        allowed: ``options`` as a set, for matching.
        shares: Chance of each option, by option; they sum to 1.
    """

    options: tuple[str, ...]
    weights: tuple[float, ...]
    allowed: frozenset[str] = field(init=False, repr=False, compare=False)
    shares: Mapping[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", frozenset(self.options))
        total = sum(self.weights)
        shares = {option: weight / total for option, weight in zip(self.options, self.weights, strict=True)}
        object.__setattr__(self, "shares", shares)

    @property
    def width(self) -> int:
        """Characters that the piece takes."""
        return len(self.options[0])


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between two elements: a printed separator (may be empty) and whether two lines break here."""

    printed: str
    breaks: bool


Piece = Element | Gap


@dataclass(frozen=True)
class Variant:
    """A format with every choice of length made: a fixed row of elements and gaps.

    Attributes:
        pieces: Elements and gaps in the order of the plate.
        weight: Share of this variant among those of its format; they sum to 1.
    """

    pieces: tuple[Piece, ...]
    weight: float

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """The pieces that carry characters."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Element))

    @cached_property
    def shape(self) -> str:
        """Letters as ``L`` and digits as ``#``, the same for every text of the variant."""
        return "".join(shape_of(element.options[0]) for element in self.elements)

    @cached_property
    def _spans(self) -> tuple[tuple[int, int, frozenset[str]], ...]:
        """Start, end and allowed strings of the elements that a matching shape leaves open."""
        spans = []
        start = 0
        for element in self.elements:
            if element.allowed not in (_ALL_LETTERS, _ALL_DIGITS):
                spans.append((start, start + element.width, element.allowed))
            start += element.width
        return tuple(spans)

    def matches(self, text: str) -> bool:
        """Whether ``text`` is one of the variant's; its shape must be the variant's already."""
        return all(text[start:end] in allowed for start, end, allowed in self._spans)

    def chance(self, text: str) -> float:
        """Chance that a plate of the variant shows ``text``, which must match it."""
        chance = 1.0
        start = 0
        for element in self.elements:
            chance *= element.shares[text[start : start + element.width]]
            start += element.width
        return chance

    def printed(self, text: str) -> str:
        """``text`` with the separators of the plate, on one line."""
        return "".join(part for part, _ in self._parts(text))

    def lines(self, text: str) -> tuple[str, ...]:
        """``text`` as it stands on a two-line plate (with separators), or in one line where it never breaks."""
        lines = [""]
        for part, breaks in self._parts(text):
            if breaks:
                lines.append("")
            else:
                lines[-1] += part
        return tuple(line for line in lines if line)

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        start = 0
        for piece in self.pieces:
            if isinstance(piece, Gap):
                yield piece.printed, piece.breaks
            else:
                yield text[start : start + piece.width], False
                start += piece.width


@dataclass(frozen=True)
class Format:
    """One way in which a region forms its plates.

    Attributes:
        pattern: As written in the grammar file.
        kind: ``car``, ``motorbike``, ``historic``, ``ev``, ``old`` (no longer issued, still on the road), ...
        weight: Share among the region's plates on the road; a region's formats sum to 1.
        two_line: Share of its plates that stand on two lines, 0-1.
        example: A plate as printed.
        variants: The pattern expanded.
    """

    pattern: str
    kind: str
    weight: float
    two_line: float
    example: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class RegionGrammar:
    """All formats of one region.

    Attributes:
        code: ``gb``, ``us-ny``.
        name: English name of the region.
        fit: Share of the plates on its roads that fit one of its formats, 0-1; the rest are vanity, foreign,
            diplomatic or older than the formats.
        formats: The commonest first by convention of the file.
        vehicles: Millions of registered vehicles, rounded.
    """

    code: str
    name: str
    fit: float
    formats: tuple[Format, ...]
    vehicles: float = 1.0


_ALL_LETTERS = frozenset(LETTERS)
_ALL_DIGITS = frozenset(DIGITS)


@cache
def parse_set(text: str) -> Mapping[str, float]:
    """Options and weights of a set as written in the grammar file (see the module's text).

    Raises:
        ConfigError: It is empty or holds something else than A-Z0-9.
    """
    options: dict[str, float] = {}
    if " " not in text and ".." not in text:
        options = dict.fromkeys(text, 1.0)
    else:
        for item in text.split():
            word, _, weight = item.partition(":")
            for option in _count(word):
                options[option] = float(weight or 1)
    if not options or not all(re.fullmatch(r"[A-Z0-9]+", option) for option in options):
        raise ConfigError(f"set {text[:40]!r}: write characters or words of A-Z0-9, as in 'ABC' or 'B M 01..95'")
    return options


def _count(word: str) -> Iterable[str]:
    match = _COUNT.match(word)
    if match is None:
        return (word,)
    first, last = match.groups()
    return (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def expand(pattern: str, letters: str, sets: Mapping[str, str], max_length: int) -> tuple[Variant, ...]:
    """The variants of ``pattern``.

    Args:
        pattern: In the language of this module.
        letters: What ``L`` stands for.
        sets: The region's named sets as written.
        max_length: Longer variants are dropped.

    Raises:
        ConfigError: The pattern cannot be read, or nothing is left of it.
    """
    choices = [_alternatives(piece, repeat) for piece, repeat in _tokens(pattern, letters, sets)]
    rows = []
    for choice in itertools.product(*choices):
        pieces = tuple(itertools.chain.from_iterable(row for row, _ in choice))
        weight = 1.0
        for _, share in choice:
            weight *= share
        if sum(piece.width for piece in pieces if isinstance(piece, Element)) <= max_length:
            rows.append((pieces, weight))
    total = sum(weight for _, weight in rows)
    if not rows or total <= 0:
        raise ConfigError(f"pattern {pattern!r}: no text of at most {max_length} characters fits it")
    return tuple(Variant(pieces, weight / total) for pieces, weight in rows)


def _tokens(
    pattern: str, letters: str, sets: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, float] | Gap, tuple[int, int]]]:
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise ConfigError(f"pattern {pattern!r}: cannot read {pattern[position:]!r}")
        position = match.end()
        repeat = (1, 1)
        if times := _REPEAT.match(pattern, position):
            repeat = (int(times[1]), int(times[2] or times[1]))
            position = times.end()
        if (gap := match["gap"]) is not None:
            yield Gap("" if gap == LINE_BREAK else gap, gap == LINE_BREAK), (1, 1)
        else:
            yield _options(match, letters, sets, pattern), repeat


def _options(match: re.Match[str], letters: str, sets: Mapping[str, str], pattern: str) -> Mapping[str, float]:
    if match["letter"]:
        return parse_set(letters)
    if match["digit"]:
        return parse_set(DIGITS)
    if match["literal"]:
        return {match["literal"]: 1.0}
    name = match["set"][1:-1]
    try:
        return parse_set(sets[name] if name in sets else BUILT_IN_SETS[name])
    except KeyError as error:
        raise ConfigError(f"pattern {pattern!r}: the set {name!r} is not defined for this region") from error


def _alternatives(piece: Mapping[str, float] | Gap, repeat: tuple[int, int]) -> list[tuple[tuple[Piece, ...], float]]:
    """Rows of pieces that one token can become, with their shares: by repeat, and by shape of the options."""
    if isinstance(piece, Gap):
        return [((piece,), 1.0)]
    by_shape: dict[str, dict[str, float]] = {}
    for option, weight in piece.items():
        by_shape.setdefault(shape_of(option), {})[option] = weight
    elements = [(Element(tuple(group), tuple(group.values())), sum(group.values())) for group in by_shape.values()]
    total = sum(weight for _, weight in elements)
    rows: list[tuple[tuple[Piece, ...], float]] = []
    for times in range(repeat[0], repeat[1] + 1):
        for row in itertools.product(elements, repeat=times):
            share = 1.0
            for _, weight in row:
                share *= weight / total
            rows.append((tuple(element for element, _ in row), share))
    return rows
