"""The grammar file: every format is true to its own example, and the file covers what the product promises."""

from __future__ import annotations

import pytest

from npr_edge.domain import ALPHABET
from npr_edge.regions import load_catalogue
from npr_edge.regions.grammar import Element, shape_of

STATES = (
    "al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or "
    "pa ri sc sd tn tx ut vt va wa wv wi wy"
)
COUNTRIES = (
    "gb ie at be bg cy cz de dk ee es fi fr gr hr hu it lt lu lv mt nl pl pt ro se si sk ch no is li ua tr rs ba me mk "
    "al md by ru ge am az br ar mx cl pe co cu us ca au nz in pk id vn my sg hk uz kz za ke il ae qa sa"
)
CODES = list(load_catalogue().grammars)


def bare(printed: str) -> str:
    return "".join(character for character in printed if character in ALPHABET)


@pytest.mark.parametrize("code", CODES)
def test_every_example_fits_its_format_and_is_printed_so(code: str) -> None:
    for form in load_catalogue().grammars[code].formats:
        text = bare(form.example)
        fitting = [variant for variant in form.variants if variant.shape == shape_of(text) and variant.matches(text)]
        assert form.example in [variant.printed(text) for variant in fitting], form.pattern
        assert code in load_catalogue().fits(text)


@pytest.mark.parametrize("code", CODES)
def test_two_line_formats_say_where_they_break(code: str) -> None:
    for form in load_catalogue().grammars[code].formats:
        for variant in form.variants:
            text = "".join(piece.options[0] for piece in variant.pieces if isinstance(piece, Element))
            lines = variant.lines(text)
            assert bare("".join(lines)) == text
            assert len(lines) >= 2 or form.two_line == 0, form.pattern


@pytest.mark.parametrize("code", CODES)
def test_weights_are_shares(code: str) -> None:
    grammar = load_catalogue().grammars[code]
    assert sum(form.weight for form in grammar.formats) == pytest.approx(1)
    assert 0.5 < grammar.fit < 1
    assert all(sum(variant.weight for variant in form.variants) == pytest.approx(1) for form in grammar.formats)


def test_all_promised_regions_are_there() -> None:
    assert {f"us-{state}" for state in STATES.split()} <= set(CODES)
    assert set(COUNTRIES.split()) <= set(CODES)
    assert "jp" not in CODES


def test_no_text_is_longer_than_the_reader_can_say() -> None:
    longest = max(
        len(variant.shape)
        for grammar in load_catalogue().grammars.values()
        for form in grammar.formats
        for variant in form.variants
    )
    assert longest <= 12
