"""Comparing plate texts."""

from __future__ import annotations


def edit_distance(first: str, second: str) -> int:
    """Least number of inserted, deleted or replaced characters (Levenshtein, one row at a time)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def similarity(first: str, second: str) -> float:
    """1 for equal texts, 0 for texts that share nothing; two empty texts tell nothing and give 0."""
    longest = max(len(first), len(second))
    return 1.0 - edit_distance(first, second) / longest if longest else 0.0


def is_misread(first: str, second: str) -> bool:
    """Whether one text is so close to the other that both can be readings of one plate."""
    allowed = 2 if min(len(first), len(second)) >= 7 else 1
    return abs(len(first) - len(second)) <= allowed and edit_distance(first, second) <= allowed


def is_part(part: str, whole: str) -> bool:
    """Whether ``part`` is what remains of ``whole`` when the border cuts the plate; one misread is allowed."""
    if not 2 <= len(part) < len(whole):
        return False
    return min(edit_distance(part, whole[: len(part)]), edit_distance(part, whole[-len(part) :])) <= (len(part) > 3)
