"""What others may know of the cameras and of the daemon's health (``ports.CamerasView``, ``ports.HealthView``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import cv2

from npr_edge.domain import CameraReport, Frame
from npr_edge.health import CameraState, Health

SNAPSHOT_QUALITY = 85


class CameraViews:
    """The cameras for the API and the publisher; safe to call from several threads."""

    def __init__(self, health: Health, latest_frame: Callable[[str], Frame | None]) -> None:
        self._health = health
        self._latest_frame = latest_frame

    def reports(self) -> Sequence[CameraReport]:
        """All cameras, in the order of the configuration."""
        now_s = time.monotonic()
        return [
            CameraReport(
                camera.camera_id,
                camera.state.value,
                camera.fps,
                camera.frames,
                camera.dropped,
                None if camera.last_frame_s is None else round(now_s - camera.last_frame_s, 3),
            )
            for camera in self._health.cameras()
        ]

    def snapshot(self, camera_id: str) -> bytes | None:
        """The newest frame as JPEG, None where there is none (yet)."""
        frame = self._latest_frame(camera_id)
        if frame is None:
            return None
        done, data = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, SNAPSHOT_QUALITY])
        return data.tobytes() if done else None


class HealthViews:
    """Whether the device is well: cameras, stages, and what else is asked.

    Args:
        health: States and heartbeats.
        others: Each tells the fault of one more part in a few words, None while it is well.
    """

    def __init__(self, health: Health, others: Sequence[Callable[[], str | None]] = ()) -> None:
        self._health = health
        self._others = others

    def faults(self) -> Sequence[str]:
        """What is wrong now, a few words each; empty while all is well."""
        failed = [c.camera_id for c in self._health.cameras() if c.state is CameraState.FAILED]
        faults = [f"camera {camera_id}: failed" for camera_id in failed]
        faults += [f"stage {stage}: stalled" for stage in self._health.stalled()]
        return faults + [fault for other in self._others if (fault := other()) is not None]
