"""The server around the application: what it answers where the application itself breaks."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from npr_edge.settings import WebSettings
from npr_edge.web.server import WebServer


def broken(environ: Any, start_response: Any) -> Iterable[bytes]:
    raise RuntimeError("secret detail")


def test_a_broken_application_is_answered_with_an_id_that_the_log_has(caplog: pytest.LogCaptureFixture) -> None:
    server = WebServer(broken, WebSettings(listen="127.0.0.1:0"))
    server.start()
    host, port = server.address
    try:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://{host}:{port}/api/v1/vehicles/AB12CDE", timeout=20)
    finally:
        server.close()
    with caught.value as answer:
        assert (answer.code, answer.headers["Server"]) == (500, None)
        body = json.load(answer)
    assert (body["success"], body["error"]["code"]) == (False, "INTERNAL_ERROR")
    assert body["error"]["id"] in caplog.text
    assert "secret detail" in caplog.text
    assert "secret" not in str(body)
    assert "AB12CDE" not in caplog.text


def test_closing_meets_a_loop_that_ends_by_itself() -> None:
    for _ in range(40):
        server = WebServer(broken, WebSettings(listen="127.0.0.1:0"))
        server.start()
        with socket.create_connection(server.address), ThreadPoolExecutor(1) as pool:
            # The loop turns for the client's goodbye while it is told to end.
            closing = pool.submit(server.close)
        closing.result(20)
        server.close()
