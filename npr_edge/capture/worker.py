"""The capture worker of one camera: opens it, offers its frames, opens it again when it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from npr_edge.capture.frozen import FrozenCheck
from npr_edge.capture.motion import MotionGate
from npr_edge.capture.schedule import is_open
from npr_edge.domain import Glimpse
from npr_edge.errors import CaptureError
from npr_edge.health import CameraState, Health
from npr_edge.metrics import Metrics
from npr_edge.ports import Camera, Clock
from npr_edge.settings import CameraSettings
from npr_edge.slot import FrameSlots

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.25
OFF_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class CaptureParts:
    """What all capture workers share.

    Attributes:
        open_camera: Opens a camera; raises CaptureError.
        slots: Where frames go.
        health: Where states go.
        metrics: Where frames are counted.
        clock: The machine's clock.
        keep: Told each picture that can be looked at, for pictures on request.
    """

    open_camera: Callable[[CameraSettings, Clock], Camera]
    slots: FrameSlots
    health: Health
    metrics: Metrics
    clock: Clock
    keep: Callable[[Glimpse], None]


class CaptureWorker(threading.Thread):
    """One camera's thread; a camera that fails is reopened with growing, jittered pauses, for ever.

    Args:
        camera: The camera's settings.
        parts: What all workers share.
        busy: Whether the camera's tracker needs frames although nothing moves.
    """

    def __init__(self, camera: CameraSettings, parts: CaptureParts, busy: Callable[[], bool]) -> None:
        super().__init__(name=f"capture-{camera.id}", daemon=True)
        self.camera = camera
        self._parts = parts
        self._busy = busy
        self._halt = threading.Event()
        self._gate = MotionGate(camera.motion)
        self._delivered = False

    def stop(self) -> None:
        """Ask the worker to end; join it afterwards."""
        self._halt.set()

    def run(self) -> None:
        """Work until stopped or until the clip has ended."""
        while not self._halt.is_set():
            if not is_open(self.camera.schedule, datetime.fromtimestamp(self._parts.clock.wall_s())):  # noqa: DTZ006
                self._state(CameraState.OFF)
                self._halt.wait(OFF_LOOK_S)
                continue
            if self._follow():
                self._state(CameraState.ENDED)
                break
        self._parts.slots.flush(self.camera.id)

    def _follow(self) -> bool:
        """Keep the camera open, through all faults, until it ends (True) or is to be closed (False)."""
        while True:
            self._delivered = False
            retrying = Retrying(
                retry=retry_if_exception_type(CaptureError),
                wait=wait_random_exponential(multiplier=FIRST_BACKOFF_S, max=self.camera.max_backoff_s),
                stop=stop_when_event_set(self._halt),
                sleep=sleep_using_event(self._halt),
                before_sleep=self._failed,
                reraise=True,
            )
            try:
                return retrying(self._session)
            except _SessionFault as fault:
                self._tell(str(fault))
                self._halt.wait(FIRST_BACKOFF_S)
            except CaptureError:
                return False

    def _session(self) -> bool:
        """One life of the camera, from opening to its end or fault."""
        camera = self._parts.open_camera(self.camera, self._parts.clock)
        frozen = FrozenCheck(0.0 if self.camera.is_replay else self.camera.frozen_s)
        awake = True
        try:
            while not self._halt.is_set():
                glimpse = camera.read(awake)
                if glimpse is None:
                    return True
                frozen.check(glimpse)
                awake = self._offer(glimpse)
                if not is_open(self.camera.schedule, datetime.fromtimestamp(glimpse.wall_s)):  # noqa: DTZ006
                    return False
        except CaptureError as error:
            if not self._delivered:
                raise
            # It did deliver: the pauses begin anew with short ones.
            raise _SessionFault(str(error)) from error
        finally:
            camera.close()
        return False

    def _offer(self, glimpse: Glimpse) -> bool:
        """Hand on a picture where it is worth a look; returns whether the next one is needed in full."""
        wanted = self._gate.wants(glimpse, self._busy())
        frame = glimpse.frame() if wanted or not self._delivered else None
        if not self._delivered and frame is not None:
            self._delivered = True
            self._state(CameraState.RUNNING)
            log.info("camera %s: running, %d x %d", self.camera.id, frame.image.shape[1], frame.image.shape[0])
        slots, metrics = self._parts.slots, self._parts.metrics
        if glimpse.pixels is not None:
            self._parts.keep(glimpse)
        if wanted and frame is not None:
            if self.camera.is_replay and not self.camera.replay.realtime:
                slots.put_patiently(frame, self._halt)
            else:
                slots.put(frame)
            metrics.frames.labels(self.camera.id, "offered").inc()
        else:
            metrics.frames.labels(self.camera.id, "still").inc()
        self._parts.health.frame_captured(self.camera.id, slots.dropped(self.camera.id))
        return wanted

    def _failed(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        self._tell(str(state.outcome.exception()))

    def _tell(self, message: str) -> None:
        log.warning("camera %s: %s; trying again", self.camera.id, message)
        self._state(CameraState.FAILED, message)
        self._parts.slots.flush(self.camera.id)

    def _state(self, state: CameraState, detail: str = "") -> None:
        self._parts.health.camera_state(self.camera.id, state, detail)


class _SessionFault(Exception):  # noqa: N818 - not an error of its own: it ends a session that had delivered
    """A camera that had delivered frames failed."""
