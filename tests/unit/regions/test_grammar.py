"""The pattern language: what it expands to, matches and prints, and what it refuses."""

from __future__ import annotations

import pytest

from npr_edge.errors import ConfigError
from npr_edge.regions.catalogue import parse_catalogue
from npr_edge.regions.grammar import expand, parse_set, shape_of


def printed(pattern: str, text: str, **sets: str) -> list[str]:
    variants = expand(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", sets, 12)
    return [v.printed(text) for v in variants if v.shape == shape_of(text) and v.matches(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("LL## LLL", "AB12CDE", ["AB12 CDE"]),
        ("L{2}## L{3}", "AB12CDE", ["AB12 CDE"]),
        ("LL## LLL", "AB1ZCDE", []),
        ("LL## LLL", "AB12CD", []),
        ("L{2}-###-L{2}", "AB123CD", ["AB-123-CD"]),
        ("L{1,2} <1-9>#{0,3}", "AB1", ["AB 1"]),
        ("L{1,2} <1-9>#{0,3}", "A1234", ["A 1234"]),
        ("L{1,2} <1-9>#{0,3}", "A0234", []),
        ("L{1,2} <1-9>#{0,3}", "A12345", []),
        ("## 'BH' #### L{1,2}", "22BH1234AA", ["22 BH 1234 AA"]),
        ("## 'BH' #### L{1,2}", "22BI1234AA", []),
        ("'S'##", "S12", ["S12"]),
        ("<any>#", "A1", ["A1"]),
        ("<any>#", "11", ["11"]),
        ("L/-##", "A12", ["A-12"]),
    ],
)
def test_patterns_match_and_print(pattern: str, text: str, expected: list[str]) -> None:
    assert printed(pattern, text) == expected


def test_named_sets_hold_words_ranges_and_characters() -> None:
    assert parse_set("ABC") == {"A": 1, "B": 1, "C": 1}
    assert parse_set("B:8 M HH") == {"B": 8, "M": 1, "HH": 1}
    assert list(parse_set("01..03 2A")) == ["01", "02", "03", "2A"]
    assert list(parse_set("98..101")) == ["98", "99", "100", "101"]


def test_words_of_several_lengths_become_several_variants() -> None:
    variants = expand("<area> ##", "AB", {"area": "B HH SHA 2A"}, 12)
    assert sorted(v.shape for v in variants) == ["#L##", "L##", "LL##", "LLL##"]
    assert sum(v.weight for v in variants) == pytest.approx(1)
    assert printed("<area> ##", "HH12", area="B HH SHA") == ["HH 12"]
    assert printed("<area> ##", "HA12", area="B HH SHA") == []


def test_texts_are_as_likely_as_their_words() -> None:
    (variant,) = expand("<area>L##", "ABC", {"area": "M:9 B"}, 12)
    assert variant.chance("MA12") == pytest.approx(0.9 / 3 / 100)
    assert variant.chance("BC99") == pytest.approx(0.1 / 3 / 100)


def test_lines_break_at_the_stroke_alone() -> None:
    (variant,) = expand("L{2}## /L{3}", "ABCDE", {}, 12)
    assert [line.strip() for line in variant.lines("AB12CDE")] == ["AB12", "CDE"]
    (one_line,) = expand("L{2}## L{3}", "ABCDE", {}, 12)
    assert one_line.lines("AB12CDE") == ("AB12 CDE",)


def test_long_variants_are_dropped() -> None:
    assert {len(v.shape) for v in expand("L{1,2} #{1,4}", "AB", {}, 5)} == {2, 3, 4, 5}


@pytest.mark.parametrize(
    ("pattern", "sets", "word"),
    [
        ("LL?#", {}, "cannot read"),
        ("<area>#", {}, "'area' is not defined"),
        ("<area>#", {"area": "ab"}, "A-Z0-9"),
        ("<area>#", {"area": ""}, "A-Z0-9"),
        ("L{13}", {}, "at most 12"),
    ],
)
def test_bad_patterns_say_what_is_wrong(pattern: str, sets: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        expand(pattern, "AB", sets, 12)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[gb]\nname = 3", "plate formats"),
        ("[gb", "plate formats"),
        ('[gb]\nname = "x"\nformats = []', "formats"),
        ('[gb]\nname = "x"\nformats = [{ pattern = "L?", example = "A" }]', "region 'gb'"),
        ('[gb]\nname = "x"\ncolour = "red"\nformats = [{ pattern = "L", example = "A" }]', "colour"),
    ],
)
def test_bad_grammar_files_name_the_place(text: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        parse_catalogue(text)


def test_the_likeliest_split_of_a_text_is_printed() -> None:
    catalogue = parse_catalogue(
        '[de]\nname = "x"\nsets.area = "M:9 MA"\nformats = [{ pattern = "<area> L{1,2} #", example = "M AB 1" }]'
    )
    assert catalogue.printed("MAXY1", "de") == "MA XY 1"
    assert catalogue.printed("MXY1", "de") == "M XY 1"
    assert catalogue.printed("MXY1", "fr") == "MXY1"
    assert catalogue.printed("MXY1", None) == "MXY1"
