"""USB and other cameras of the kernel (V4L2) through OpenCV; PyAV's wheels are built without them."""

from __future__ import annotations

import os
import time

import cv2
import numpy as np

from npr_edge.capture.driver import Pace, Picture, whole_picture
from npr_edge.domain import Image
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings


class V4l2Driver:
    """A camera behind ``cv2.VideoCapture``."""

    def __init__(self, camera: CameraSettings) -> None:
        """Open ``v4l2:/dev/videoN``.

        Raises:
            CaptureError: It cannot be opened.
        """
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._index = 0
        opened = self._open()
        if not opened.isOpened():
            opened.release()
            raise CaptureError(f"{camera.source}: cannot be opened")
        self._capture = opened

    def _open(self) -> cv2.VideoCapture:
        camera = self._camera
        node = camera.source.removeprefix("v4l2:")
        if not os.path.exists(node):  # noqa: PTH110 - a device node, not a file of ours
            raise CaptureError(f"{node}: no such device; see v4l2-ctl --list-devices")
        capture = cv2.VideoCapture(node, cv2.CAP_V4L2)
        # MJPEG first: uncompressed pictures of this size do not fit through USB 2.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height_px)
        capture.set(cv2.CAP_PROP_FPS, max(camera.fps, 10.0))
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture that is due; those between are taken off the camera but not converted."""
        while True:
            if not self._capture.grab():
                raise CaptureError(f"{self._camera.source}: delivers no more pictures")
            at_s = time.monotonic()
            if self._pace.is_due(at_s):
                break
        ok, image = self._capture.retrieve()
        if not ok or image is None or image.size == 0:
            raise CaptureError(f"{self._camera.source}: delivers pictures that cannot be decoded")
        self._index += 1
        return whole_picture(self._index - 1, at_s, _bgr(image), self._camera.rotate)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


def _bgr(image: object) -> Image:
    """Pictures of grey cameras get three channels."""
    array = np.asarray(image, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2BGR), dtype=np.uint8) if array.ndim == 2 else array
