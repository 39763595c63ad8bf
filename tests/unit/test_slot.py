"""The newest frame wins, cameras take turns, clips lose nothing."""

from __future__ import annotations

import threading

import numpy as np

from npr_edge.domain import Frame
from npr_edge.slot import FrameSlots


def frame(camera: str, index: int) -> Frame:
    return Frame(camera, index, np.zeros((2, 2, 3), np.uint8), float(index), 0.0, clock_synced=True)


def slots(*cameras: str) -> FrameSlots:
    made = FrameSlots()
    for camera in cameras:
        made.add(camera)
    return made


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    shared = slots("a")
    for index in range(5):
        shared.put(frame("a", index))
    work = shared.take(1)
    assert work is not None
    assert work.frame is not None
    assert work.frame.index == 4
    assert shared.dropped("a") == 4


def test_cameras_take_turns_however_fast_one_is() -> None:
    shared = slots("a", "b", "c")
    order = []
    for _ in range(9):
        for camera in "abc":
            shared.put(frame(camera, 0))
        work = shared.take(1)
        assert work is not None
        order.append(work.camera_id)
        shared.done(work)
    assert order == ["a", "b", "c"] * 3


def test_one_camera_is_never_with_two_workers() -> None:
    shared = slots("a")
    shared.put(frame("a", 0))
    work = shared.take(1)
    assert work is not None
    shared.put(frame("a", 1))
    assert shared.take(0.01) is None
    shared.done(work)
    assert shared.take(1) is not None


def test_a_clip_waits_until_its_frame_is_taken() -> None:
    shared, stop, taken = slots("a"), threading.Event(), []

    def work() -> None:
        while (got := shared.take(2)) is not None and got.frame is not None:
            taken.append(got.frame.index)
            shared.done(got)
            if got.frame.index == 19:
                return

    worker = threading.Thread(target=work)
    worker.start()
    for index in range(20):
        assert shared.put_patiently(frame("a", index), stop)
    worker.join(10)
    assert taken == list(range(20))
    assert shared.dropped("a") == 0


def test_waiting_for_room_ends_with_the_daemon() -> None:
    shared, stop = slots("a"), threading.Event()
    shared.put(frame("a", 0))
    stop.set()
    assert not shared.put_patiently(frame("a", 1), stop)


def test_a_flush_follows_the_frame_that_waits() -> None:
    shared = slots("a")
    shared.put(frame("a", 0))
    shared.flush("a")
    work = shared.take(1)
    assert work is not None
    assert work.frame is not None
    assert work.flush
    shared.done(work)
    assert shared.drain("a", 1)
    shared.close()
    assert shared.take(5) is None
