"""The publish thread: outbox to broker, in order, each message until the broker has it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from paho.mqtt.enums import MQTTProtocolVersion

from npr_edge import __version__
from npr_edge.domain import MessageKind, OutboxMessage
from npr_edge.errors import StoreError
from npr_edge.ports import Outbox
from npr_edge.publish.homeassistant import DeviceCard, birth_topic, discovery, discovery_topic
from npr_edge.publish.link import Link, LinkError, Waker
from npr_edge.publish.payload import camera_payload, compact_json, health_payload
from npr_edge.publish.requests import RequestDesk, RequestHandler
from npr_edge.publish.topics import ONLINE, CameraStatus, Topics
from npr_edge.settings import DeviceSettings, MqttSettings

log = logging.getLogger(__name__)

_TURN_S = 1.0
_FIRST_BACKOFF_S = 0.5
_LOOK_AGAIN_S = 5.0
"""The outbox is looked at this often even if nobody says that there is something new."""

_FETCHED_AT_ONCE = 100
_FAREWELL_S = 2.0
_STEADY_S = 10.0
"""A connection that stood for this long was a good one: the next backoff starts small again."""

_VERSIONS = {
    "auto": (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311),
    "5": (MQTTProtocolVersion.MQTTv5,),
    "3.1.1": (MQTTProtocolVersion.MQTTv311,),
}
_VERSION_NAMES = {MQTTProtocolVersion.MQTTv5: "5", MQTTProtocolVersion.MQTTv311: "3.1.1"}


@dataclass(frozen=True, slots=True)
class PublisherParts:
    """What a publisher is made of.

    Attributes:
        settings: The broker.
        device: Who speaks.
        outbox: What has to be sent.
        cameras: How the cameras fare; asked every second.
        health: Figures for the topic ``health``, JSON values without plates; Home Assistant shows ``temperature_c``,
            ``read_rate`` (0-1 or None) and ``queue``.
        requests: Handlers by name (``read_now``, ``reload``, ``health``, ...).
        beat: Called at least every few seconds while the thread makes progress.
    """

    settings: MqttSettings
    device: DeviceSettings
    outbox: Outbox
    cameras: Callable[[], Sequence[CameraStatus]] = tuple
    health: Callable[[], Mapping[str, object]] = dict
    requests: Mapping[str, RequestHandler] = field(default_factory=dict)
    beat: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class PublisherState:
    """How publishing fares, for health.

    Attributes:
        connected: Whether the broker is there.
        protocol: MQTT version of the connection, empty without one.
        detail: Why there is no connection, or what the broker refused last; empty otherwise.
        connections: Connections made since the start.
        acknowledged: Messages of the outbox that the broker has, since the start.
        refused: Messages that the broker refused, since the start; they stay in the outbox.
        in_flight: Messages sent and not acknowledged.
    """

    connected: bool = False
    protocol: str = ""
    detail: str = ""
    connections: int = 0
    acknowledged: int = 0
    refused: int = 0
    in_flight: int = 0


class Publisher:
    """Owns the connection and the one thread that uses it.

    Args:
        parts: What it is made of.
    """

    def __init__(self, parts: PublisherParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._topics = Topics(parts.device.id)
        self._card = DeviceCard(self._topics, parts.device.name or parts.device.id, __version__)
        self._waker = Waker()
        self._desk = RequestDesk(parts.requests, self._waker.wake)
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._state = PublisherState()
        self._news = threading.Event()
        self._drain_until_s = 0.0
        # The publish thread's own:
        self._fetched: deque[OutboxMessage] = deque()
        self._fetched_up_to = 0
        self._look_at_s = 0.0
        self._in_flight: dict[int, OutboxMessage] = {}  # by outbox id, in order
        self._sent: dict[int, tuple[int, float]] = {}  # mid -> outbox id, monotonic time
        self._told_cameras: dict[str, CameraStatus] = {}
        self._announced: set[str] = set()
        self._health_at_s = 0.0
        self._announce_again = False
        self._version = 0

    def start(self) -> None:
        """Start the threads; a broker that is not there is their own business."""
        self._desk.start()
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the outbox. Never waits; any thread may call it."""
        self._news.set()
        self._waker.wake()

    def stop(self, timeout_s: float) -> bool:
        """Send what is there, say farewell and end; what is not acknowledged stays in the outbox.

        Returns:
            Whether it ended in time.
        """
        self._drain_until_s = time.monotonic() + max(timeout_s - _FAREWELL_S, 0.0)
        self._news.set()
        self._stopping.set()
        self._waker.wake()
        self._desk.stop()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._waker.close()
        return True

    def state(self) -> PublisherState:
        """How publishing fares."""
        with self._lock:
            return self._state

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._parts.beat()
            began_s = time.monotonic()
            try:
                self._session()
                failures = 0
            except LinkError as error:
                stood = self.state().connected and time.monotonic() - began_s > _STEADY_S
                failures = 1 if stood else failures + 1
                self._say_lost(error)
                self._rest(failures)

    def _session(self) -> None:
        """One connection: from greeting to farewell, or until it is lost."""
        link = self._connect()
        try:
            self._sent.clear()
            self._told_cameras.clear()
            self._greet(link)
            for message in self._in_flight.values():  # nobody knows whether the broker got these: again, same id
                self._send(link, message)
            while not self._stopping.is_set():
                self._turn(link)
            while time.monotonic() < self._drain_until_s and (self._in_flight or self._fetched or self._news.is_set()):
                self._turn(link)
            link.farewell(self._topics.status, timeout_s=_FAREWELL_S / 2)
        finally:
            link.drop()

    def _connect(self) -> Link:
        versions = _VERSIONS[self._settings.protocol]
        version = versions[self._version % len(versions)]
        try:
            link = Link(self._settings, self._topics, version, self._waker)
        except LinkError as error:
            self._version = self._version + 1 if error.try_older else 0
            raise
        link.on_message = self._hear
        with self._lock:
            self._state = replace(
                self._state,
                connected=True,
                protocol=_VERSION_NAMES[version],
                detail="",
                connections=self._state.connections + 1,
            )
        log.info("connected to the broker at %s:%d", self._settings.host, self._settings.port)
        return link

    def _greet(self, link: Link) -> None:
        prefix = self._settings.discovery_prefix
        link.subscribe(self._topics.requests, *([birth_topic(prefix)] if self._settings.discovery else []))
        link.publish(self._topics.status, ONLINE, retain=True)
        self._announce(link)
        self._tell_cameras(link)
        self._tell_health(link)

    def _turn(self, link: Link) -> None:
        self._parts.beat()
        self._feed(link)
        link.pump(_TURN_S)
        self._settle(link)
        for answer in self._desk.fetch():
            link.publish(self._topics.response(answer.name), answer.payload)
        self._tell_cameras(link)
        if time.monotonic() >= self._health_at_s:
            self._tell_health(link)
        if self._announce_again:
            self._announce(link)
        oldest_s = next((sent_s for _, sent_s in self._sent.values()), None)
        if oldest_s is not None and time.monotonic() - oldest_s > self._settings.ack_timeout_s:
            raise LinkError(f"no acknowledgement for {self._settings.ack_timeout_s:g} s")

    def _feed(self, link: Link) -> None:
        """Send what the window has room for."""
        while len(self._in_flight) < self._settings.window:
            if not self._fetched and not self._fetch():
                return
            message = self._fetched.popleft()
            self._in_flight[message.id] = message
            self._send(link, message)

    def _fetch(self) -> bool:
        """Look for new messages where there may be some."""
        if not self._news.is_set() and time.monotonic() < self._look_at_s:
            return False
        self._news.clear()
        self._look_at_s = time.monotonic() + _LOOK_AGAIN_S
        try:
            messages = self._parts.outbox.pending(self._fetched_up_to, _FETCHED_AT_ONCE)
        except StoreError as error:
            log.warning("the outbox cannot be read: %s", error)
            return False
        if len(messages) == _FETCHED_AT_ONCE:
            self._news.set()
        if messages:
            self._fetched.extend(messages)
            self._fetched_up_to = messages[-1].id
        return bool(messages)

    def _send(self, link: Link, message: OutboxMessage) -> None:
        mid = link.publish(self._topics.message(message.kind), message.payload)
        self._sent[mid] = message.id, time.monotonic()
        if self._settings.crop and message.crop is not None and message.kind is MessageKind.READ:
            try:
                jpeg = message.crop.read_bytes()
            except OSError as error:
                log.debug("no crop for %s: %s", message.event_id, error)  # retention was faster
                return
            link.publish(self._topics.crop, jpeg, qos=0, about={"event_id": message.event_id})

    def _settle(self, link: Link) -> None:
        """Take acknowledged messages out of the window and have them deleted."""
        done = []
        refusal = None
        for ack in link.take_acks():
            outbox_id, _ = self._sent.pop(ack.mid, (None, 0.0))
            if outbox_id is None:
                if ack.refusal is not None:
                    log.warning("the broker refuses %s: %s; check its access rules", ack.topic, ack.refusal)
                continue
            if ack.refusal is not None:
                refusal = ack.refusal
                continue
            self._in_flight.pop(outbox_id, None)
            done.append(outbox_id)
        if done:
            self._parts.outbox.acknowledge(done)
        with self._lock:
            self._state = replace(
                self._state,
                acknowledged=self._state.acknowledged + len(done),
                in_flight=len(self._in_flight),
                refused=self._state.refused + (refusal is not None),
            )
        if refusal is not None:
            # It stays first in line: to go on behind it would break the order, to drop it would lose it.
            raise LinkError(f"the broker refuses messages: {refusal}; check its access rules")

    def _announce(self, link: Link) -> None:
        self._announce_again = False
        cameras = self._parts.cameras()
        present = {status.camera_id for status in cameras}
        for gone in self._announced - present:
            link.publish(self._topics.camera(gone), "", retain=True)  # takes the state off the broker
            self._told_cameras.pop(gone, None)
        self._announced = present
        if self._settings.discovery:
            description = discovery(self._card, cameras, crop=self._settings.crop)
            topic = discovery_topic(self._settings.discovery_prefix, self._card)
            link.publish(topic, compact_json(description), retain=True)

    def _tell_cameras(self, link: Link) -> None:
        cameras = self._parts.cameras()
        if {status.camera_id for status in cameras} != self._announced:
            self._announce(link)
        for status in cameras:
            if self._told_cameras.get(status.camera_id) != status:
                link.publish(self._topics.camera(status.camera_id), camera_payload(status), retain=True)
                self._told_cameras[status.camera_id] = status

    def _tell_health(self, link: Link) -> None:
        self._health_at_s = time.monotonic() + self._settings.health_every_s
        link.publish(self._topics.health, health_payload(self._topics.device_id, self._parts.health()), retain=True)

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        name = self._topics.request_name(topic)
        if name is not None and not retained:  # a retained request is an old one that nobody waits for
            self._desk.take(name, payload)
        elif topic == birth_topic(self._settings.discovery_prefix) and payload == ONLINE.encode():
            self._announce_again = True

    def _say_lost(self, error: LinkError) -> None:
        before = self.state()
        if before.connected or before.detail != str(error):
            log.warning("no connection to the broker: %s; reads wait in the outbox", error)
        with self._lock:
            self._state = replace(self._state, connected=False, protocol="", detail=str(error))

    def _rest(self, failures: int) -> None:
        """Wait before the next try: longer each time, and never in step with other devices."""
        longest_s = min(_FIRST_BACKOFF_S * 2 ** min(failures - 1, 16), self._settings.max_backoff_s)
        end_s = time.monotonic() + random.uniform(longest_s / 2, longest_s)  # noqa: S311 - jitter, no secret
        while not self._stopping.is_set() and (left_s := end_s - time.monotonic()) > 0:
            self._parts.beat()
            self._stopping.wait(min(left_s, _TURN_S))
