"""USB cameras (V4L2), RTSP and HTTP cameras through OpenCV and its FFmpeg."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, urlsplit, urlunsplit

import cv2
import numpy as np

from npr_edge.capture.driver import Pace, Picture, turned
from npr_edge.domain import Image
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


class OpenCvDriver:
    """A live source behind ``cv2.VideoCapture``."""

    def __init__(self, camera: CameraSettings) -> None:
        """Open a ``v4l2:``, ``rtsp://`` or MJPEG ``http://`` source.

        Raises:
            CaptureError: It cannot be opened.
        """
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._index = 0
        opened = self._open_v4l2() if camera.source.startswith("v4l2:") else self._open_network()
        if not opened.isOpened():
            opened.release()
            raise CaptureError(f"{camera.public_source}: cannot be opened")
        self._capture = opened

    def _open_v4l2(self) -> cv2.VideoCapture:
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

    def _open_network(self) -> cv2.VideoCapture:
        # Set for the whole process, which is the capture child: TCP, since lost UDP packets smear plates, and
        # a timeout in microseconds that FFmpeg honours in most states. The parent's deadline covers the rest.
        timeout_ms = int(1000 * self._camera.frame_timeout_s)
        # FFmpeg would watch a stream for up to 5 s before it hands over the first picture; half a second is enough
        # for the one video track we take, and a camera is back so much sooner.
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
            f"rtsp_transport;tcp|timeout;{1000 * timeout_ms}|analyzeduration;500000|probesize;500000"
        )
        parameters = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(1000 * self._camera.open_timeout_s)]
        parameters += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
        return cv2.VideoCapture(url_with_credentials(self._camera), cv2.CAP_FFMPEG, parameters)

    def read(self) -> Picture | None:
        """The next picture that is due; those between are taken off the camera but not converted."""
        while True:
            if not self._capture.grab():
                raise CaptureError(f"{self._camera.public_source}: delivers no more pictures")
            at_s = time.monotonic()
            if self._pace.is_due(at_s):
                break
        ok, image = self._capture.retrieve()
        if not ok or image is None or image.size == 0:
            raise CaptureError(f"{self._camera.public_source}: delivers pictures that cannot be decoded")
        self._index += 1
        return Picture(turned(_bgr(image), self._camera.rotate), self._index - 1, at_s)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


class SnapshotDriver:
    """An HTTP address that answers each request with one picture."""

    def __init__(self, camera: CameraSettings) -> None:
        self._camera = camera
        self._pace = Pace(camera.fps)
        self._opener = _opener(camera)
        self._index = 0

    def read(self) -> Picture | None:
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
        at_s = time.monotonic()
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is None or len(data) > SNAPSHOT_LIMIT_BYTES:
            raise CaptureError(f"{name}: answers with something that is no picture ({len(data)} bytes)")
        self._index += 1
        return Picture(turned(_bgr(image), self._camera.rotate), self._index - 1, at_s)

    def close(self) -> None:
        """Nothing stays open between requests."""


def open_http(camera: CameraSettings) -> OpenCvDriver | SnapshotDriver:
    """The driver that fits what an HTTP address answers: a stream of pictures or one.

    Raises:
        CaptureError: No answer, or one that is neither.
    """
    try:
        with _opener(camera).open(_address(camera), timeout=camera.open_timeout_s) as answer:
            kind = _content_type(answer)
    except (OSError, HTTPException) as error:
        raise CaptureError(f"{camera.public_source}: no answer ({_short(error)})") from error
    return SnapshotDriver(camera) if kind.startswith("image/") else OpenCvDriver(camera)


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


def _bgr(image: object) -> Image:
    """Pictures of grey cameras get three channels."""
    array = np.asarray(image, dtype=np.uint8)
    return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2BGR), dtype=np.uint8) if array.ndim == 2 else array
