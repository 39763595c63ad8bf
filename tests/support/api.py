"""A live API: the real server on a socket, with keys of its own; every answer is held against the OpenAPI document."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from jsonschema import Draft202012Validator
from prometheus_client import CollectorRegistry

from npr_edge.access import SCOPES, Access, open_access
from npr_edge.domain import Image, Recognition
from npr_edge.ports import CamerasView, Clock, HealthView, MessageEncoder, ReadsQuery, Recogniser, VehicleLookup
from npr_edge.settings import WebSettings
from npr_edge.web.factory import ApiPorts
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.openapi import document
from npr_edge.web.serve import ApiServer
from tests.support.clock import FakeClock

LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@dataclass
class LiveApi:
    """What a test talks to."""

    url: str
    address: tuple[str, int]
    access: Access
    server: ApiServer
    gate: RecogniseGate

    def key(self, name: str = "test", limits: str = "100000/minute", scopes: Sequence[str] | None = None) -> str:
        """A fresh key."""
        return self.access.keys.create(name, limits=limits, scopes=scopes or SCOPES)[0]

    def get(self, path: str, key: str | None = None, **options: Any) -> requests.Response:
        return self.ask("GET", path, key, **options)

    def post(self, path: str, key: str | None = None, **options: Any) -> requests.Response:
        return self.ask("POST", path, key, **options)

    def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> requests.Response:
        """Ask below ``/api/v1``, and check that the answer is one that the OpenAPI document allows."""
        headers = {**({} if key is None else {"Authorization": f"Bearer {key}"}), **options.pop("headers", {})}
        response = requests.request(method, self.url + path, headers=headers, timeout=30, **options)
        check_answer(method, path, response)
        return response

    def recognise(self, key: str | None, image: bytes, name: str = "plate.jpg") -> requests.Response:
        return self.post("/recognise", key, files={"upload": (name, image)})

    def batch(self, key: str | None, images: Sequence[bytes], field: str = "images[]") -> requests.Response:
        return self.post("/batch", key, files=[(field, (f"{n}.jpg", image)) for n, image in enumerate(images)])

    def raw(self, data: bytes, timeout_s: float = 10.0) -> bytes:
        """Send bytes, read until the server hangs up or says no more for a while."""
        with socket.create_connection(self.address, timeout=timeout_s) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            return received(connection)


def received(connection: socket.socket) -> bytes:
    """Everything until the other side hangs up."""
    parts = []
    with contextlib.suppress(ConnectionError, TimeoutError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def live_api(
    data_dir: Path,
    recogniser: Recogniser | None,
    *,
    settings: WebSettings | None = None,
    clock: Clock | None = None,
    queue: int = 64,
    turns: int = 1,
    vehicles: VehicleLookup | None = None,
    reads: ReadsQuery | None = None,
    encode: MessageEncoder | None = None,
    cameras: CamerasView | None = None,
    health: HealthView | None = None,
) -> Iterator[LiveApi]:
    """A server on a free port of loopback."""
    settings = settings or WebSettings(listen="127.0.0.1:0")
    access = open_access(data_dir, clock or FakeClock(), settings.auth_failures)
    gate = None if recogniser is None else RecogniseGate(recogniser, turns=turns, queue=queue)
    ports = ApiPorts(
        access=access,
        gate=gate,
        vehicles=vehicles,
        reads=reads,
        encode=encode,
        cameras=cameras,
        health=health,
        registry=CollectorRegistry(),
    )
    server = ApiServer(ports, settings)
    access.start()
    server.start()
    try:
        host, port = server.address
        told = gate or RecogniseGate(_NoRecogniser())
        yield LiveApi(f"http://{host}:{port}/api/v1", (host, port), access, server, told)
    finally:
        server.close()
        access.close()
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith(("web", "access"))]
        assert threads == [], threads


class _NoRecogniser:
    def recognise(self, image: Image) -> Recognition:
        raise NotImplementedError


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation of the OpenAPI document that a request goes to."""
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path.split("?", maxsplit=1)[0]) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    return None


def check_answer(method: str, path: str, response: requests.Response) -> None:
    """Fail where an answer is not one that the OpenAPI document allows."""
    assert "Server" not in response.headers
    operation = operation_of(method, path)
    json_like = response.headers["Content-Type"] == "application/json"
    if operation is None:
        if method != "HEAD":
            assert_valid(response.json(), "Error")
        return
    described = operation["responses"].get(str(response.status_code))
    assert described is not None or response.status_code == 500, f"{method} {path}: {response.status_code} undocumented"
    if described is None:
        assert_valid(response.json(), "Error")
        return
    for name, header in described.get("headers", {}).items():
        if header["required"]:
            assert re.fullmatch(r"\d+", response.headers[name])
    content = described["content"]
    assert response.headers["Content-Type"].split(";")[0] in content
    if json_like:
        assert_valid(response.json(), content["application/json"]["schema"]["$ref"].rpartition("/")[2])


def assert_valid(body: object, schema: str) -> None:
    """Hold a body against a component schema."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)
