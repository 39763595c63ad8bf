"""What the daemon knows of itself: states of the cameras, heartbeats of the stages, word to systemd."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

FPS_WINDOW_S = 10.0


class CameraState(StrEnum):
    """How a camera fares."""

    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    ENDED = "ended"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """A camera as the daemon sees it.

    Attributes:
        camera_id: Id in the configuration.
        name: Name for people.
        state: running; starting before the first frame; failed while it is being reconnected; ended: the clip is over;
            off: outside its schedule.
        detail: Why it failed; empty otherwise.
        fps: Frames per second captured in the last seconds.
        frames: Frames captured since the start.
        looked: Frames that were recognised.
        dropped: Frames that a newer one replaced before they were looked at.
        reconnects: Times the camera was opened again after a fault.
        last_frame_s: Monotonic time of the last frame, None before the first.
        in_view: Plates being followed now.
        reads: Reads since the start; ``unread`` the passages without.
    """

    camera_id: str
    name: str
    state: CameraState = CameraState.STARTING
    detail: str = ""
    fps: float = 0.0
    frames: int = 0
    looked: int = 0
    dropped: int = 0
    reconnects: int = 0
    last_frame_s: float | None = None
    in_view: int = 0
    reads: int = 0
    unread: int = 0


@dataclass(slots=True)
class _Beat:
    deadline_s: float
    last_s: float


class Health:
    """Shared by all threads; every method is short and safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cameras: dict[str, CameraHealth] = {}
        self._arrivals: dict[str, deque[float]] = {}
        self._beats: dict[str, _Beat] = {}
        self.started_s = time.monotonic()

    def add_camera(self, camera_id: str, name: str) -> None:
        """Begin to watch a camera."""
        with self._lock:
            self._cameras[camera_id] = CameraHealth(camera_id, name)
            self._arrivals[camera_id] = deque(maxlen=1000)

    def remove_camera(self, camera_id: str) -> None:
        """Forget a camera."""
        with self._lock:
            self._cameras.pop(camera_id, None)
            self._arrivals.pop(camera_id, None)

    def camera_state(self, camera_id: str, state: CameraState, detail: str = "") -> None:
        """A camera changed its state."""
        with self._lock:
            before = self._cameras[camera_id]
            again = state is CameraState.RUNNING and before.state is CameraState.FAILED
            self._cameras[camera_id] = replace(before, state=state, detail=detail, reconnects=before.reconnects + again)

    def frame_captured(self, camera_id: str, dropped: int) -> None:
        """A frame arrived; ``dropped`` is the camera's total of frames nobody looked at in time."""
        now_s = time.monotonic()
        with self._lock:
            self._arrivals[camera_id].append(now_s)
            before = self._cameras[camera_id]
            self._cameras[camera_id] = replace(before, frames=before.frames + 1, dropped=dropped, last_frame_s=now_s)

    def frame_looked_at(self, camera_id: str, in_view: int) -> None:
        """A frame was recognised; ``in_view`` plates are being followed."""
        with self._lock:
            before = self._cameras[camera_id]
            self._cameras[camera_id] = replace(before, looked=before.looked + 1, in_view=in_view)

    def in_view(self, camera_id: str, plates: int) -> None:
        """``plates`` are being followed."""
        with self._lock:
            self._cameras[camera_id] = replace(self._cameras[camera_id], in_view=plates)

    def passage(self, camera_id: str, read: bool) -> None:
        """A passage ended, read or unread; one of a camera that was removed meanwhile is no longer counted here."""
        with self._lock:
            before = self._cameras.get(camera_id)
            if before is None:
                return
            self._cameras[camera_id] = replace(before, reads=before.reads + read, unread=before.unread + (not read))

    def cameras(self) -> list[CameraHealth]:
        """All cameras in the order of the configuration."""
        now_s = time.monotonic()
        with self._lock:
            return [replace(camera, fps=self._fps(camera.camera_id, now_s)) for camera in self._cameras.values()]

    def _fps(self, camera_id: str, now_s: float) -> float:
        recent = [at_s for at_s in self._arrivals[camera_id] if now_s - at_s <= FPS_WINDOW_S]
        span_s = now_s - recent[0] if len(recent) > 1 else 0.0
        return round((len(recent) - 1) / span_s, 2) if span_s > 0 else 0.0

    def expect(self, stage: str, deadline_s: float) -> None:
        """From now on ``stage`` beats at least every ``deadline_s``."""
        with self._lock:
            self._beats[stage] = _Beat(deadline_s, time.monotonic())

    def beat(self, stage: str) -> None:
        """``stage`` makes progress."""
        with self._lock:
            if stage in self._beats:
                self._beats[stage].last_s = time.monotonic()

    def release(self, stage: str) -> None:
        """``stage`` has ended as it should."""
        with self._lock:
            self._beats.pop(stage, None)

    def stalled(self) -> list[str]:
        """Stages that are over their deadline."""
        now_s = time.monotonic()
        with self._lock:
            return [name for name, beat in self._beats.items() if now_s - beat.last_s > beat.deadline_s]


def notify_systemd(message: str) -> bool:
    """Send ``READY=1``, ``STATUS=...`` or ``WATCHDOG=1`` to systemd; False where it does not listen.

    The protocol is a datagram to the socket in ``NOTIFY_SOCKET`` (sd_notify(3)); a leading @ stands for
    the abstract namespace.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.connect(address)
            sender.sendall(message.encode())
        except OSError:
            return False
    return True


def watchdog_interval_s() -> float | None:
    """Half of systemd's watchdog limit for this process, None where there is no watchdog."""
    limit_us, owner = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit_us.isdigit() or (owner.isdigit() and int(owner) != os.getpid()):
        return None
    return int(limit_us) / 2e6
