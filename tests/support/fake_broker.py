"""A broker of a few hundred lines less than a real one: MQTT 3.1.1, QoS 0 and 1, retained messages, wills.

It knows no MQTT 5 and says so, as old brokers do. Tests tell it to refuse, to fall silent or to hang up.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.support.subscriber import WAIT_S, Heard

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _SUBSCRIBE, _SUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = (
    1, 2, 3, 4, 8, 9, 12, 13, 14,
)  # fmt: skip


@dataclass(slots=True)
class _Client:
    sock: socket.socket
    filters: list[str] = field(default_factory=list)
    will: Heard | None = None


class FakeBroker:
    """Listens on loopback; one thread a client.

    Attributes:
        port: Where it listens.
        heard: Every message published to it, in order.
        answer: Return code of the next connections (0 accepts, 5 refuses).
        silent: While set, nothing is acknowledged or answered.
        hang_up_on_v5: Close the connection of an MQTT 5 client instead of refusing its version.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard: list[Heard] = []
        self.retained: dict[str, Heard] = {}
        self.answer = 0
        self.silent = threading.Event()
        self.hang_up_on_v5 = False
        self.connects: list[tuple[str, int, str | None]] = []
        self._clients: list[_Client] = []
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(WAIT_S)

    def hang_up(self) -> None:
        """Close every connection."""
        with self._changed:
            clients = list(self._clients)
        for client in clients:
            try:
                client.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # gone already

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Say something to whoever listens."""
        self._deliver(Heard(topic, payload.encode(), retain, 1))

    def wait_until(self, enough: Callable[[list[Heard]], bool], timeout_s: float = WAIT_S) -> list[Heard]:
        """Wait until what was heard is enough; returns all of it."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.heard), timeout_s), f"heard only {self.heard[-10:]}"
            return list(self.heard)

    def wait_for_connects(self, count: int) -> None:
        """Wait for the ``count``-th CONNECT packet."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.connects) >= count, WAIT_S), f"only {self.connects}"

    def on(self, topic: str) -> list[Heard]:
        """Everything heard on a topic so far."""
        with self._changed:
            return [each for each in self.heard if each.topic == topic]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            client = _Client(sock)
            with self._changed:
                self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: _Client) -> None:
        try:
            with client.sock:
                while self._handle(client, *_read_packet(client.sock)):
                    pass
        except (EOFError, OSError):
            pass  # the connection is gone, which is what some tests are about
        finally:
            with self._changed:
                self._clients.remove(client)
            if client.will is not None:
                self._record(client.will)

    def _handle(self, client: _Client, kind: int, flags: int, body: bytes) -> bool:
        if kind == _CONNECT:
            return self._welcome(client, body)
        if kind == _PUBLISH:
            self._take(client, flags, body)
        elif kind == _SUBSCRIBE:
            self._subscribe(client, body)
        elif kind == _PINGREQ and not self.silent.is_set():
            client.sock.sendall(bytes((_PINGRESP << 4, 0)))
        elif kind == _DISCONNECT:
            client.will = None
            return False
        return True

    def _welcome(self, client: _Client, body: bytes) -> bool:
        level = body[6]
        flags = body[7]
        if level != 4 and self.hang_up_on_v5:
            with self._changed:
                self.connects.append(("", level, None))
            return False
        rest = body[10:]
        name, rest = _text(rest) if level == 4 else (b"", b"")
        user = None
        if level == 4:
            if flags & 4:
                topic, rest = _text(rest)
                payload, rest = _text(rest)
                client.will = Heard(topic.decode(), payload, bool(flags & 32), 1)
            if flags & 128:
                user = _text(rest)[0].decode()
        answer = self.answer if level == 4 else 1
        with self._changed:
            self.connects.append((name.decode(), level, user))
            self._changed.notify_all()
        if answer:
            client.will = None
        if not self.silent.is_set():
            client.sock.sendall(bytes((_CONNACK << 4, 2, 0, answer)))
        return answer == 0

    def _take(self, client: _Client, flags: int, body: bytes) -> None:
        topic, rest = _text(body)
        qos = flags >> 1 & 3
        mid, payload = (rest[:2], rest[2:]) if qos else (b"", rest)
        if self.silent.is_set():
            return
        self._record(Heard(topic.decode(), payload, bool(flags & 1), qos))
        if qos:
            client.sock.sendall(bytes((_PUBACK << 4, 2)) + mid)

    def _record(self, message: Heard) -> None:
        with self._changed:
            self.heard.append(message)
            if message.retained:
                self.retained[message.topic] = message
            self._changed.notify_all()
        self._deliver(message)

    def _subscribe(self, client: _Client, body: bytes) -> None:
        mid, rest = body[:2], body[2:]
        granted = b""
        while rest:
            wanted, rest = _text(rest)
            client.filters.append(wanted.decode())
            granted, rest = granted + rest[:1], rest[1:]
        client.sock.sendall(bytes((_SUBACK << 4, 2 + len(granted))) + mid + granted)
        for message in list(self.retained.values()):
            if any(_matches(each, message.topic) for each in client.filters):
                client.sock.sendall(_publish_packet(message, retained=True))

    def _deliver(self, message: Heard) -> None:
        with self._changed:
            clients = [each for each in self._clients if any(_matches(f, message.topic) for f in each.filters)]
        for client in clients:
            client.sock.sendall(_publish_packet(message, retained=message.retained))


def _matches(pattern: str, topic: str) -> bool:
    wanted, given = pattern.split("/"), topic.split("/")
    return len(wanted) == len(given) and all(w in ("+", g) for w, g in zip(wanted, given, strict=True))


def _publish_packet(message: Heard, *, retained: bool) -> bytes:
    topic = message.topic.encode()
    body = struct.pack("!H", len(topic)) + topic + message.payload
    return bytes((_PUBLISH << 4 | retained,)) + _length(len(body)) + body


def _length(number: int) -> bytes:
    encoded = b""
    while True:
        number, low = divmod(number, 128)
        encoded += bytes((low | (128 if number else 0),))
        if not number:
            return encoded


def _text(data: bytes) -> tuple[bytes, bytes]:
    size = struct.unpack("!H", data[:2])[0]
    return data[2 : 2 + size], data[2 + size :]


def _read_packet(sock: socket.socket) -> tuple[int, int, bytes]:
    first = _exactly(sock, 1)[0]
    size, shift = 0, 0
    while True:
        byte = _exactly(sock, 1)[0]
        size |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return first >> 4, first & 15, _exactly(sock, size)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data
