"""The decision at the door: who asks, may they, and how much is left."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import limits

from npr_edge.access.database import AccessDatabase
from npr_edge.access.journal import Journal
from npr_edge.access.keys import ApiKey, KeyStore
from npr_edge.access.limits import Allowance, Limiter, parse_limits
from npr_edge.access.usage import UsageCounter
from npr_edge.ports import Clock

DEFAULT_FAILURES = "60/minute"
MOST_ADDRESSES = 10_000


class Refusal(Enum):
    """Why a request is not let in; what is wrong with a key is never told."""

    INVALID_KEY = "invalid key"
    TOO_MANY_FAILURES = "too many failures"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused request; ``allowance`` is that of the address and set where it failed too often."""

    reason: Refusal
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class KeptQuotas:
    """Windows of others than keys (what registries allow); kept on disk like those of the keys."""

    _limiter: Limiter
    _journal: Journal

    def spend(self, identity: str, items: Sequence[limits.RateLimitItem], cost: int = 1) -> Allowance:
        """Take ``cost`` requests out of every window of ``identity``, or none where one cannot hold them."""
        allowance = self._limiter.spend(identity, items, cost)
        self._journal.note()
        return allowance


class Access:
    """Keys, limits and usage of a device in one hand."""

    def __init__(self, database: AccessDatabase, clock: Clock, failures: str = DEFAULT_FAILURES) -> None:
        self.keys = KeyStore(database, clock)
        self.usage = UsageCounter(database, clock)
        self._database = database
        self._clock = clock
        self._limiter = Limiter(clock)
        self._failures = parse_limits(failures)
        self._addresses = Limiter(clock, MOST_ADDRESSES)
        self._journal = Journal(database, self._limiter, self.usage, clock)
        self.quotas = KeptQuotas(self._limiter, self._journal)

    def start(self) -> None:
        """Go on with the windows of an earlier run."""
        self._journal.start()

    def enter(self, secret: str | None, scope: str | None, address: str) -> ApiKey | Refused:
        """The key of a request, or why there is none.

        Args:
            secret: What came as the bearer token, None where nothing did.
            scope: What the key must be allowed; None takes any key.
            address: Where the request came from; those who fail often are told to wait instead.

        Raises:
            StoreError: The keys cannot be read.
        """
        key = self.keys.find(secret)
        if key is not None and key.state(self._clock.wall_s()) == "active" and (scope is None or scope in key.scopes):
            return key
        allowance = self._addresses.spend(_network(address), self._failures)
        if allowance.allowed:
            return Refused(Refusal.INVALID_KEY)
        return Refused(Refusal.TOO_MANY_FAILURES, allowance)

    def may_enter(self, secret: str | None) -> bool:
        """Whether this is a key in use; nothing is counted."""
        key = self.keys.find(secret)
        return key is not None and key.state(self._clock.wall_s()) == "active"

    def spend(self, key: ApiKey, cost: int = 1) -> Allowance:
        """Take ``cost`` requests from the key's windows, all or none."""
        allowance = self._limiter.spend(str(key.id), parse_limits(key.limits), cost)
        if not allowance.allowed:
            self.usage.count(key.id, refused=True)
        self._journal.note()
        return allowance

    def look(self, key: ApiKey) -> Allowance:
        """What is left of the key's windows; nothing is taken."""
        return self._limiter.look(str(key.id), parse_limits(key.limits))

    def count(self, key: ApiKey, images: int = 0) -> None:
        """Note a request that was let in."""
        self.usage.count(key.id, images=images)
        self._journal.note()

    def close(self) -> None:
        """Write what is left and let go of the database; safe to call twice."""
        self._journal.close()
        self._database.close()


def open_access(data_dir: Path, clock: Clock, failures: str = DEFAULT_FAILURES) -> Access:
    """Open or make ``access.db`` in the data folder; a damaged one is set aside, the keys in it are carried over.

    Raises:
        StoreError: It cannot be opened or made.
        ConfigError: ``failures`` is no limit.
    """
    return Access(AccessDatabase(data_dir, mend=True), clock, failures)


def _network(address: str) -> str:
    """What counts as one address: all of IPv4, the /64 that one IPv6 host has to itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
