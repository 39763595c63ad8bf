"""Recorded clips as a camera: a video file or a folder of pictures."""

from __future__ import annotations

import time
from pathlib import Path

import av
import cv2
import numpy as np

from npr_edge.capture.driver import Picture, turned_picture, whole_picture
from npr_edge.capture.stream import Shot, VideoStream
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


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
        self._source = self._open()
        self.fps, self.total = self._source.fps, self._source.total
        self._started_s = time.monotonic()
        self._offset = self._index = 0

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture of the clip that is due at the camera's ``fps``; None at its end."""
        for _ in range(2):
            while (shot := self._source.read(awake)) is not None:
                self._index = self._offset + shot.position + 1
                if self._is_due(shot.position):
                    return self._picture(shot)
            if not self._camera.replay.loop:
                return None
            self._offset = self._index
            self._source.close()
            self._source = self._open()
        raise CaptureError(f"{self._path}: has no readable frame")

    def close(self) -> None:
        """Release the file."""
        self._source.close()

    def _is_due(self, position: int) -> bool:
        """Whether a picture is one of those that make up the camera's ``fps``."""
        share = min(self._camera.fps / self.fps, 1.0)
        return share == 1.0 or int((position + 1) * share + 1e-6) > int(position * share + 1e-6)

    def _picture(self, shot: Shot) -> Picture:
        index = self._offset + shot.position
        at_s = self._started_s + index / self.fps
        if self._camera.replay.realtime:
            time.sleep(max(at_s - time.monotonic(), 0.0))
        return turned_picture(Picture(index, at_s, shot.luma, shot.pixels), self._camera.rotate)

    def _open(self) -> VideoStream | PictureFolder:
        if self._path.is_dir():
            return PictureFolder(self._path, self._camera.fps)
        if not self._path.is_file():
            raise CaptureError(f"{self._path}: no such clip; name a video or a folder of pictures")
        try:
            return VideoStream(av.open(str(self._path)), str(self._path))
        except (av.FFmpegError, OSError) as error:
            raise CaptureError(f"{self._path}: is no video that can be read") from error


class PictureFolder:
    """The pictures of a folder in the order of their names, as if they were a video."""

    def __init__(self, folder: Path, fps: float) -> None:
        """Look through the folder.

        Raises:
            CaptureError: It holds no pictures.
        """
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
        if not files:
            raise CaptureError(f"{folder}: has no pictures ({', '.join(sorted(PICTURES))})")
        self.fps = fps
        self.total = len(files)
        self._files = enumerate(files)

    def read(self, awake: bool = True) -> Shot | None:
        """The next picture; None at the end.

        Raises:
            CaptureError: A file is no picture.
        """
        for position, path in self._files:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise CaptureError(f"{path}: is no picture that can be read")
            picture = whole_picture(position, 0.0, np.asarray(image, dtype=np.uint8), 0)
            return Shot(position, picture.luma, picture.pixels)
        return None

    def close(self) -> None:
        """Nothing stays open between pictures."""
