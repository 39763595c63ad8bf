"""When a camera looks; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open(schedule: Sequence[str], at: datetime) -> bool:
    """Whether a moment of local time lies in a schedule; an empty one is always open.

    A span that ends before it begins reaches into the next day and belongs to the day on which it began.
    """
    return not schedule or any(_covers(entry, at) for entry in schedule)


def _covers(entry: str, at: datetime) -> bool:
    days, _, span = entry.rpartition(" ")
    begin, end = (int(time[:2]) * 60 + int(time[3:]) for time in span.split("-"))
    minute, today = at.hour * 60 + at.minute, at.weekday()
    if begin < end:
        return begin <= minute < end and _is_day(days, today)
    return (minute >= begin and _is_day(days, today)) or (minute < end and _is_day(days, (today - 1) % 7))


def _is_day(days: str, day: int) -> bool:
    if not days:
        return True
    first, _, last = days.partition("-")
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return begin <= day <= end if begin <= end else day >= begin or day <= end
