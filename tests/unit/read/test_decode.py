from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from npr_edge.read.charset import BLANK, CLASSES, SLOTS, encode
from npr_edge.read.decode import MOST_TEXTS, best_regions, best_texts, calibrated, softmax


def slots_of(text: str, **doubts: tuple[int, str, float]) -> NDArray[np.float32]:
    """Slots sure of ``text`` but for ``doubts``: (slot, other character or "", chance of the other)."""
    slots = np.zeros((SLOTS, CLASSES), np.float32)
    slots[np.arange(SLOTS), encode(text)] = 1.0
    for slot, other, chance in doubts.values():
        slots[slot] *= 1 - chance
        slots[slot, encode(other)[0] if other else BLANK] = chance
    return slots


def test_sure_slots_give_their_text() -> None:
    text, chance = best_texts(slots_of("AB12CDE"))[0]

    assert text == "AB12CDE"
    assert chance == pytest.approx(1.0)


def test_two_doubts_give_four_texts_in_the_order_of_their_products() -> None:
    slots = slots_of("AB12CDE", one=(1, "8", 0.3), two=(6, "F", 0.4))

    texts = best_texts(slots)[:4]

    # By hand: 0.7 * 0.6, 0.7 * 0.4, 0.3 * 0.6, 0.3 * 0.4.
    assert [text for text, _ in texts] == ["AB12CDE", "AB12CDF", "A812CDE", "A812CDF"]
    assert [chance for _, chance in texts] == pytest.approx([0.42, 0.28, 0.18, 0.12], abs=1e-4)


def test_a_character_that_may_be_missing_gives_the_shorter_text() -> None:
    texts = dict(best_texts(slots_of("AB12", gap=(3, "", 0.25)))[:2])

    assert texts == {"AB12": pytest.approx(0.75, abs=1e-4), "AB1": pytest.approx(0.25, abs=1e-4)}


def test_paths_that_spell_one_text_add_up() -> None:
    slots = np.zeros((SLOTS, CLASSES), np.float32)
    slots[2:, BLANK] = 1.0
    slots[0, encode("A")[0]], slots[0, BLANK] = 0.5, 0.5
    slots[1, encode("A")[0]], slots[1, BLANK] = 0.5, 0.5

    # By hand: "A" twice a quarter, "AA" and "" a quarter each.
    assert dict(best_texts(slots)[:3]) == pytest.approx({"A": 0.5, "AA": 0.25, "": 0.25}, abs=1e-4)
    assert best_texts(slots)[0][0] == "A"


def test_no_more_texts_than_asked_for() -> None:
    slots = np.full((SLOTS, CLASSES), 1 / CLASSES, np.float32)

    assert len(best_texts(slots)) <= MOST_TEXTS
    assert len(best_texts(slots, 3)) == 3


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 8.0))
@settings(max_examples=60, deadline=None)
def test_the_best_text_is_never_less_likely_than_the_likeliest_path(seed: int, sharpness: float) -> None:
    logits = np.random.default_rng(seed).normal(0, sharpness, (SLOTS, CLASSES)).astype(np.float32)
    slots = softmax(logits, 1.0)

    texts = best_texts(slots)

    assert np.allclose(slots.sum(axis=1), 1.0, atol=1e-5)
    assert texts[0][1] >= float(np.prod(slots.max(axis=1).astype(np.float64))) * (1 - 1e-5)
    assert [chance for _, chance in texts] == sorted((chance for _, chance in texts), reverse=True)
    assert len({text for text, _ in texts}) == len(texts)
    assert sum(chance for _, chance in texts) <= 1 + 1e-6


def test_softmax_divides_by_the_temperature() -> None:
    logits = np.array([[0.0, np.log(4.0)]], np.float32)

    assert softmax(logits, 1.0)[0] == pytest.approx([0.2, 0.8])
    assert softmax(logits, 2.0)[0] == pytest.approx([1 / 3, 2 / 3])


def test_confidence_follows_the_fitted_curve_and_the_rest_is_shared() -> None:
    candidates = calibrated([("AB1", 0.8), ("AB7", 0.1), ("A81", 0.05)], slope=0.5, offset=0.3)

    # sigmoid(0.5 * ln 4 + 0.3) = 0.7297; the others share 0.2703 in the ratio 0.1 : 0.05 of the 0.2 that was left.
    assert [c.confidence for c in candidates] == pytest.approx([0.7297, 0.13515, 0.06758], abs=1e-4)
    assert [c.text for c in candidates] == ["AB1", "AB7", "A81"]


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_the_order_stays_and_chances_stay_chances(chance: float) -> None:
    candidates = calibrated([("A", chance), ("B", (1 - chance) * 0.9)][: 1 if chance < 0.3 else 2], 1.7, -2.0)
    confidences = [candidate.confidence for candidate in candidates]

    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= c <= 1 for c in confidences)
    assert sum(confidences) <= 1 + 1e-9


def test_regions_come_likeliest_first() -> None:
    regions = best_regions(np.array([0.0, 2.0, 1.0], np.float32), ("fr", "gb", "de"), 1.0, most=2)

    assert [r.region for r in regions] == ["gb", "de"]
    assert regions[0].confidence == pytest.approx(np.exp(2) / (1 + np.e + np.exp(2)), abs=1e-5)
