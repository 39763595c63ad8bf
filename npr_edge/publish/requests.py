"""Requests over MQTT: answered one after the other on a thread of their own, so that none holds up the reads."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from npr_edge.errors import NprEdgeError
from npr_edge.publish.payload import response_payload

log = logging.getLogger(__name__)

RequestHandler = Callable[[Mapping[str, object]], object]
"""Takes the request's fields, returns the answer's ``data`` (anything JSON can say) or raises ``NprEdgeError``."""

MAX_REQUEST_BYTES = 65_536
_MOST_WAITING = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the request's name and the finished payload."""

    name: str
    payload: str


class RequestDesk:
    """Takes requests, has them handled, and keeps the answers until they are fetched.

    Args:
        handlers: By name.
        answered: Called when an answer is ready.
    """

    def __init__(self, handlers: Mapping[str, RequestHandler], answered: Callable[[], None]) -> None:
        self._handlers = handlers
        self._answered = answered
        self._waiting: queue.Queue[tuple[str, Mapping[str, object]] | None] = queue.Queue(_MOST_WAITING)
        self._answers: deque[Answer] = deque(maxlen=4 * _MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="mqtt-requests", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the request in hand; what waits is left."""
        while True:
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                self._waiting.get_nowait()
            else:
                return

    def take(self, name: str, payload: bytes) -> None:
        """Take a request; wrong ones are answered at once. Never waits."""
        request, problem = parse_request(payload)
        if problem is None and name not in self._handlers:
            problem = f"unknown request; known are {', '.join(sorted(self._handlers)) or 'none'}"
        if problem is None:
            try:
                self._waiting.put_nowait((name, request))
            except queue.Full:
                problem = "too many requests wait; try again later"
        if problem is not None:
            self._answer(name, response_payload(request.get("transaction"), error=problem))

    def fetch(self) -> list[Answer]:
        """The answers since the last call."""
        answers = []
        while self._answers:
            answers.append(self._answers.popleft())
        return answers

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            name, request = item
            transaction = request.get("transaction")
            try:
                payload = response_payload(transaction, data=self._handlers[name](request))
            except NprEdgeError as error:
                payload = response_payload(transaction, error=str(error))
            except Exception:
                # A handler with a mistake in it must not take the daemon's reads with it; the log has the trace.
                log.exception("request %s failed", name)
                payload = response_payload(transaction, error="internal error; the log of the device has it")
            self._answer(name, payload)

    def _answer(self, name: str, payload: str) -> None:
        self._answers.append(Answer(name, payload))
        self._answered()


def parse_request(payload: bytes) -> tuple[Mapping[str, object], str | None]:
    """The fields of a request and what is wrong with it; an empty payload asks without fields."""
    if len(payload) > MAX_REQUEST_BYTES:
        return {}, f"the request is larger than {MAX_REQUEST_BYTES} bytes"
    if not payload.strip():
        return {}, None
    try:
        request = json.loads(payload)
    except (ValueError, RecursionError):
        return {}, "the request is not JSON"
    if not isinstance(request, dict):
        return {}, "the request is no JSON object"
    return request, None
