"""Cameras for fault tests: an RTSP server of GStreamer, and an MJPEG and snapshot server of our own."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from tests.support.daemons import until

RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"


def has_rtsp_server() -> bool:
    """Whether Debian's GStreamer RTSP server and its Python bindings are installed."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def rtsp_server(port: int, *, garbage: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A moving test picture at ``rtsp://127.0.0.1:PORT/cam``."""
    command = [SYSTEM_PYTHON, str(RTSP_SERVER), str(port), *(["garbage"] if garbage else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: HttpCamera

    def do_GET(self) -> None:
        camera = self.server
        if self.path == "/shot.jpg":
            body = camera.jpeg(0) if camera.mode != "garbage" else b"this is no picture"
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            self._stream(camera)
        except OSError:
            return

    def _stream(self, camera: HttpCamera) -> None:
        for number in range(1_000_000):
            body = camera.jpeg(number)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            if camera.mode == "cut":
                self.wfile.write(head + body[: len(body) // 2])
                self.wfile.flush()
                self.connection.close()
                return
            if camera.mode == "silent":
                camera.released.wait(60)
            self.wfile.write(head + body + b"\r\n")
            threading.Event().wait(0.1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        return


class HttpCamera(http.server.ThreadingHTTPServer):
    """``/video.mjpg`` and ``/shot.jpg``; ``mode`` is ``good``, ``cut`` (mid-picture), ``silent`` or ``garbage``."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.mode = "good"
        self.released = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def jpeg(self, number: int) -> bytes:
        """A picture that differs from the one before."""
        image = np.full((240, 320, 3), 80, dtype=np.uint8)
        cv2.circle(image, (20 + number * 7 % 280, 120), 15, (255, 255, 255), -1)
        return bytes(cv2.imencode(".jpg", image)[1])


@contextmanager
def http_camera() -> Iterator[HttpCamera]:
    """An HTTP camera on a free port."""
    camera = HttpCamera()
    thread = threading.Thread(target=camera.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    until("the camera listens", thread.is_alive)
    try:
        yield camera
    finally:
        camera.released.set()
        camera.shutdown()
        camera.server_close()
