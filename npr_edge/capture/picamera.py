"""Raspberry Pi cameras through picamera2 (``apt install python3-picamera2``)."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Any

import numpy as np

from npr_edge.capture.driver import Pace, Picture, turned
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings

log = logging.getLogger(__name__)

LORES = (320, 180)
"""Size of the stream that motion is looked for in."""

BUFFERS = 4


class PicameraDriver:
    """A CSI camera: the main stream is read, the small grey one decides whether it is worth it."""

    def __init__(self, camera: CameraSettings) -> None:
        """Open and start ``picamera2:NUMBER``.

        Raises:
            CaptureError: picamera2 is not installed, or the camera is not there or in use.
        """
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CaptureError(
                "picamera2 is not installed: apt install python3-picamera2, and make the virtual environment "
                "with --system-site-packages"
            ) from error
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._index = 0
        try:
            self._device: Any = Picamera2(int(camera.source.removeprefix("picamera2:")))
            self._configure()
        except (RuntimeError, IndexError, OSError) as error:
            raise CaptureError(f"{camera.source}: cannot be opened ({error})") from error

    def _configure(self) -> None:
        camera = self._camera
        interval_us = int(1e6 / camera.fps)
        # "RGB888" is BGR in memory, the order of OpenCV.
        configuration = self._device.create_video_configuration(
            main={"size": (camera.width_px, camera.height_px), "format": "RGB888"},
            lores={"size": LORES, "format": "YUV420"},
            buffer_count=BUFFERS,
            controls={"FrameDurationLimits": (interval_us, interval_us)},
        )
        self._device.configure(configuration)
        self._device.start()

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture, within the frame timeout; the large one is only fetched for somebody who is awake.

        Raises:
            CaptureError: The camera delivers nothing; captures are known to hang and end with a restart.
        """
        while True:
            request = self._request()
            try:
                at_s = request.get_metadata().get("SensorTimestamp", time.monotonic_ns()) / 1e9
                if self._pace.is_due(at_s):
                    image = np.asarray(request.make_array("main"), dtype=np.uint8) if awake else None
                    luma = np.asarray(request.make_array("lores"), dtype=np.uint8)[: LORES[1], : LORES[0]]
                    break
            finally:
                request.release()
        self._index += 1
        pixels = None if image is None else partial(turned, image, self._camera.rotate)
        return Picture(self._index - 1, at_s, np.ascontiguousarray(luma), pixels)

    def _request(self) -> Any:
        job = self._device.capture_request(wait=False)
        try:
            return self._device.wait(job, timeout=self._camera.frame_timeout_s)
        except (TimeoutError, RuntimeError) as error:
            raise CaptureError(f"{self._camera.source}: no picture within {self._camera.frame_timeout_s} s") from error

    def close(self) -> None:
        """Stop and release the camera; a camera that hangs is left to the end of the process."""
        try:
            self._device.stop()
            self._device.close()
        except (RuntimeError, OSError) as error:
            log.warning("%s: did not close (%s)", self._camera.source, error)
