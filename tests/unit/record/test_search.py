"""Plates that are looked for: patterns and near misses, against the plain definition."""

from __future__ import annotations

import fnmatch
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npr_edge.domain import PlateMatch
from npr_edge.record.search import compact, plate_condition, within_one_edit

PLATES = st.text(alphabet="AB1", min_size=0, max_size=6)


def matching(plates: list[str], wanted: str, match: PlateMatch) -> set[str]:
    """What the condition finds among ``plates``."""
    connection = sqlite3.connect(":memory:")
    connection.create_function("within_one_edit", 2, within_one_edit, deterministic=True)
    connection.execute("CREATE TABLE reads (id INTEGER PRIMARY KEY, plate TEXT, plate_reversed TEXT)")
    connection.execute("CREATE INDEX reads_plate ON reads (plate)")
    connection.executemany("INSERT INTO reads (plate, plate_reversed) VALUES (?, ?)", [(p, p[::-1]) for p in plates])
    condition = plate_condition(wanted, match)
    rows = connection.execute(
        f"SELECT plate FROM reads {condition.index} WHERE {condition.sql}", condition.values
    ).fetchall()
    connection.close()
    return {row[0] for row in rows}


def edits(text: str) -> set[str]:
    """Every text of the alphabet within one edit, by making them all."""
    made = {text}
    for i in range(len(text) + 1):
        made |= {text[:i] + c + text[i:] for c in "AB1"}
        if i < len(text):
            made |= {text[:i] + text[i + 1 :]} | {text[:i] + c + text[i + 1 :] for c in "AB1"}
    return made


@given(PLATES, PLATES)
def test_within_one_edit_is_what_one_edit_makes(text: str, wanted: str) -> None:
    assert within_one_edit(text, wanted) == (text in edits(wanted))


@given(st.lists(PLATES, max_size=12), PLATES)
def test_fuzzy_finds_every_plate_within_one_edit_and_no_other(plates: list[str], wanted: str) -> None:
    assert matching(plates, wanted, PlateMatch.FUZZY) == set(plates) & edits(wanted)


@given(st.lists(PLATES, max_size=12), st.text(alphabet="AB1*?", min_size=1, max_size=6))
def test_wildcards_mean_what_they_mean_to_a_shell(plates: list[str], pattern: str) -> None:
    found = matching(plates, pattern, PlateMatch.WILDCARD)
    assert found == {plate for plate in plates if fnmatch.fnmatchcase(plate, pattern)}


@pytest.mark.parametrize(
    ("given_plate", "stored"),
    [("ab12 cde", "AB12CDE"), ("AB-12.CDE", "AB12CDE"), ("a?1*", "A?1*"), ("[ab]' OR 1", "ABOR1")],
)
def test_plates_are_compared_without_case_spaces_and_dashes(given_plate: str, stored: str) -> None:
    assert compact(given_plate) == stored


def test_exact_takes_wildcards_for_nothing() -> None:
    assert matching(["AB12CDE", "AB1"], "AB1*", PlateMatch.EXACT) == {"AB1"}
