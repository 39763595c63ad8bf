"""The resolver: region, spacing, and when a look-alike is swapped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from npr_edge.domain import ALPHABET, RegionCandidate, TextCandidate
from npr_edge.errors import ConfigError
from npr_edge.regions import Resolver
from tests.unit.regions.readings import look, reading

RESOLVER = Resolver()


def table() -> list[tuple[str, str]]:
    lines = Path(__file__).with_name("plates.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.partition(":") for line in lines if line and not line.startswith("#")]
    return [(code, plate.strip()) for code, _, plates in rows for plate in plates.split("|")]


def test_the_table_is_big() -> None:
    assert len(table()) >= 150


@pytest.mark.parametrize(("region", "printed"), table())
def test_region_and_spacing_of_plates_whose_look_is_clear(region: str, printed: str) -> None:
    text = "".join(character for character in printed if character in ALPHABET)
    plate = RESOLVER.resolve_text(text, [RegionCandidate(region, 0.8)])
    assert (plate.text, plate.region, plate.printed, plate.fits_grammar) == (text, region, printed, True)


@pytest.mark.parametrize(("region", "printed"), table())
def test_a_sure_reading_is_never_changed(region: str, printed: str) -> None:
    text = "".join(character for character in printed if character in ALPHABET)
    plate = RESOLVER.resolve(reading(text, regions=[RegionCandidate(region, 0.8)]))
    assert (plate.text, plate.printed, plate.region) == (text, printed, region)


@pytest.mark.parametrize(
    ("text", "region", "printed"),
    [
        ("34ABC123", "tr", "34 ABC 123"),
        ("BRA2E19", "br", "BRA2E19"),
        ("KA01AB1234", "in", "KA 01 AB 1234"),
        ("01A123BC", "uz", "01 A123 BC"),
        ("7ABC234", "us-ca", "7ABC234"),
        ("1ABC234", None, "1ABC234"),
        ("59X112345", "vn", "59-X1 123.45"),
        ("ABC1234", None, "ABC1234"),
        ("AB12CDE", None, "AB12CDE"),
        ("ABC123", None, "ABC123"),
        ("LIVEIT", None, "LIVEIT"),
        ("", None, ""),
    ],
)
def test_text_alone_names_a_region_only_where_it_is_clear(text: str, region: str | None, printed: str) -> None:
    plate = RESOLVER.resolve_text(text)
    assert (plate.region, plate.printed) == (region, printed)


@pytest.mark.parametrize(
    ("site", "regions", "text", "region", "printed"),
    [
        (["gb"], look(), "AB12CDE", "gb", "AB12 CDE"),
        (["ro"], look(), "AB12CDE", "ro", "AB 12 CDE"),
        (["gb"], look(ro=0.9), "AB12CDE", "ro", "AB 12 CDE"),
        (["gb"], look(), "01A123BC", "uz", "01 A123 BC"),
        (["gb"], look(fr=0.9), "AB123CD", "fr", "AB-123-CD"),
        ([], look(fr=0.6, it=0.3), "AB123CD", "fr", "AB-123-CD"),
        ([], look(it=0.6, fr=0.3), "AB123CD", "it", "AB 123CD"),
        (["us-ny"], look(), "ABC1234", "us-ny", "ABC-1234"),
        ([], look(us_ny=0.3, us_pa=0.3, us_tx=0.1, br=0.2), "ABC1234", "us", "ABC 1234"),
        ([], look(us=0.95), "LIVEIT", "us", "LIVEIT"),
        ([], look(us_ca=0.8), "LIVEIT", "us-ca", "LIVEIT"),
        ([], look(us_ca=0.3), "LIVEIT", None, "LIVEIT"),
        ([], look(tj=0.9), "1234AB01", "tj", "1234AB01"),
        ([], look(pl=0.5, de=0.4), "HHAB1234", "de", "HH AB 1234"),
    ],
)
def test_look_site_and_text_together(
    site: list[str], regions: tuple[RegionCandidate, ...], text: str, region: str | None, printed: str
) -> None:
    plate = Resolver(site).resolve_text(text, regions)
    assert (plate.region, plate.printed) == (region, printed)


@pytest.mark.parametrize(
    ("text", "doubts", "regions", "expected"),
    [
        ("ABO2CDE", {2: ("0", 0.2)}, look(gb=0.9), "AB02CDE"),
        ("AB0ZCDE", {3: ("2", 0.3)}, look(gb=0.9), "AB02CDE"),
        ("A812CDE", {1: ("B", 0.45)}, look(gb=0.9), "A812CDE"),
        ("AB12C0E", {5: ("O", 0.4)}, look(gb=0.9), "AB12COE"),
        ("A8123CD", {1: ("B", 0.3)}, look(fr=0.9), "AB123CD"),
        ("AB1Z3CD", {3: ("2", 0.3)}, look(it=0.9), "AB123CD"),
        ("O1A123BC", {0: ("0", 0.3)}, look(uz=0.9), "01A123BC"),
        ("ABCIZ34", {3: ("1", 0.4), 4: ("2", 0.4)}, look(br=0.9), "ABC1Z34"),
        ("KAO1A81234", {2: ("0", 0.3), 5: ("B", 0.3)}, {}, "KA01AB1234"),
        ("5432BCD", {0: ("S", 0.45)}, look(es=0.9), "5432BCD"),
    ],
)
def test_look_alikes_are_swapped_where_the_grammar_demands_it(
    text: str, doubts: dict[int, tuple[str, float]], regions: tuple[RegionCandidate, ...], expected: str
) -> None:
    given = reading(text, doubts, regions or look(**{"in": 0.9}))
    plate = RESOLVER.resolve(given)
    assert plate.text == expected
    assert plate.fits_grammar


def test_no_swap_without_the_readers_own_belief() -> None:
    plate = RESOLVER.resolve(reading("ABO2CDE", {2: ("0", 0.01)}, look(gb=0.9)))
    assert plate.text == "ABO2CDE"
    assert not plate.fits_grammar
    assert (plate.region, plate.printed) == ("gb", "ABO2CDE")


def test_no_swap_of_characters_that_do_not_look_alike() -> None:
    assert RESOLVER.resolve(reading("ABX2CDE", {2: ("7", 0.45)}, look(gb=0.9))).text == "ABX2CDE"


def test_a_free_text_stays_as_read() -> None:
    plate = RESOLVER.resolve(reading("G00DBOY", {1: ("O", 0.3)}, look(us_ca=0.9)))
    assert (plate.text, plate.region, plate.fits_grammar) == ("G00DBOY", "us-ca", False)


def test_the_second_candidate_wins_where_it_alone_fits() -> None:
    texts = (TextCandidate("AB12CDE", 0.5), TextCandidate("AB123CD", 0.3))
    plate = RESOLVER.resolve(replace(reading("AB12CDE", regions=look(fr=0.95)), candidates=texts))
    assert (plate.text, plate.printed) == ("AB123CD", "AB-123-CD")
    assert 0.3 < plate.confidence <= 0.8


def test_a_swap_moves_confidence_and_makes_none() -> None:
    given = reading("ABO2CDE", {2: ("0", 0.4)}, look(gb=0.9))
    plate = RESOLVER.resolve(given)
    assert plate.text == "AB02CDE"
    assert 0.4 < plate.confidence <= 1.0
    weaker = RESOLVER.resolve(reading("ABO2CDE", {2: ("0", 0.1)}, look(gb=0.9)))
    assert weaker.confidence < plate.confidence


def test_an_unchanged_text_keeps_the_readers_confidence() -> None:
    given = reading("AB12CDE", {4: ("G", 0.2)}, look(gb=0.9))
    assert RESOLVER.resolve(given).confidence == given.confidence


def test_the_best_candidate_is_the_text() -> None:
    plate = RESOLVER.resolve(reading("ABO2CDE", {2: ("0", 0.4)}, look(gb=0.9), rivals=[("ABD2CDE", 0.01)]))
    assert plate.candidates[0].text == plate.text
    assert [one.text for one in plate.candidates[1:]] == ["ABO2CDE", "ABD2CDE"]
    confidences = [one.confidence for one in plate.candidates]
    assert confidences == sorted(confidences, reverse=True)


def test_fits_and_printed() -> None:
    assert {"gb", "ro"} <= set(RESOLVER.fits("AB12CDE"))
    assert RESOLVER.fits("ZZZZZZZZZZ") == ()
    assert RESOLVER.printed("AB12CDE", "gb") == "AB12 CDE"
    assert RESOLVER.printed("AB12CDE", None) == "AB12CDE"


def test_an_unknown_site_region_is_an_error_that_helps() -> None:
    with pytest.raises(ConfigError, match="'uk' is not known"):
        Resolver(["gb", "uk"])


def test_a_best_text_gains_what_the_grammar_takes_from_its_twins() -> None:
    """A German plate begins with no digit: where the reader wavers between O and 0 there, it is the O."""
    pair = (TextCandidate("OGWD4518", 0.5), TextCandidate("0GWD4518", 0.45))
    plate = RESOLVER.resolve(replace(reading("OGWD4518", regions=[RegionCandidate("de", 0.9)]), candidates=pair))
    assert plate.text == "OGWD4518"
    assert 0.85 < plate.confidence <= 1.0


def test_a_best_text_never_loses_confidence() -> None:
    pair = (TextCandidate("0GWD4518", 0.9), TextCandidate("OGWD4518", 0.002))
    plate = RESOLVER.resolve(replace(reading("0GWD4518", regions=[RegionCandidate("de", 0.9)]), candidates=pair))
    assert (plate.text, plate.confidence) == ("0GWD4518", 0.9)
