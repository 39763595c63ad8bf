"""Plate filters as SQL; pure.

Endings and fuzzy search use an index over the reversed plate. A text within one edit of the wanted one shares its
first half or its last half with it, so two narrow spans of the two indexes hold every candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from npr_edge.domain import PlateMatch
from npr_edge.record.rows import Value

_SPECIAL = frozenset("*?[")
_BEHIND_ALL = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause over ``reads``.

    Attributes:
        sql: The condition.
        values: What its question marks stand for.
        index: ``INDEXED BY ...`` where SQLite's own choice would be worse, else empty.
        pattern: A wildcard pattern for which every plate has to be looked at; None where an index narrows the search.
        first_id: Least row number that can be wanted; ``last_id`` the greatest, None for any.
    """

    sql: str
    values: tuple[Value, ...] = ()
    index: str = ""
    pattern: str | None = None
    first_id: int = 0
    last_id: int | None = None

    def also(self, sql: str, *values: Value) -> Condition:
        """This and another condition."""
        return replace(self, sql=f"{self.sql} AND {sql}", values=(*self.values, *values))


def compact(plate: str) -> str:
    """A plate the way it is stored: upper case, without spaces, dashes and dots."""
    return "".join(character for character in plate.upper() if character.isalnum() or character in "*?")


def plate_condition(plate: str, match: PlateMatch) -> Condition:
    """The condition for a wanted plate or pattern."""
    if match is PlateMatch.WILDCARD:
        return _wildcard(compact(plate))
    wanted = compact(plate).replace("*", "").replace("?", "")
    if match is PlateMatch.EXACT:
        return Condition("reads.plate = ?", (wanted,))
    return _fuzzy(wanted)


def within_one_edit(text: str, wanted: str) -> bool:
    """Whether at most one character was added, left out or changed between two texts."""
    if text == wanted:
        return True
    if abs(len(text) - len(wanted)) > 1:
        return False
    start = 0
    while start < min(len(text), len(wanted)) and text[start] == wanted[start]:
        start += 1
    rest, wanted_rest = text[start:], wanted[start:]
    if len(text) == len(wanted):
        return rest[1:] == wanted_rest[1:]
    return rest[1:] == wanted_rest if len(text) > len(wanted) else rest == wanted_rest[1:]


def _wildcard(pattern: str) -> Condition:
    start = _literal_start(pattern)
    end = _literal_start(pattern[::-1])
    if len(start) == len(pattern):
        return Condition("reads.plate = ?", (pattern,))
    if len(start) >= len(end) and start:
        low, high = _span(start)
        return Condition("reads.plate >= ? AND reads.plate < ? AND reads.plate GLOB ?", (low, high, pattern))
    if end:
        low, high = _span(end)
        return Condition(
            "reads.plate_reversed >= ? AND reads.plate_reversed < ? AND reads.plate_reversed GLOB ?",
            (low, high, pattern[::-1]),
        )
    # No fixed start or end: every plate has to be looked at, packed or in the small index rather than in the rows.
    packed = pattern if any(character not in _SPECIAL for character in pattern) else None
    return Condition("reads.plate GLOB ?", (pattern,), "INDEXED BY reads_plate", packed)


def _fuzzy(wanted: str) -> Condition:
    half = len(wanted) // 2
    first, last = wanted[:half], wanted[half:]
    if not first:
        return Condition("within_one_edit(reads.plate, ?)", (wanted,), "INDEXED BY reads_plate")
    low, high = _span(first)
    low_reversed, high_reversed = _span(last[::-1])
    return Condition(
        """reads.id IN (
            SELECT id FROM reads WHERE plate >= ? AND plate < ? AND within_one_edit(plate, ?)
            UNION SELECT id FROM reads WHERE plate_reversed >= ? AND plate_reversed < ? AND within_one_edit(
                plate_reversed, ?)
        )""",
        (low, high, wanted, low_reversed, high_reversed, wanted[::-1]),
    )


def _literal_start(pattern: str) -> str:
    for position, character in enumerate(pattern):
        if character in _SPECIAL:
            return pattern[:position]
    return pattern


def _span(start: str) -> tuple[str, str]:
    """Bounds (from, before) of all texts that begin with ``start``."""
    return start, start + _BEHIND_ALL
