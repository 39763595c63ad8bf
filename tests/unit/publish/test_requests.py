"""Requests over MQTT: every one is answered, none holds up another thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

import pytest

from npr_edge.errors import ConfigError
from npr_edge.publish.requests import MAX_REQUEST_BYTES, RequestDesk, parse_request

WAIT_S = 10.0


class Desk:
    """A desk with handlers that do well, refuse, break and wait."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self._ready = threading.Semaphore(0)
        handlers = {"echo": lambda request: dict(request), "refuse": self._refuse, "break": self._break}
        self.desk = RequestDesk({**handlers, "wait": self._wait}, self._ready.release)

    def ask(self, name: str, payload: bytes) -> dict[str, object]:
        self.desk.take(name, payload)
        return self.answer()

    def answer(self) -> dict[str, object]:
        assert self._ready.acquire(timeout=WAIT_S)
        (answer,) = self.desk.fetch()
        parsed = json.loads(answer.payload)
        assert isinstance(parsed, dict)
        return parsed

    @staticmethod
    def _refuse(request: Mapping[str, object]) -> object:
        raise ConfigError("the file is wrong")

    @staticmethod
    def _break(request: Mapping[str, object]) -> object:
        raise ZeroDivisionError("secret detail")

    def _wait(self, request: Mapping[str, object]) -> object:
        assert self.go_on.wait(WAIT_S)
        return None


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    made.desk.start()
    yield made
    made.go_on.set()
    made.desk.stop()


def test_an_answer_carries_data_and_transaction(desk: Desk) -> None:
    answer = desk.ask("echo", b'{"transaction": 7, "x": [1]}')
    assert answer == {"status": "ok", "data": {"transaction": 7, "x": [1]}, "error": None, "transaction": 7}
    assert desk.ask("echo", b"")["data"] == {}


@pytest.mark.parametrize(
    ("name", "payload", "complaint"),
    [
        ("nothing", b"{}", "known are break, echo, refuse, wait"),
        ("echo", b"{", "not JSON"),
        ("echo", b"[" * 100_000, "larger than"),
        ("echo", b"[" * 60_000, "not JSON"),
        ("echo", b"\xff", "not JSON"),
        ("echo", b"[1]", "no JSON object"),
        ("echo", b" " * (MAX_REQUEST_BYTES + 1), "larger than"),
        ("refuse", b"{}", "the file is wrong"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(desk: Desk, name: str, payload: bytes, complaint: str) -> None:
    answer = desk.ask(name, payload)
    assert answer["status"] == "error"
    assert complaint in str(answer["error"])


def test_a_broken_handler_is_logged_and_shows_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    answer = desk.ask("break", b'{"transaction": "t"}')
    assert "secret" not in json.dumps(answer)
    assert answer["transaction"] == "t"
    assert "ZeroDivisionError" in caplog.text
    assert desk.ask("echo", b"")["status"] == "ok"


def test_too_many_requests_are_turned_away(desk: Desk) -> None:
    for _ in range(40):
        desk.desk.take("wait", b"{}")
    refused = [json.loads(answer.payload) for answer in desk.desk.fetch()]
    assert len(refused) >= 23
    assert all("too many" in answer["error"] for answer in refused)


def test_stopping_with_a_full_queue_ends(desk: Desk) -> None:
    for _ in range(40):
        desk.desk.take("wait", b"{}")
    desk.desk.stop()


def test_an_empty_request_is_a_request() -> None:
    assert parse_request(b" ") == ({}, None)
