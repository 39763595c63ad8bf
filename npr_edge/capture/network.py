"""Network cameras: RTSP and MJPEG streams through PyAV, single pictures over HTTP."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, urlsplit, urlunsplit

import av
import numpy as np

from npr_edge.capture.driver import Pace, Picture, turned_picture, whole_picture
from npr_edge.capture.stream import VideoStream
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings

SNAPSHOT_LIMIT_BYTES = 32_000_000


def read_password(camera: CameraSettings) -> str:
    """The first line of the camera's password file; empty without one.

    Raises:
        CaptureError: The file cannot be read.
    """
    if camera.password_file is None:
        return ""
    try:
        return camera.password_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except OSError as error:
        raise CaptureError(f"password_file {camera.password_file}: cannot be read ({error.strerror})") from error


def url_with_credentials(camera: CameraSettings) -> str:
    """The camera's address with user name and password, as FFmpeg wants it."""
    if camera.username is None:
        return camera.source
    parts = urlsplit(camera.source)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(camera.username, safe='')}:{quote(read_password(camera), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


class StreamDriver:
    """A live video: ``rtsp://``, or MJPEG over ``http://``."""

    def __init__(self, camera: CameraSettings) -> None:
        """Open the source.

        Raises:
            CaptureError: It cannot be opened.
        """
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._index = 0
        try:
            container = av.open(
                url_with_credentials(camera), options=_options(camera), timeout=(camera.open_timeout_s, None)
            )
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise CaptureError(f"{camera.public_source}: cannot be opened ({reason})") from error
        self._stream = VideoStream(container, camera.public_source)

    def read(self, awake: bool = True) -> Picture | None:
        """The next picture that is due; those between are taken off the camera but not converted.

        Raises:
            CaptureError: The camera delivers no more pictures, or none that can be decoded.
        """
        while True:
            shot = self._stream.read(awake)
            if shot is None:
                raise CaptureError(f"{self._camera.public_source}: delivers no more pictures")
            at_s = time.monotonic()
            if self._pace.is_due(at_s):
                self._index += 1
                return turned_picture(Picture(self._index - 1, at_s, shot.luma, shot.pixels), self._camera.rotate)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()


def _options(camera: CameraSettings) -> dict[str, str]:
    """FFmpeg's options: TCP, since lost UDP packets smear plates, and a timeout that it honours in most states.

    The parent's deadline covers the rest. FFmpeg would watch a stream for up to 5 s before it hands over the first
    picture; half a second is enough for the one video track we take, and a camera is back so much sooner.
    """
    timeout_us = str(int(1e6 * camera.frame_timeout_s))
    if camera.source.startswith("http"):
        return {"rw_timeout": timeout_us, "analyzeduration": "500000", "probesize": "500000"}
    return {"rtsp_transport": "tcp", "timeout": timeout_us, "analyzeduration": "500000", "probesize": "500000"}


class SnapshotDriver:
    """An HTTP address that answers each request with one picture."""

    def __init__(self, camera: CameraSettings) -> None:
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._opener = _opener(camera)
        self._index = 0

    def read(self, awake: bool = True) -> Picture | None:
        """Ask for a picture when the next one is due.

        Raises:
            CaptureError: No answer, or one that is no picture.
        """
        time.sleep(self._pace.wait_s())
        self._pace.is_due(time.monotonic())
        name = self._camera.public_source
        try:
            with self._opener.open(_address(self._camera), timeout=self._camera.frame_timeout_s) as answer:
                data = answer.read(SNAPSHOT_LIMIT_BYTES + 1)
        except (OSError, HTTPException) as error:
            raise CaptureError(f"{name}: no answer ({_short(error)})") from error
        import cv2  # only here: a stream's process starts sooner without

        at_s = time.monotonic()
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None or len(data) > SNAPSHOT_LIMIT_BYTES:
            raise CaptureError(f"{name}: answers with something that is no picture ({len(data)} bytes)")
        self._index += 1
        return whole_picture(self._index - 1, at_s, np.asarray(image, dtype=np.uint8), self._camera.rotate)

    def close(self) -> None:
        """Nothing stays open between requests."""


def open_http(camera: CameraSettings) -> StreamDriver | SnapshotDriver:
    """The driver that fits what an HTTP address answers: a stream of pictures or one.

    Raises:
        CaptureError: No answer, or one that is neither.
    """
    try:
        with _opener(camera).open(_address(camera), timeout=camera.open_timeout_s) as answer:
            kind = _content_type(answer)
    except (OSError, HTTPException) as error:
        raise CaptureError(f"{camera.public_source}: no answer ({_short(error)})") from error
    return SnapshotDriver(camera) if kind.startswith("image/") else StreamDriver(camera)


def _content_type(answer: HTTPResponse) -> str:
    return answer.headers.get_content_type()


def _address(camera: CameraSettings) -> str:
    parts = urlsplit(camera.source)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _opener(camera: CameraSettings) -> urllib.request.OpenerDirector:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    parts = urlsplit(camera.source)
    user, password = camera.username or parts.username, read_password(camera) or parts.password or ""
    if user:
        passwords.add_password(None, _address(camera), user, password)
    handlers = (urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.HTTPDigestAuthHandler(passwords))
    return urllib.request.build_opener(*handlers)


def _short(error: Exception) -> str:
    return str(error.reason) if isinstance(error, urllib.error.URLError) else type(error).__name__
