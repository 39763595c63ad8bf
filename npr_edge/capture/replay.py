"""Recorded clips as a camera: a video file or a folder of pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from npr_edge.capture.driver import Picture, turned
from npr_edge.domain import Image
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
USUAL_FPS = 25.0


class ReplayDriver:
    """Plays a clip at its own pace or as fast as it is read.

    Times are those of the clip, laid onto the monotonic clock at the moment of opening: a clip replayed
    faster than it was filmed is tracked as if it were live. Frames are numbered as in the clip.
    """

    def __init__(self, camera: CameraSettings) -> None:
        """Open the clip of a ``replay:`` source.

        Raises:
            CaptureError: There is no such clip or it cannot be read.
        """
        self._camera = camera
        self._path = Path(camera.source.removeprefix("replay:"))
        self._frames, self.fps, self.total = self._open()
        self._started_s = time.monotonic()
        self._offset = self._index = 0

    def read(self) -> Picture | None:
        """The next frame of the clip that is due at the camera's ``fps``; None at its end."""
        for _ in range(2):
            for position, image in self._frames:
                index = self._offset + position
                at_s = self._started_s + index / self.fps
                self._index = index + 1
                if self._camera.replay.realtime:
                    time.sleep(max(at_s - time.monotonic(), 0.0))
                return Picture(turned(image, self._camera.rotate), index, at_s)
            if not self._camera.replay.loop:
                return None
            self._offset = self._index
            self._frames = self._open()[0]
        raise CaptureError(f"{self._path}: has no readable frame")

    def close(self) -> None:
        """Release the file."""
        self._frames = iter(())

    def _open(self) -> tuple[Iterator[tuple[int, Image]], float, int]:
        if self._path.is_dir():
            files = sorted(path for path in self._path.iterdir() if path.suffix.lower() in PICTURES)
            if not files:
                raise CaptureError(f"{self._path}: has no pictures ({', '.join(sorted(PICTURES))})")
            return _pictures(files), self._camera.fps, len(files)
        if not self._path.is_file():
            raise CaptureError(f"{self._path}: no such clip; name a video or a folder of pictures")
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise CaptureError(f"{self._path}: is no video that can be read")
        fps = capture.get(cv2.CAP_PROP_FPS) or USUAL_FPS
        return self._video(capture, fps), fps, max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)

    def _video(self, capture: cv2.VideoCapture, fps: float) -> Iterator[tuple[int, Image]]:
        """Frames that are due; the others are decoded but not converted."""
        share = min(self._camera.fps / fps, 1.0)
        position = 0
        try:
            while capture.grab():
                if int((position + 1) * share + 1e-6) > int(position * share + 1e-6) or share == 1.0:
                    ok, image = capture.retrieve()
                    if not ok:
                        return
                    yield position, np.asarray(image, dtype=np.uint8)
                position += 1
        finally:
            capture.release()


def _pictures(files: list[Path]) -> Iterator[tuple[int, Image]]:
    for position, path in enumerate(files):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise CaptureError(f"{path}: is no picture that can be read")
        yield position, np.asarray(image, dtype=np.uint8)
