"""Which driver a source needs, and where it runs."""

from __future__ import annotations

from npr_edge.capture.driver import Driver
from npr_edge.capture.local import LocalCamera
from npr_edge.capture.process import ProcessCamera
from npr_edge.capture.replay import ReplayDriver
from npr_edge.ports import Camera, Clock
from npr_edge.settings import CameraSettings


def open_camera(camera: CameraSettings, clock: Clock) -> Camera:
    """The camera of a ``[[camera]]`` section: clips in this process, everything that can block in its own.

    Raises:
        CaptureError: It cannot be opened.
    """
    if camera.is_replay:
        driver: Driver = ReplayDriver(camera)
        return LocalCamera(camera.id, driver, clock)
    return ProcessCamera(camera, clock)
