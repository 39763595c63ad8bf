"""A client that hears everything a test's broker is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came."""

    topic: str
    payload: bytes
    retained: bool
    qos: int

    @property
    def text(self) -> str:
        return self.payload.decode()


class Subscriber:
    """Subscribes to filters and keeps what it hears, also across connections.

    Args:
        port: Of the broker on loopback.
        filters: What to hear.
        credentials: User name and password, where the broker wants them.
    """

    def __init__(self, port: int, *filters: str, credentials: tuple[str, str] | None = None) -> None:
        self._port = port
        self._filters = filters or ("#",)
        self.heard: list[Heard] = []
        self._changed = threading.Condition()
        self._subscriptions = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        if credentials is not None:
            self._client.username_pw_set(*credentials)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *arguments: self._subscribe()
        self._client.on_subscribe = lambda *arguments: self._subscribed()
        self._client.on_message = lambda client, userdata, message: self._hear(message)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self.wait_for_subscription(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Say something oneself."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def wait_until(self, enough: Callable[[list[Heard]], bool], timeout_s: float = WAIT_S) -> list[Heard]:
        """Wait until what was heard is enough; returns all of it."""
        with self._changed:
            done = self._changed.wait_for(lambda: enough(self.heard), timeout_s)
            assert done, f"heard only {[(each.topic, each.payload[:80]) for each in self.heard[-20:]]}"
            return list(self.heard)

    def wait_for(self, topic: str, timeout_s: float = WAIT_S) -> Heard:
        """The first message on a topic."""
        heard = self.wait_until(lambda heard: any(each.topic == topic for each in heard), timeout_s)
        return next(each for each in heard if each.topic == topic)

    def wait_for_subscription(self, count: int, timeout_s: float = WAIT_S) -> None:
        """Wait until the subscriptions were made for the ``count``-th time."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._subscriptions >= count, timeout_s), "no subscription"

    def on(self, topic: str) -> list[Heard]:
        """Everything heard on a topic so far."""
        with self._changed:
            return [each for each in self.heard if each.topic == topic]

    def events(self, topic: str) -> list[str]:
        """Event ids heard on a topic so far, in order."""
        return [json.loads(each.payload)["event_id"] for each in self.on(topic)]

    def _subscribe(self) -> None:
        self._client.subscribe([(each, 1) for each in self._filters])

    def _subscribed(self) -> None:
        with self._changed:
            self._subscriptions += 1
            self._changed.notify_all()

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.heard.append(Heard(message.topic, bytes(message.payload), message.retain, message.qos))
            self._changed.notify_all()
