"""An outbox in memory, and messages to put in."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from npr_edge.domain import MessageKind, OutboxMessage
from tests.support.sightings import event_id

WAIT_S = 30.0


def message(number: int, *, camera: str = "gate", crop: Path | None = None) -> OutboxMessage:
    """The ``number``-th message; its payload names camera and place."""
    payload = json.dumps({"event_id": event_id(number), "camera": camera, "number": number})
    return OutboxMessage(number, event_id(number), MessageKind.READ, payload, crop)


class MemoryOutbox:
    """``ports.Outbox`` without a disk; refuses to forget what was not acknowledged."""

    def __init__(self) -> None:
        self._messages: dict[int, OutboxMessage] = {}
        self._changed = threading.Condition()
        self.acknowledged: list[int] = []

    def put(self, *messages: OutboxMessage) -> None:
        with self._changed:
            self._messages.update({each.id: each for each in messages})

    def pending(self, after: int, limit: int) -> Sequence[OutboxMessage]:
        with self._changed:
            return [self._messages[number] for number in sorted(self._messages) if number > after][:limit]

    def acknowledge(self, ids: Sequence[int]) -> None:
        with self._changed:
            for number in ids:
                del self._messages[number]
                self.acknowledged.append(number)
            self._changed.notify_all()

    def wait_until_empty(self, timeout_s: float = WAIT_S) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: not self._messages, timeout_s)
            assert done, f"{len(self._messages)} messages left"
