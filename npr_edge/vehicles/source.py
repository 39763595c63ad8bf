"""What a remote registry is to npr-edge, and the one way in which it is asked over HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests

from npr_edge import __version__
from npr_edge.domain import Vehicle
from npr_edge.errors import ConfigError, NprEdgeError

MAX_ANSWER_BYTES = 256 * 1024
DEFAULT_PAUSE_S = 60.0
MAX_PAUSE_S = 3_600.0


class SourceError(NprEdgeError):
    """A registry did not answer, or not as its contract says; never holds a plate or a URL."""


class ThrottledError(SourceError):
    """A registry asks for a pause.

    Attributes:
        pause_s: Seconds.
    """

    def __init__(self, message: str, pause_s: float) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class VehicleSource(Protocol):
    """A remote registry."""

    @property
    def name(self) -> str:
        """Short name, as it stands in ``Vehicle.source``."""
        ...

    def fetch(self, plate: str) -> Vehicle | None:
        """What it knows of ``plate`` (A-Z0-9); None where it knows no such vehicle.

        Raises:
            SourceError: No usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request: method, full URL, and what goes with it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and parsed JSON (None where the body is none)."""

    status: int
    body: object


class HttpDoor:
    """HTTP for one registry: one connection kept open, every wait and every size bounded, nothing told to the log.

    ``requests`` puts the whole URL, and with it RDW's plate, into its messages; so no message and no cause of its
    errors leaves this class.

    Args:
        name: Of the registry, for messages.
        timeout_s: Longest wait for a connection, for the next bytes, and for the whole answer.
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"npr-edge/{__version__}"
        self._session.headers["Accept"] = "application/json"

    def ask(self, call: Call) -> HttpAnswer:
        """Send ``call``.

        Raises:
            ThrottledError: Status 429.
            SourceError: No answer, a redirection, or one that is too large or too slow.
        """
        try:
            with self._session.request(
                call.method,
                call.url,
                params=call.params or None,
                headers=call.headers,
                json=call.body,
                timeout=self._timeout_s,
                allow_redirects=False,  # a redirection would carry key and plate to somebody else
                stream=True,
            ) as response:
                status = response.status_code
                content = self._content(response)
                pause = response.headers.get("Retry-After", "")
        except requests.RequestException as error:
            raise SourceError(f"{self._name} did not answer: {type(error).__name__}") from None
        if status == requests.codes.too_many_requests:
            raise ThrottledError(f"{self._name} asks for a pause", _pause_s(pause))
        return HttpAnswer(status, _parsed(content))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _content(self, response: requests.Response) -> bytes:
        end_s = time.monotonic() + self._timeout_s
        content = bytearray()
        for chunk in response.iter_content(16 * 1024):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise SourceError(f"{self._name} answered more than {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > end_s:
                raise SourceError(f"{self._name} answered too slowly")
        return bytes(content)


def read_key(path: Path) -> str:
    """The key in the first line of a file.

    Raises:
        ConfigError: It cannot be read or holds no key.
    """
    try:
        key = path.read_text(encoding="ascii").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"key_file {path} cannot be read: {error}") from error
    if not key or not key.isprintable():
        raise ConfigError(f"key_file {path}: its first line must be the key")
    return key


def known(name: str, vehicle: Vehicle) -> Vehicle:
    """``vehicle``, if the registry ``name`` said anything about it.

    Raises:
        SourceError: It said nothing at all: its answer has not the form that it promises.
    """
    if vehicle == Vehicle(vehicle.source):
        raise SourceError(f"{name} answered 200 with nothing about the vehicle")
    return vehicle


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _pause_s(header: str) -> float:
    try:
        return min(max(float(header), 1.0), MAX_PAUSE_S)
    except ValueError:  # a date, or nothing: the usual pause is good enough
        return DEFAULT_PAUSE_S
