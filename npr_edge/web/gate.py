"""Shares the recogniser between cameras and requests: bounded, in order, neither side starved."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from npr_edge.domain import Image, Recognition
from npr_edge.errors import NprEdgeError
from npr_edge.ports import Recogniser

_LOOK_S = 0.1
"""How often a waiting request looks whether its client is still there."""


class GateBusyError(NprEdgeError):
    """Too many requests wait already; ``retry_after_s`` is when it may be worth another try."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many images are waiting for recognition: try again later.")
        self.retry_after_s = retry_after_s


class ClientGoneError(NprEdgeError):
    """The client closed its connection while its request waited."""


class RecogniseGate:
    """Two doors in a row.

    A request first takes a *place*, where it may hold a decoded picture: there are few, and only so many requests
    wait for one, in order of arrival; each leaves when its client does. Then it takes a *turn* at the recogniser, for
    which cameras queue beside it: when both wait they alternate, so neither can starve the other.
    """

    def __init__(self, recogniser: Recogniser, *, turns: int = 1, queue: int = 16, max_wait_s: float = 30.0) -> None:
        """Make a gate.

        Args:
            recogniser: What is shared; must be safe to call from ``turns`` threads at once.
            turns: Recognitions that may run side by side.
            queue: Requests that may wait for a place.
            max_wait_s: Longest wait for a place.
        """
        self._turns = _Turns(recogniser, turns)
        # One picture is decoded while another is recognised. No more: a large one takes 150 MB, and boards have 1 GB.
        self._places = max(turns, 2)
        self._queue = queue
        self._max_wait_s = max_wait_s
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._inside = 0

    @property
    def capacity(self) -> int:
        """Requests that may hold or wait for a place."""
        return self._places + self._queue

    @property
    def inside(self) -> int:
        """Requests that hold a place."""
        return self._inside

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return len(self._waiting)

    @property
    def cameras(self) -> Recogniser:
        """The recogniser for cameras: no places, their queue is the newest frame."""
        return _CameraDoor(self._turns)

    def recognise(self, image: Image) -> Recognition:
        """Recognise for a request that holds a place."""
        return self._turns.recognise(image, camera=False)

    @contextmanager
    def place(self, gone: Callable[[], bool] = lambda: False, *, patient: bool = False) -> Iterator[None]:
        """Hold a place.

        Args:
            gone: Tells whether the client has left.
            patient: Wait even where the queue is full; for the later images of a request that was let in.

        Raises:
            GateBusyError: The queue is full, or the wait took too long.
            ClientGoneError: The client left while waiting.
        """
        self._enter(gone, patient)
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _enter(self, gone: Callable[[], bool], patient: bool) -> None:
        with self._changed:
            if self._waiting or self._inside >= self._places:
                if len(self._waiting) >= self._queue and not patient:
                    raise GateBusyError(self._retry_after_s())
                self._wait(gone)
            self._inside += 1

    def _wait(self, gone: Callable[[], bool]) -> None:
        ticket, end_s = object(), time.monotonic() + self._max_wait_s
        self._waiting.append(ticket)
        try:
            while self._waiting[0] is not ticket or self._inside >= self._places:
                self._changed.wait(_LOOK_S)
                if gone():
                    raise ClientGoneError("The client left.")
                if time.monotonic() > end_s:
                    raise GateBusyError(self._retry_after_s())
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()

    def _retry_after_s(self) -> int:
        return max(1, math.ceil(self._turns.mean_s * (len(self._waiting) + self._inside)))


class _Turns:
    """Turns at the recogniser, alternating between the two kinds of callers when both wait."""

    def __init__(self, recogniser: Recogniser, turns: int) -> None:
        self._recogniser = recogniser
        self._free = turns
        self._lock = threading.Lock()
        self._queues: tuple[deque[threading.Event], deque[threading.Event]] = (deque(), deque())
        self._next = 1
        self.mean_s = 0.1

    def recognise(self, image: Image, *, camera: bool) -> Recognition:
        self._take(int(camera))
        started_s = time.monotonic()
        try:
            return self._recogniser.recognise(image)
        finally:
            self._give(time.monotonic() - started_s)

    def _take(self, kind: int) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._queues[kind].append(mine)
        mine.wait()

    def _give(self, spent_s: float) -> None:
        with self._lock:
            self.mean_s += 0.1 * (spent_s - self.mean_s)
            first, second = self._queues[self._next], self._queues[1 - self._next]
            queue = first or second
            if not queue:
                self._free += 1
                return
            self._next = 1 - self._next if queue is first else self._next
            queue.popleft().set()


class _CameraDoor:
    def __init__(self, turns: _Turns) -> None:
        self._turns = turns

    def recognise(self, image: Image) -> Recognition:
        return self._turns.recognise(image, camera=True)
