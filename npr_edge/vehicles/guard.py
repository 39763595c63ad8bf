"""Keeps a remote registry from being asked too often, or at all while it is down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import limits
import pybreaker

from npr_edge.domain import Vehicle
from npr_edge.ports import Clock
from npr_edge.vehicles.source import SourceError, ThrottledError, VehicleSource

log = logging.getLogger(__name__)

FAILURES_TO_OPEN = 5
"""So many failures in a row and the registry is left alone for ``OPEN_S``; then one request tries it."""

OPEN_S = 60.0
MAX_WAIT_S = 30.0
"""A lookup that the quota holds back for longer is given up: by then the vehicle is gone, its next read asks again."""


class Outcome(StrEnum):
    """What became of asking a registry."""

    FOUND = "found"
    UNKNOWN = "unknown"
    FAILED = "failed"
    OPEN = "open"
    THROTTLED = "throttled"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Asked:
    """An outcome with the vehicle where one was found."""

    outcome: Outcome
    vehicle: Vehicle | None = None

    @property
    def answered(self) -> bool:
        """Whether the registry has spoken: then its word may be kept."""
        return self.outcome in {Outcome.FOUND, Outcome.UNKNOWN}


class Allowance(Protocol):
    """Whether a request may be made now, and if not, when."""

    @property
    def allowed(self) -> bool:
        """Whether it may."""
        ...

    @property
    def retry_after_s(self) -> int:
        """Seconds until another try is worth it."""
        ...


class Quotas(Protocol):
    """Counts requests in windows; ``access.limits.Limiter`` is one."""

    def spend(self, identity: str, items: Sequence[limits.RateLimitItem], cost: int = 1) -> Allowance:
        """Take ``cost`` requests out of every window of ``identity``, or none where one cannot hold them."""
        ...


class GuardedSource:
    """A registry behind its quota and a circuit breaker; one request at a time.

    Args:
        source: The registry.
        quota: As in the settings, ``10/second; 5000/day``.
        quotas: Counts the requests.
        clock: Time for pauses and for the breaker.
    """

    def __init__(self, source: VehicleSource, quota: str, quotas: Quotas, clock: Clock) -> None:
        self.name = source.name
        self._source = source
        self._items = tuple(limits.parse_many(quota))
        self._quotas = quotas
        self._clock = clock
        self._paused_until_s = 0.0
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=OPEN_S,
            state_storage=_MonotonicStorage(clock),
            throw_new_error_on_trip=False,
        )

    def ask(self, plate: str, closing: threading.Event) -> Asked:
        """Ask about ``plate`` (A-Z0-9) as soon as the quota allows; never raises for the registry's faults.

        Args:
            plate: Without separators.
            closing: Ends a wait for the quota.
        """
        if not self._may_ask(closing):
            return Asked(Outcome.THROTTLED)
        try:
            vehicle = self._breaker.call(self._source.fetch, plate)
        except pybreaker.CircuitBreakerError:
            return Asked(Outcome.OPEN)
        except ThrottledError as error:
            self._paused_until_s = self._clock.monotonic_s() + error.pause_s
            return Asked(Outcome.THROTTLED)
        except SourceError as error:
            log.warning("%s", error)
            return Asked(Outcome.FAILED)
        return Asked(Outcome.FOUND if vehicle else Outcome.UNKNOWN, vehicle)

    def _may_ask(self, closing: threading.Event) -> bool:
        end_s = self._clock.monotonic_s() + MAX_WAIT_S
        while True:
            wait_s = self._wait_s()
            if wait_s <= 0:
                return True
            if self._clock.monotonic_s() + wait_s > end_s or closing.wait(wait_s):
                return False

    def _wait_s(self) -> float:
        """Seconds until the next request may be made; 0 takes one out of the quota."""
        pause_s = self._paused_until_s - self._clock.monotonic_s()
        if pause_s > 0:
            return pause_s
        allowance = self._quotas.spend(f"vehicles:{self.name}", self._items)
        return 0.0 if allowance.allowed else float(allowance.retry_after_s)


class _MonotonicStorage(pybreaker.CircuitMemoryStorage):
    """The breaker's state, with its moment of opening on the monotonic clock: setting the clock changes nothing."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(pybreaker.STATE_CLOSED)
        self._clock = clock
        self._opened_monotonic_s: float | None = None

    @property
    def opened_at(self) -> datetime | None:
        """When the breaker opened, as the wall clock tells it now."""
        if self._opened_monotonic_s is None:
            return None
        return datetime.now(UTC) - timedelta(seconds=self._clock.monotonic_s() - self._opened_monotonic_s)

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        self._opened_monotonic_s = self._clock.monotonic_s()
