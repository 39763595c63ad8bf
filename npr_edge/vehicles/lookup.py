"""Vehicle data by plate: local table, cache, then the registry of the region, never slower than promised."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from npr_edge.domain import Vehicle
from npr_edge.errors import StoreError
from npr_edge.vehicles.cache import AnswerCache
from npr_edge.vehicles.guard import Asked, GuardedSource, Outcome
from npr_edge.vehicles.plates import bare
from npr_edge.vehicles.registry import VehicleRegistry

log = logging.getLogger(__name__)

MAX_WAITING = 64
"""Questions under way or waiting; with more, a new one is left out: its vehicle will be read again."""

Late = Callable[[Vehicle], None]
"""Told the vehicle of a lookup that had answered None."""

CLOSE_S = 5.0
"""Longest wait for questions under way when the service ends."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What is asked without leaving the device."""

    registry: VehicleRegistry
    cache: AnswerCache


class VehicleDirectory:
    """Implements ``ports.VehicleLookup``; safe between threads.

    Args:
        stores: Local table and cache.
        sources: Registry by region code; empty: the local table alone.
        timeout_s: Longest wait of a lookup.
        count: Told the registry's name and the outcome of each question; for metrics.
    """

    def __init__(
        self,
        stores: Stores,
        sources: Mapping[str, GuardedSource],
        timeout_s: float,
        count: Callable[[str, str], None] = lambda source, outcome: None,
    ) -> None:
        self._stores = stores
        self._sources = dict(sources)
        self._timeout_s = timeout_s
        self._count = count
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, str], concurrent.futures.Future[Asked]] = {}
        # A registry is asked one question at a time; one that is slow or pauses holds up no other.
        self._pools = {
            source.name: concurrent.futures.ThreadPoolExecutor(1, f"vehicles-{source.name}")
            for source in sources.values()
        }

    def lookup(self, text: str, region: str | None) -> Vehicle | None:
        """What is known of ``text``, at once or within the timeout; None where nothing is known by then.

        Args:
            text: Plate; separators do not matter.
            region: Region of the plate; decides which registry is asked.
        """
        return self.lookup_all([(text, region)])[0]

    def lookup_all(self, plates: Sequence[tuple[str, str | None]]) -> list[Vehicle | None]:
        """What is known of each plate, at once or within one timeout for all of them.

        Args:
            plates: Text and region of each, as for ``lookup``.
        """
        answers = [self._begin(bare(text), region or "") for text, region in plates]
        end_s = time.monotonic() + self._timeout_s
        return [_within(answer, end_s) for answer in answers]

    def follow(self, text: str, region: str | None, late: Late) -> None:
        """Have ``late`` told the vehicle of a lookup that answered None, if one is found after all.

        Call it when the read is stored, so that nothing comes before what it belongs to.

        Args:
            text: As in the lookup; ``region`` likewise.
            region: Region of the plate.
            late: Called at most once, from a worker's thread or at once from this one.
        """
        source = self._sources.get(region or "")
        if source is None:
            return
        key = (source.name, bare(text))
        with self._lock:
            future = self._asking.get(key)
        if future is not None:
            future.add_done_callback(partial(_tell, late))
        elif (kept := self._kept(*key)) is not None and kept.vehicle is not None:
            late(kept.vehicle)

    def close(self) -> None:
        """Stop asking; questions under way have ``CLOSE_S`` to end. Safe to call twice."""
        self._closing.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            asking = list(self._asking.values())
        concurrent.futures.wait(asking, CLOSE_S)
        self._stores.registry.close()
        self._stores.cache.close()

    def _begin(self, plate: str, region: str) -> Vehicle | concurrent.futures.Future[Asked] | None:
        """What the device itself knows, else the question to the registry."""
        known = self._local(plate)
        source = self._sources.get(region)
        if known is not None or source is None or not plate:
            return known
        kept = self._kept(source.name, plate)
        return kept.vehicle if kept is not None else self._ask(source, plate)

    def _local(self, plate: str) -> Vehicle | None:
        try:
            return self._stores.registry.lookup(plate)
        except StoreError as error:
            log.warning("local vehicle table: %s", error)
            return None

    def _kept(self, source: str, plate: str) -> Asked | None:
        try:
            answer = self._stores.cache.get(source, plate)
        except StoreError as error:
            log.warning("cache of vehicle data: %s", error)
            return None
        if answer is None:
            return None
        return Asked(Outcome.FOUND if answer.vehicle else Outcome.UNKNOWN, answer.vehicle)

    def _ask(self, source: GuardedSource, plate: str) -> concurrent.futures.Future[Asked] | None:
        """The question under way about this plate, a new one, or None where too many wait."""
        key = (source.name, plate)
        with self._lock:
            future = self._asking.get(key)
            if future is not None:
                return future
            if self._closing.is_set() or len(self._asking) >= MAX_WAITING:
                self._count(source.name, Outcome.DROPPED)
                return None
            future = self._pools[source.name].submit(self._answer, source, plate)
            self._asking[key] = future
        future.add_done_callback(lambda _: self._forget(key))
        return future

    def _answer(self, source: GuardedSource, plate: str) -> Asked:
        """Runs on a worker: ask, keep the answer, count it."""
        asked = source.ask(plate, self._closing)
        self._count(source.name, asked.outcome)
        if asked.answered:
            try:
                self._stores.cache.put(source.name, plate, asked.vehicle)
            except StoreError as error:
                log.warning("cache of vehicle data: %s", error)
        return asked

    def _forget(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._asking.pop(key, None)


def _within(answer: Vehicle | concurrent.futures.Future[Asked] | None, end_s: float) -> Vehicle | None:
    """The vehicle of an answer, waited for until ``end_s`` on the monotonic clock."""
    if not isinstance(answer, concurrent.futures.Future):
        return answer
    try:
        return answer.result(max(end_s - time.monotonic(), 0)).vehicle
    except (TimeoutError, concurrent.futures.CancelledError):
        return None


def _tell(late: Late, future: concurrent.futures.Future[Asked]) -> None:
    if not future.cancelled() and future.exception() is None and (vehicle := future.result().vehicle) is not None:
        late(vehicle)
