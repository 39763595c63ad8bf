"""Malformed and malicious requests: only errors of the contract, no crash, no growth, cameras unaffected."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse
from pathlib import Path

import pytest

from npr_edge.settings import WebSettings
from npr_edge.web.contract import STATUS
from tests.support.api import LiveApi, live_api, received
from tests.support.fakes import HOLD, FakeRecogniser, coded_image, coded_jpeg, plate_of
from tests.support.hostile import all_cases

QUIET_S = 0.6
ALLOWED = {200, 422, *STATUS.values()} - {500}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LiveApi]:
    settings = WebSettings(listen="127.0.0.1:0", auth_failures="1000000/minute", header_timeout_s=3)
    with live_api(tmp_path, FakeRecogniser(), settings=settings) as live:
        yield live


def talk(address: tuple[str, int], data: bytes) -> bytes:
    """Send all, listen until it is quiet, say goodbye, take what still comes."""
    with socket.create_connection(address, timeout=QUIET_S) as connection:
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(data)
        first = received(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        return first + received(connection)


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def makefile(self, mode: str) -> io.BytesIO:
        return self._file


def answers_in(data: bytes) -> list[tuple[int, bytes]]:
    """The HTTP answers in what a server sent, interim ones left out."""
    found = []
    stream = _Bytes(data)
    while stream.makefile("rb").tell() < len(data):
        response = HTTPResponse(stream)  # type: ignore[arg-type]
        # http.client closes the file of a response at its end; several answers share ours.
        response.fp = stream.makefile("rb")  # type: ignore[assignment]
        response._close_conn = lambda: None  # type: ignore[attr-defined]
        response.begin()
        found.append((response.status, response.read()))
    return found


def test_hostile_requests_get_nothing_but_errors_of_the_contract(api: LiveApi) -> None:
    key = api.key()
    cases = all_cases(key)
    assert len(cases) >= 300
    talk(api.address, cases[0][1])
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(lambda case: talk(api.address, case[1]), cases))
    faults, answered = [], 0
    for (name, _), data in zip(cases, told, strict=True):
        try:
            answers = answers_in(data)
        except HTTPException as error:
            faults.append(f"{name}: {error!r}: {data[:200]!r}")
            continue
        answered += bool(answers)
        for status, body in answers:
            if status not in ALLOWED or "success" not in json.loads(body):
                faults.append(f"{name}: {status} {body[:200]!r}")
    assert faults == []
    assert answered > 0.8 * len(cases)
    print(f"\n{len(cases)} hostile requests, {answered} answered, the others cut off")
    assert api.recognise(key, coded_jpeg(8)).json()["results"][0]["plate"] == plate_of(8)
    deadline = time.monotonic() + 10
    while len(list(Path("/proc/self/fd").iterdir())) > before + 2:
        assert time.monotonic() < deadline, "connections or files are left open"
        time.sleep(0.05)


def test_slow_clients_are_cut(api: LiveApi) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(api.address, timeout=15)) for _ in range(20)]
        started = time.monotonic()
        cut_s: list[float] = []

        def drip(connection: socket.socket) -> None:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"POST /api/v1/recognise HTTP/1.1\r\n")
                connection.settimeout(0.3)
                while time.monotonic() - started < 12:
                    connection.sendall(b"X")
                    with contextlib.suppress(TimeoutError):
                        if connection.recv(100) == b"":
                            break
            cut_s.append(time.monotonic() - started)

        threads = [threading.Thread(target=drip, args=(connection,)) for connection in slow]
        for thread in threads:
            thread.start()
        # Others are answered meanwhile.
        assert api.recognise(api.key(), coded_jpeg(8)).status_code == 200
        for thread in threads:
            thread.join()
    assert max(cut_s) < 9


def test_a_client_that_leaves_frees_its_place(tmp_path: Path) -> None:
    recogniser = FakeRecogniser()
    with live_api(tmp_path, recogniser, queue=2) as api:
        key = api.key()
        holders = [threading.Thread(target=api.recognise, args=(key, coded_jpeg(HOLD))) for _ in range(2)]
        for thread in holders:
            thread.start()
        assert recogniser.holding.wait(10)
        deadline = time.monotonic() + 10
        while api.gate.inside < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        form = b'--b\r\nContent-Disposition: form-data; name="upload"; filename="a"\r\n\r\n' + coded_jpeg(1)
        head = f"POST /api/v1/recognise HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer {key}\r\n"
        head += f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form) + 9}\r\n\r\n"
        leaving = [socket.create_connection(api.address) for _ in range(2)]
        for connection in leaving:
            connection.sendall(head.encode() + form + b"\r\n--b--\r\n")
        while api.gate.waiting < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert api.recognise(key, coded_jpeg(1)).status_code == 503
        for connection in leaving:
            connection.close()
        while api.gate.waiting:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        recogniser.release.set()
        for thread in holders:
            thread.join()


def test_cameras_are_not_starved_by_requests(tmp_path: Path) -> None:
    class Paced(FakeRecogniser):
        def recognise(self, image):  # type: ignore[no-untyped-def]
            time.sleep(0.01)
            return super().recognise(image)

    with live_api(tmp_path, Paced(), queue=64) as api:
        key = api.key()
        stop = threading.Event()

        def client() -> None:
            while not stop.is_set():
                api.recognise(key, coded_jpeg(2))

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        waits = []
        frame = coded_image(1)
        for _ in range(40):
            started = time.monotonic()
            api.gate.cameras.recognise(frame)
            waits.append(time.monotonic() - started)
        stop.set()
        for thread in threads:
            thread.join()
    # At most one request stands between a camera and its turn.
    assert statistics.median(waits) < 0.2
