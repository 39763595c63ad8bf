"""The capture child: ``python -m npr_edge.capture.child CHANNEL MEMORY``, settings on standard input.

Ends when standard input closes, that is with its parent, even while the driver is stuck.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import BinaryIO

from npr_edge.capture.driver import Driver
from npr_edge.capture.shared import Writer
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings


def open_driver(camera: CameraSettings) -> Driver:
    """The driver of a camera's source.

    Raises:
        CaptureError: It cannot be opened.
    """
    scheme = camera.source.split(":", 1)[0]
    if scheme == "picamera2":
        from npr_edge.capture.picamera import PicameraDriver

        return PicameraDriver(camera)
    if scheme == "jetson-csi":
        from npr_edge.capture.jetson import JetsonDriver

        return JetsonDriver(camera)
    if scheme == "replay":
        from npr_edge.capture.replay import ReplayDriver

        return ReplayDriver(camera)
    if scheme == "v4l2":
        from npr_edge.capture.v4l2 import V4l2Driver

        return V4l2Driver(camera)
    from npr_edge.capture.network import StreamDriver, open_http

    return open_http(camera) if scheme in ("http", "https") else StreamDriver(camera)


def pump(camera: CameraSettings, writer: Writer) -> None:
    """Hand over pictures until the source ends or fails."""
    try:
        driver = open_driver(camera)
    except CaptureError as error:
        writer.fault(str(error))
        return
    try:
        while (picture := driver.read(writer.awake())) is not None:
            writer.write(picture)
        writer.end()
    except CaptureError as error:
        writer.fault(str(error))
    except BrokenPipeError:
        return
    finally:
        driver.close()


def _end_with_parent(stdin: BinaryIO) -> None:
    stdin.read()
    os._exit(0)


def main() -> int:
    """Run the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    camera = CameraSettings.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, args=(sys.stdin.buffer,), daemon=True).start()
    pump(camera, Writer(channel, int(sys.argv[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
