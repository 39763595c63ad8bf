"""Jetson CSI cameras through GStreamer; OpenCV must come from the board's image, PyPI's has no GStreamer."""

from __future__ import annotations

import time

import cv2
import numpy as np

from npr_edge.capture.driver import Pace, Picture, whole_picture
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings

SENSOR_FPS = 30


def pipeline(sensor: int, width_px: int, height_px: int) -> str:
    """The GStreamer pipeline that brings a sensor's pictures as BGR, the newest only."""
    return (
        f"nvarguscamerasrc sensor-id={sensor} ! "
        f"video/x-raw(memory:NVMM),width={width_px},height={height_px},format=NV12,framerate={SENSOR_FPS}/1 ! "
        "nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=BGR ! "
        "appsink drop=1 max-buffers=1 sync=false"
    )


class JetsonDriver:
    """A CSI camera of a Jetson."""

    def __init__(self, camera: CameraSettings) -> None:
        """Open ``jetson-csi:NUMBER``.

        Raises:
            CaptureError: OpenCV has no GStreamer or the camera cannot be opened.
        """
        if "GStreamer:                   YES" not in cv2.getBuildInformation():
            raise CaptureError(
                "this OpenCV has no GStreamer: use the one of the Jetson's image "
                "(virtual environment with --system-site-packages, without opencv-python-headless)"
            )
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._index = 0
        sensor = int(camera.source.removeprefix("jetson-csi:"))
        self._capture = cv2.VideoCapture(pipeline(sensor, camera.width_px, camera.height_px), cv2.CAP_GSTREAMER)
        if not self._capture.isOpened():
            raise CaptureError(f"{camera.source}: cannot be opened; is nvargus-daemon running?")

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture that is due.

        Raises:
            CaptureError: The camera delivers no more pictures.
        """
        while True:
            if not self._capture.grab():
                raise CaptureError(f"{self._camera.source}: delivers no more pictures")
            at_s = time.monotonic()
            if self._pace.is_due(at_s):
                break
        ok, image = self._capture.retrieve()
        if not ok:
            raise CaptureError(f"{self._camera.source}: delivers pictures that cannot be decoded")
        self._index += 1
        return whole_picture(self._index - 1, at_s, np.asarray(image, dtype=np.uint8), self._camera.rotate)

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()
