import pytest

from npr_edge.track.text import edit_distance, is_misread, is_part, similarity


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "", 0), ("ABC", "", 3), ("AB12CDE", "AB12CDE", 0), ("AB12CDE", "AB1CDE", 1), ("KITTEN", "SITTING", 3)],
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second) == edit_distance(second, first) == distance


def test_similarity() -> None:
    assert similarity("AB12CDE", "AB12CDE") == 1.0
    assert similarity("", "") == 0.0
    assert similarity("AAAA", "BBBB") == 0.0


@pytest.mark.parametrize(
    ("first", "second", "misread"),
    [
        ("AB12CDE", "A812CDE", True),
        ("AB12CDE", "A812CDF", True),
        ("AB12CDE", "A812CXX", False),
        ("B12", "B13", True),
        ("B123", "B145", False),
    ],
)
def test_is_misread(first: str, second: str, misread: bool) -> None:
    assert is_misread(first, second) is misread


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("AB12", "AB12CDE", True),
        ("2CDE", "AB12CDE", True),
        ("A812", "AB12CDE", True),
        ("XY99", "AB12CDE", False),
        ("", "AB12CDE", False),
        ("AB12CDE", "AB12CDE", False),
    ],
)
def test_is_part(part: str, whole: str, expected: bool) -> None:
    assert is_part(part, whole) is expected
