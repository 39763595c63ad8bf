"""The newest frame of each camera, taken in turn: capture never waits for recognition."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from npr_edge.domain import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a recognise worker takes: a frame, or word that the camera has paused or ended, or both.

    The worker that took it calls ``FrameSlots.done``; until then nobody else gets work of this camera.
    """

    camera_id: str
    frame: Frame | None
    flush: bool


@dataclass(slots=True)
class _Slot:
    frame: Frame | None = None
    flush: bool = False
    taken: bool = False
    dropped: int = 0


class FrameSlots:
    """One slot of depth 1 for each camera, shared by capture and recognise workers."""

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}
        self._order: list[str] = []
        self._changed = threading.Condition()
        self._closed = False

    def add(self, camera_id: str) -> None:
        """Make a slot for a camera."""
        with self._changed:
            self._slots[camera_id] = _Slot()
            self._order.append(camera_id)

    def remove(self, camera_id: str) -> None:
        """Forget a camera and what waits of it."""
        with self._changed:
            self._slots.pop(camera_id)
            self._order.remove(camera_id)

    def drain(self, camera_id: str, timeout_s: float) -> bool:
        """Wait until nothing of a camera waits or is worked on; False after ``timeout_s``."""
        with self._changed:
            slot = self._slots[camera_id]
            return self._changed.wait_for(lambda: not (slot.taken or slot.flush or slot.frame is not None), timeout_s)

    def put(self, frame: Frame) -> None:
        """Offer a frame; one that nobody took yet is dropped and counted. Never waits."""
        with self._changed:
            slot = self._slots[frame.camera_id]
            slot.dropped += slot.frame is not None
            slot.frame = frame
            self._changed.notify_all()

    def put_patiently(self, frame: Frame, stop: threading.Event) -> bool:
        """Wait until the slot is free, then offer the frame; for clips that must not lose any.

        Returns:
            False when the daemon stops before there was room.
        """
        with self._changed:
            slot = self._slots[frame.camera_id]
            while slot.frame is not None:
                if stop.is_set() or self._closed:
                    return False
                self._changed.wait(0.2)
            slot.frame = frame
            self._changed.notify_all()
            return True

    def flush(self, camera_id: str) -> None:
        """Tell the workers that no more frames come for now: its tracks end after the frame that waits."""
        with self._changed:
            self._slots[camera_id].flush = True
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Work | None:
        """The next camera's newest frame, cameras in turn; None after ``timeout_s`` or once closed."""
        until_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for camera_id in self._order:
                    slot = self._slots[camera_id]
                    if not slot.taken and (slot.frame is not None or slot.flush):
                        return self._hand_out(camera_id, slot)
                left_s = until_s - time.monotonic()
                if left_s <= 0 or self._closed:
                    return None
                self._changed.wait(left_s)

    def _hand_out(self, camera_id: str, slot: _Slot) -> Work:
        work = Work(camera_id, slot.frame, slot.flush)
        slot.frame, slot.flush, slot.taken = None, False, True
        self._order.remove(camera_id)
        self._order.append(camera_id)
        self._changed.notify_all()
        return work

    def done(self, work: Work) -> None:
        """Give the camera back after its work."""
        with self._changed:
            self._slots[work.camera_id].taken = False
            self._changed.notify_all()

    def dropped(self, camera_id: str) -> int:
        """Frames of a camera that a newer one replaced."""
        with self._changed:
            return self._slots[camera_id].dropped

    @property
    def waiting(self) -> int:
        """Frames that wait for recognition."""
        with self._changed:
            return sum(slot.frame is not None for slot in self._slots.values())

    def close(self) -> None:
        """Let every waiting worker go once the slots are empty."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
