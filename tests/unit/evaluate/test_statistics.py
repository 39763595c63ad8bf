import math

import pytest

from npr_edge.evaluate.statistics import edit_distance, rate, score_text


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("AB12CDE", "AB12CDE", 0), ("AB12CDE", "A812CDE", 1), ("KITTEN", "SITTING", 3), ("", "ABC", 3)],
)
def test_edit_distance_counts_the_fewest_changes(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) == distance


def test_interval_holds_the_share_and_narrows_with_more_plates() -> None:
    few, many = rate([1, 1, 1, 0]), rate([1, 1, 1, 0] * 100)
    assert few.value == many.value == 0.75
    assert few.low <= 0.75 <= few.high
    assert many.high - many.low < few.high - few.low


def test_nothing_to_count_is_not_a_number() -> None:
    empty = rate([])
    assert empty.count == 0
    assert math.isnan(empty.value)
    assert str(empty) == "-"


def test_letter_o_and_digit_0_can_count_as_equal() -> None:
    score = score_text("AO1", "A0I")
    assert (score.exact, score.exact_o0_i1) == (0.0, 1.0)
    assert score.characters == pytest.approx(1 / 3)
