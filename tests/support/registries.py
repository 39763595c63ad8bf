"""A local server that speaks the contracts of DVLA's Vehicle Enquiry Service and of RDW's open data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "test-key-0123456789"

DVLA_TESTS: dict[str, tuple[int, dict[str, Any]]] = {
    "AA19AAA": (
        200,
        {
            "registrationNumber": "AA19AAA",
            "taxStatus": "Untaxed",
            "taxDueDate": "2026-12-25",
            "motStatus": "No details held by DVLA",
            "make": "FORD",
            "yearOfManufacture": 2019,
            "engineCapacity": 1999,
            "co2Emissions": 300,
            "fuelType": "PETROL",
            "markedForExport": True,
            "colour": "RED",
            "typeApproval": "M1",
            "euroStatus": "Euro1",
            "dateOfLastV5CIssued": "2019-05-20",
            "wheelplan": "NON STANDARD",
            "monthOfFirstRegistration": "2019-03",
        },
    ),
    "EL19ECT": (200, {"registrationNumber": "EL19ECT", "make": "Tesla", "fuelType": "ELECTRICITY"}),
    "ER19BAD": (400, {"errors": [{"status": "400", "code": "ENQ103", "title": "Bad Request", "detail": "Invalid"}]}),
    "ER19NFD": (404, {"errors": [{"status": "404", "code": "ENQ104", "title": "Vehicle Not Found", "detail": "none"}]}),
    "ER19THR": (429, {"message": "Too Many Requests"}),
    "ER19ERR": (500, {"errors": [{"status": "500", "code": "ENQ105", "title": "Internal Server Error"}]}),
    "ER19MNT": (503, {"errors": [{"status": "503", "code": "ENQ106", "title": "Service Unavailable"}]}),
}
"""DVLA's published test plates with answers of its documented form."""

RDW_VEHICLES = {
    "P300BB": {
        "kenteken": "P300BB",
        "merk": "VOLKSWAGEN",
        "handelsbenaming": "GOLF",
        "eerste_kleur": "GRIJS",
        "datum_eerste_toelating": "20210415",
    },
    "16RSL9": {"kenteken": "16RSL9", "merk": "Tesla", "eerste_kleur": "N.v.t."},
}
RDW_FUELS = {
    "P300BB": [
        {"kenteken": "P300BB", "brandstof_volgnummer": "2", "brandstof_omschrijving": "Elektriciteit"},
        {"kenteken": "P300BB", "brandstof_volgnummer": "1", "brandstof_omschrijving": "Benzine"},
    ]
}


@dataclass
class Registries:
    """The server: where it is, what it was asked, and how it misbehaves.

    Attributes:
        url: Base URL.
        asked: Plates in the order in which they were asked for.
        raw: What every request is answered with instead, where set: status and body.
        hold: While it is clear, no request is answered.
        lines: Request lines as they came in.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    raw: tuple[int, bytes] | None = None
    retry_after: str | None = None
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    lines: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Registries]:
    """The server, while the block runs."""
    state = Registries()
    state.hold.set()

    class Handler(_Handler):
        registries = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="registries")
    thread.start()
    try:
        yield state
    finally:
        state.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    registries: Registries
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._note()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        plate = body.get("registrationNumber")
        self.registries.asked.append(plate)
        if self.path != "/vehicle-enquiry/v1/vehicles" or self.headers["Content-Type"] != "application/json":
            self._answer(404, {"message": "no such route"})
        elif self.headers["x-api-key"] != KEY:
            self._answer(403, {"message": "Forbidden"})
        else:
            self._answer(*DVLA_TESTS.get(plate, DVLA_TESTS["ER19NFD"]))

    def do_GET(self) -> None:
        self._note()
        url = urlsplit(self.path)
        plate = parse_qs(url.query).get("kenteken", [""])[0]
        self.registries.asked.append(plate)
        if url.path == "/resource/m9d7-ebf2.json":
            self._answer(200, [RDW_VEHICLES[plate]] if plate in RDW_VEHICLES else [])
        elif url.path == "/resource/8ys7-d773.json":
            self._answer(200, RDW_FUELS.get(plate, []))
        else:
            self._answer(404, {"error": True, "message": "not found"})

    def _note(self) -> None:
        self.registries.lines.append(self.requestline)
        self.registries.arrived.set()
        self.registries.hold.wait(20)

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        if self.registries.raw is not None:
            status, content = self.registries.raw
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.registries.retry_after is not None:
            self.send_header("Retry-After", self.registries.retry_after)
        if status in {301, 302}:
            self.send_header("Location", self.registries.url + "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass
