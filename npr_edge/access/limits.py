"""Fixed windows per key, counted by the library ``limits`` in a storage that no clock jump or restart upsets."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from npr_edge.errors import ConfigError
from npr_edge.ports import Clock

DEFAULT_LIMIT = "60/minute"
_MOST_WINDOWS = 8
_CLOCK_TOLERANCE_S = 0.25
"""Slewing by a time service stays below this for hours; more is a jump, and windows are told in the new time."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still ask: the state of its tightest window after (or without) a request.

    Attributes:
        allowed: Whether the request may pass.
        limit: Requests per window.
        remaining: Requests left in the window.
        reset_s: Unix time at which the window ends, whole seconds, rounded up.
        retry_after_s: Seconds until then, at least 1.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A window as it is written to disk. ``ends_monotonic_s`` counts from the boot ``boot_id``."""

    key: str
    used: int
    length_s: float
    ends_monotonic_s: float
    ends_wall_s: float
    boot_id: str


@lru_cache(maxsize=256)
def parse_limits(text: str) -> tuple[limits.RateLimitItem, ...]:
    """The windows of ``60/minute; 5000/day``.

    Raises:
        ConfigError: The text is not of this form, allows nothing, or names more than 8 windows.
    """
    try:
        items = tuple(limits.parse_many(text))
    except ValueError as error:
        raise ConfigError(f"limit {text!r}: must be of the form 60/minute or 60/minute; 5000/day") from error
    if not 0 < len(items) <= _MOST_WINDOWS or any(not 0 < item.amount <= 10**9 for item in items):
        raise ConfigError(f"limit {text!r}: must allow 1 to 10^9 requests in each of at most {_MOST_WINDOWS} windows")
    return items


@dataclass(slots=True)
class _Window:
    used: int
    length_s: float
    ends_s: float


class Windows(Storage):
    """Counters with an end on the monotonic clock, for ``limits``' own strategies; its caller holds a lock."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.windows: dict[str, _Window] = {}
        self.changed: set[str] = set()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage may raise: nothing of its own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount``; the first count of a window starts it."""
        window = self._open(key)
        if window is None:
            window = _Window(0, expiry, self._clock.monotonic_s() + expiry)
            self.windows[key] = window
        window.used += amount
        self.changed.add(key)
        return window.used

    def get(self, key: str) -> int:
        """What was counted in the window that is open, 0 where none is."""
        window = self._open(key)
        return 0 if window is None else window.used

    def get_expiry(self, key: str) -> float:
        """Monotonic time at which the open window ends; now where none is."""
        window = self._open(key)
        return self._clock.monotonic_s() if window is None else window.ends_s

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget every window."""
        count = len(self.windows)
        self.windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        self.windows.pop(key, None)

    def forget_ended(self) -> None:
        """Drop windows that have ended."""
        now_s = self._clock.monotonic_s()
        self.windows = {key: window for key, window in self.windows.items() if window.ends_s > now_s}

    def _open(self, key: str) -> _Window | None:
        window = self.windows.get(key)
        return window if window is not None and window.ends_s > self._clock.monotonic_s() else None


class Limiter:
    """Counts requests against windows; exact under any number of threads.

    Windows end on the monotonic clock, so setting the clock neither opens nor prolongs one; ``reset_s`` is that end
    as the wall clock stands now.
    """

    def __init__(self, clock: Clock, most_identities: int = 100_000) -> None:
        self._clock = clock
        self._most = most_identities
        self._storage = Windows(clock)
        self._strategy = FixedWindowRateLimiter(self._storage)
        self._lock = threading.Lock()
        self._wall_offset_s = clock.wall_s() - clock.monotonic_s()

    def spend(self, identity: str, items: Sequence[limits.RateLimitItem], cost: int = 1) -> Allowance:
        """Take ``cost`` requests out of every window, or out of none where one cannot hold them."""
        with self._lock:
            full = [item for item in items if not self._strategy.test(item, identity, cost=cost)]
            if full:
                return self._told(identity, full, allowed=False)
            self._make_room()
            for item in items:
                self._strategy.hit(item, identity, cost=cost)
            return self._told(identity, items, allowed=True)

    def look(self, identity: str, items: Sequence[limits.RateLimitItem]) -> Allowance:
        """The state of the windows, and whether one more request would pass; nothing is taken."""
        with self._lock:
            full = [item for item in items if not self._strategy.test(item, identity)]
            return self._told(identity, full or items, allowed=not full)

    def changed_rows(self) -> list[WindowRow]:
        """The windows that changed since the last call and have not ended."""
        with self._lock:
            self._storage.forget_ended()
            changed, self._storage.changed = self._storage.changed, set()
            offset_s, boot_id = self._offset_s(), self._clock.boot_id()
            found = {key: self._storage.windows[key] for key in changed if key in self._storage.windows}
            return [
                WindowRow(key, window.used, window.length_s, window.ends_s, window.ends_s + offset_s, boot_id)
                for key, window in found.items()
            ]

    def mark_changed(self, keys: Iterable[str]) -> None:
        """Hand these windows out again: they could not be written."""
        with self._lock:
            self._storage.changed.update(keys)

    def restore(self, rows: Iterable[WindowRow]) -> None:
        """Go on with windows of an earlier run.

        Within one boot the monotonic clock tells how much of a window is left. After another boot the wall clock
        does; it may be wrong, so a window is never made longer than it was.
        """
        now_s, wall_s, boot_id = self._clock.monotonic_s(), self._clock.wall_s(), self._clock.boot_id()
        with self._lock:
            for row in rows:
                left_s = row.ends_monotonic_s - now_s if row.boot_id == boot_id else row.ends_wall_s - wall_s
                if left_s > 0:
                    ends_s = now_s + min(left_s, row.length_s)
                    self._storage.windows[row.key] = _Window(row.used, row.length_s, ends_s)
                    self._storage.changed.add(row.key)

    def _told(self, identity: str, items: Sequence[limits.RateLimitItem], *, allowed: bool) -> Allowance:
        states = [(item, self._strategy.get_window_stats(item, identity)) for item in items]
        if allowed:
            item, state = min(states, key=lambda pair: (pair[1].remaining, -pair[1].reset_time))
        else:
            # Of several full windows the one that ends last decides when to come back.
            item, state = max(states, key=lambda pair: pair[1].reset_time)
        left_s = state.reset_time - self._clock.monotonic_s()
        reset_s = math.ceil(round(state.reset_time + self._offset_s(), 3))
        return Allowance(allowed, item.amount, state.remaining, reset_s, max(1, math.ceil(round(left_s, 3))))

    def _offset_s(self) -> float:
        """Wall time minus monotonic time; steady, so that one window is always told with the same end."""
        offset_s = self._clock.wall_s() - self._clock.monotonic_s()
        if abs(offset_s - self._wall_offset_s) > _CLOCK_TOLERANCE_S:
            self._wall_offset_s = offset_s
        return self._wall_offset_s

    def _make_room(self) -> None:
        windows = self._storage.windows
        if len(windows) < self._most:
            return
        self._storage.forget_ended()
        windows = self._storage.windows
        for key in sorted(windows, key=lambda key: windows[key].ends_s)[: len(windows) - self._most // 2]:
            del windows[key]
