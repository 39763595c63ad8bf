"""The gate: bounded, in order, alternating."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from npr_edge.domain import Image, Recognition
from npr_edge.web.gate import ClientGoneError, GateBusyError, RecogniseGate
from tests.support.fakes import coded_image
from tests.support.plates import recognition

IMAGE = coded_image(0)


class Held:
    """Recognises only when let; remembers in which order threads came."""

    def __init__(self) -> None:
        self.let = threading.Semaphore(0)
        self.order: list[str] = []

    def recognise(self, image: Image) -> Recognition:
        self.order.append(threading.current_thread().name)
        assert self.let.acquire(timeout=20)
        return recognition()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_cameras_and_requests_alternate_when_both_wait() -> None:
    held = Held()
    gate = RecogniseGate(held, turns=1, queue=10)
    threads = [threading.Thread(target=gate.recognise, args=(IMAGE,), name="first")]
    threads += [threading.Thread(target=gate.recognise, args=(IMAGE,), name=f"request {n}") for n in range(3)]
    threads += [threading.Thread(target=gate.cameras.recognise, args=(IMAGE,), name=f"camera {n}") for n in range(3)]
    for thread in threads:
        thread.start()
        wait_until(lambda: len(held.order) == 1)
    wait_until(lambda: sum(len(queue) for queue in gate._turns._queues) == 6)
    for done in range(1, 8):
        held.let.release()
        wait_until(lambda done=done: len(held.order) >= min(done + 1, 7))  # type: ignore[misc]
    for thread in threads:
        thread.join(20)
    assert [name.split()[0] for name in held.order] == ["first", *["camera", "request"] * 3]


def test_a_full_queue_refuses_and_a_patient_request_waits() -> None:
    gate = RecogniseGate(Held(), turns=1, queue=0)
    with gate.place(), gate.place():
        with pytest.raises(GateBusyError) as caught, gate.place():
            pass
        assert caught.value.retry_after_s >= 1
        with pytest.raises(ClientGoneError), gate.place(lambda: True, patient=True):
            pass
    assert (gate.inside, gate.waiting) == (0, 0)
    with gate.place():
        assert gate.inside == 1


def test_a_wait_ends_after_its_time() -> None:
    gate = RecogniseGate(Held(), turns=1, queue=5, max_wait_s=0.0)
    with gate.place(), gate.place(), pytest.raises(GateBusyError), gate.place():
        pass
    assert gate.waiting == 0


def test_everyone_who_waits_gets_a_place() -> None:
    gate = RecogniseGate(Held(), turns=1, queue=10)
    order: list[int] = []

    def enter(number: int) -> None:
        with gate.place():
            order.append(number)

    with gate.place(), gate.place():
        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=enter, args=(number,)))
            threads[-1].start()
            wait_until(lambda number=number: gate.waiting == number + 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(20)
    assert sorted(order) == [0, 1, 2, 3, 4]
