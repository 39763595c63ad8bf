"""One connection to the broker, from the first packet to the last; a broken one is thrown away, never mended.

paho's client runs on its own event loop here (``loop_read``, ``loop_write``, ``loop_misc``), driven by the
publisher's thread: one thread, no locks, and every wait bounded.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from npr_edge.errors import PublishError
from npr_edge.publish.topics import OFFLINE, Topics
from npr_edge.settings import MqttSettings

log = logging.getLogger(__name__)

_UNSUPPORTED_VERSION = 0x84
_MOST_IN_FLIGHT = 20
"""Unacknowledged messages of all kinds; mosquitto and others take 20 before they close the connection."""


class LinkError(PublishError):
    """The connection cannot be made, or is gone.

    Attributes:
        try_older: The broker may only speak MQTT 3.1.1.
    """

    def __init__(self, message: str, *, try_older: bool = False) -> None:
        super().__init__(message)
        self.try_older = try_older


@dataclass(frozen=True, slots=True)
class Ack:
    """The broker's word on one message: its number on this connection, its topic, why it was refused if it was."""

    mid: int
    topic: str
    refusal: str | None


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, where paho only forgets it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Waker:
    """Lets other threads end a wait of the publisher's thread."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)

    def wake(self) -> None:
        """End the wait."""
        try:
            self._sender.send(b"w")
        except (BlockingIOError, OSError):
            return  # enough wake-ups wait already, or the publisher has ended

    def drain(self) -> None:
        """Take the wake-ups."""
        try:
            while self.receiver.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close both ends."""
        self.receiver.close()
        self._sender.close()


