"""What holds for every reading, whatever the reader says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from npr_edge.domain import ALPHABET, PlateReading, RegionCandidate, TextCandidate
from npr_edge.read.charset import ALPHABET as READER_ALPHABET
from npr_edge.regions import Resolver
from npr_edge.regions.fixes import CONFUSABLE
from tests.unit.regions.readings import reading

RESOLVERS = [Resolver(), Resolver(["gb"]), Resolver(["us", "br"])]
PAIRS = {frozenset((digit, letter)) for digit, letters in CONFUSABLE.items() for letter in letters}

texts = st.text(ALPHABET, max_size=12)
codes = st.sampled_from(["gb", "de", "us", "us-ny", "us-ca", "br", "fr", "xx", "eu", "uz", "in"])
looks = st.lists(st.tuples(codes, st.floats(0.001, 0.33)), max_size=3, unique_by=lambda pair: pair[0])


@st.composite
def readings(draw: st.DrawFn) -> PlateReading:
    seed = draw(st.integers(0, 2**32 - 1))
    sharpness = draw(st.floats(0.5, 12))
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(12, 37)) * sharpness
    slots = np.exp(logits - logits.max(axis=1, keepdims=True))
    slots /= slots.sum(axis=1, keepdims=True)
    spelt = "".join(ALPHABET[code] for code in slots.argmax(axis=1) if code < 36)
    best = draw(st.sampled_from([spelt, draw(texts)]))
    others = draw(st.lists(texts.filter(lambda text: text != best), max_size=4, unique=True))
    chances = sorted(generator.dirichlet(np.ones(len(others) + 2))[: len(others) + 1], reverse=True)
    candidates = tuple(TextCandidate(one, float(p)) for one, p in zip([best, *others], chances, strict=True))
    regions = tuple(RegionCandidate(code, chance) for code, chance in draw(looks))
    return PlateReading(candidates, regions, slots.astype(np.float32))


def test_reader_and_grammars_agree_on_the_alphabet() -> None:
    assert READER_ALPHABET == ALPHABET


@settings(deadline=None, max_examples=150)
@given(readings(), st.sampled_from(RESOLVERS))
def test_resolving_never_invents(given_reading: PlateReading, resolver: Resolver) -> None:
    plate = resolver.resolve(given_reading)
    best = given_reading.text
    known = {candidate.text for candidate in given_reading.candidates}
    if plate.text not in known:
        changes = {frozenset(pair) for pair in zip(best, plate.text, strict=True) if pair[0] != pair[1]}
        assert changes <= PAIRS
    assert 0 <= plate.confidence <= 1
    assert plate.candidates[0] == TextCandidate(plate.text, plate.confidence)
    assert "".join(one for one in plate.printed if one in ALPHABET) == plate.text
    assert sum(one.confidence for one in plate.candidates[:1]) <= 1
    if plate.fits_grammar:
        assert plate.region is not None
        assert _fits(resolver, plate.text, plate.region)
    else:
        # a country named by its look alone may have a part (gb: gb-jersey) whose grammar the text fits
        assert plate.region not in resolver.fits(plate.text)


def _fits(resolver: Resolver, text: str, region: str) -> bool:
    return any(code == region or code.startswith(f"{region}-") for code in resolver.fits(text))


@settings(deadline=None, max_examples=100)
@given(texts, looks, st.sampled_from(RESOLVERS))
def test_sure_slots_are_never_overruled(text: str, regions: list[tuple[str, float]], resolver: Resolver) -> None:
    look = [RegionCandidate(code, chance) for code, chance in regions]
    plate = resolver.resolve(reading(text, regions=look))
    assert plate.text == text


@settings(deadline=None, max_examples=100)
@given(readings(), st.sampled_from(RESOLVERS))
def test_resolving_again_changes_nothing(given_reading: PlateReading, resolver: Resolver) -> None:
    plate = resolver.resolve(given_reading)
    again = resolver.resolve_text(plate.text, given_reading.regions)
    assert (again.text, again.region, again.printed) == (plate.text, plate.region, plate.printed)


@settings(deadline=None, max_examples=100)
@given(texts, st.sampled_from(RESOLVERS))
def test_text_alone_is_never_changed(text: str, resolver: Resolver) -> None:
    plate = resolver.resolve_text(text)
    assert plate.text == text
    assert plate.confidence == 1