class Link:
    """A connection that stands.

    Args:
        settings: Where to and how.
        topics: Whose will is left with the broker.
        version: MQTT version to speak.
        waker: Ends the waits of ``pump``.

    Raises:
        LinkError: It does not stand within the time allowed.
    """

    def __init__(self, settings: MqttSettings, topics: Topics, version: MQTTProtocolVersion, waker: Waker) -> None:
        self._settings = settings
        self._waker = waker
        self._connected: ReasonCode | None = None
        self._lost: str | None = None
        self._acks: list[Ack] = []
        self._unacknowledged: dict[int, str] = {}  # mid -> topic, in order
        self.on_message: Callable[[str, bytes, bool], None] = lambda topic, payload, retained: None
        self.version = version
        self._client = self._make_client(topics)
        self._selector = selectors.DefaultSelector()
        try:
            self._connect()
        except BaseException:
            self.drop()
            raise

    def publish(
        self,
        topic: str,
        payload: str | bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        about: Mapping[str, str] | None = None,
    ) -> int:
        """Send a message; returns its number for ``take_acks``.

        Args:
            topic: Where to.
            payload: What.
            qos: 1 is acknowledged, 0 is not.
            retain: Whether the broker keeps it for later subscribers.
            about: User properties; MQTT 5 only.
        """
        properties = None
        if about and self.version is MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = list(about.items())
        mid = self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid
        if qos:
            self._unacknowledged[mid] = topic
        return mid

    def subscribe(self, *filters: str) -> None:
        """Have messages of these topics handed to ``on_message``."""
        self._client.subscribe([(each, 1) for each in filters])

    def pump(self, timeout_s: float) -> None:
        """Move bytes both ways for at most ``timeout_s``; returns as soon as something happened.

        Raises:
            LinkError: The connection is gone.
        """
        sock = self._client.socket()
        if sock is None or self._lost is not None:
            raise LinkError(self._loss())
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
        self._selector.register(sock, wanted)
        try:
            ready = self._selector.select(0 if _has_decrypted_bytes(sock) else timeout_s)
        finally:
            self._selector.unregister(sock)
        events = {key.fileobj: mask for key, mask in ready}
        if self._waker.receiver in events:
            self._waker.drain()
        if events.get(sock, 0) & selectors.EVENT_READ or _has_decrypted_bytes(sock):
            self._check(self._client.loop_read())
        if events.get(sock, 0) & selectors.EVENT_WRITE and self._client.want_write():
            self._check(self._client.loop_write())
        self._check(self._client.loop_misc())

    def take_acks(self) -> list[Ack]:
        """The broker's words since the last call."""
        acks, self._acks = self._acks, []
        return acks

    def farewell(self, topic: str, timeout_s: float) -> None:
        """Say ``offline``, wait for the broker to have it, and close in good order."""
        mid = self.publish(topic, OFFLINE, retain=True)
        end_s = time.monotonic() + timeout_s
        try:
            while all(ack.mid != mid for ack in self.take_acks()) and time.monotonic() < end_s:
                self.pump(0.1)
            self._client.disconnect()
            while self._lost is None and self._client.want_write() and time.monotonic() < end_s:
                self.pump(0.1)
        except LinkError as error:
            log.debug("the broker did not hear the farewell: %s", error)  # its will says the same
        self.drop()

    def drop(self) -> None:
        """Close without a word; the broker publishes the will. Safe to call twice."""
        self._client.on_disconnect = None
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self._selector.close()

    def _make_client(self, topics: Topics) -> mqtt.Client:
        settings = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or f"npr-edge-{topics.device_id}",
            clean_session=None if self.version is MQTTProtocolVersion.MQTTv5 else True,
            protocol=self.version,
            reconnect_on_failure=False,
        )
        client.connect_timeout = settings.connect_timeout_s
        client.max_inflight_messages_set(min(settings.window, _MOST_IN_FLIGHT))
        client.max_queued_messages_set(0)
        client.will_set(topics.status, OFFLINE, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        settings = self._settings
        end_s = time.monotonic() + settings.connect_timeout_s
        self._selector.register(self._waker.receiver, selectors.EVENT_READ)
        try:
            if settings.username is not None:
                self._client.username_pw_set(settings.username, password_of(settings))
            if settings.tls:
                self._client.tls_set_context(tls_context(settings))
            clean = self.version is MQTTProtocolVersion.MQTTv5
            self._client.connect(
                settings.host,
                settings.port,
                keepalive=settings.keepalive_s,
                clean_start=clean or mqtt.MQTT_CLEAN_START_FIRST_ONLY,
            )
        except (OSError, ValueError) as error:
            raise LinkError(f"{settings.host}:{settings.port}: {error}") from error
        while self._connected is None:
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                raise LinkError(f"{settings.host}:{settings.port} does not answer")
            try:
                self.pump(left_s)
            except LinkError as error:
                # Brokers that only know 3.1.1 may say nothing and hang up.
                raise LinkError(f"{settings.host}:{settings.port}: {error}", try_older=True) from error
        if self._connected.is_failure:
            raise LinkError(
                f"{settings.host}:{settings.port} refuses: {self._connected}",
                try_older=self._connected.value == _UNSUPPORTED_VERSION,
            )

    def _check(self, code: MQTTErrorCode) -> None:
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS and self._lost is None:
            self._lost = mqtt.error_string(code)
        refused = self._connected is not None and self._connected.is_failure
        if self._lost is not None and not refused:  # a refusal has better words for it
            raise LinkError(self._loss())

    def _loss(self) -> str:
        """Why the connection is gone, as far as anyone can tell."""
        reason = self._lost or "closed"
        topic = next(iter(self._unacknowledged.values()), None)
        if topic is None:
            return f"the connection is gone ({reason})"
        # mosquitto 2.0.11 hangs up on messages that its rules forbid, often before its refusal is heard.
        return f"the connection is gone ({reason}) before {topic} was acknowledged; do the access rules allow it?"

    def _on_connect(
        self, client: mqtt.Client, userdata: object, flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._connected = reason
        allowed = getattr(properties, "ReceiveMaximum", None)
        if allowed is not None and allowed < _MOST_IN_FLIGHT:
            client.max_inflight_messages_set(max(min(allowed, self._settings.window), 1))

    def _on_disconnect(
        self, client: mqtt.Client, userdata: object, flags: object, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._lost = str(reason)

    def _on_publish(
        self, client: mqtt.Client, userdata: object, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        topic = self._unacknowledged.pop(mid, "")
        self._acks.append(Ack(mid, topic, str(reason) if reason.is_failure else None))

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.warning("the broker refuses subscriptions: %s; requests over MQTT will not arrive", ", ".join(refused))

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        self.on_message(message.topic, bytes(message.payload), message.retain)


def password_of(settings: MqttSettings) -> str | None:
    """The password; the file is read each time, so that a changed one is taken up.

    Raises:
        OSError: The file cannot be read.
    """
    if settings.password is not None:
        return settings.password.get_secret_value()
    if settings.password_file is None:
        return None
    lines = Path(settings.password_file).read_text(encoding="utf-8").splitlines()
    return lines[0] if lines else ""


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Checks the broker's certificate and name; shows our own certificate where there is one.

    Raises:
        OSError: A file cannot be read or holds no certificate or key.
    """
    context = ssl.create_default_context(cafile=None if settings.ca_file is None else os.fspath(settings.ca_file))
    # From Python 3.13 on the default also asks what RFC 5280 wants of an authority and many a home-made one lacks, and
    # the broker's other clients do not ask for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.sslsocket_class = _TlsSocket
    if settings.cert_file is not None and settings.key_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _has_decrypted_bytes(sock: object) -> bool:
    """TLS may hold bytes that the operating system no longer shows."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
