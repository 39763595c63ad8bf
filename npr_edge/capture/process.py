"""A driver in a process of its own, as a camera: whatever hangs there is killed from here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

from npr_edge.capture.driver import Picture
from npr_edge.capture.local import make_glimpse
from npr_edge.capture.shared import Reader
from npr_edge.domain import Glimpse
from npr_edge.errors import CaptureError
from npr_edge.ports import Clock
from npr_edge.settings import CameraSettings

_END_S = 0.5


class ProcessCamera:
    """Pictures of a capture child, each within its deadline (``ports.Camera``)."""

    def __init__(self, camera: CameraSettings, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._timeout_s = camera.open_timeout_s
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        self._memory = os.memfd_create("npr-edge-frames")
        self._reader = Reader(ours, self._memory)
        command = [sys.executable, "-m", "npr_edge.capture.child", str(theirs.fileno()), str(self._memory)]
        try:
            # A session of its own: Ctrl-C in a terminal reaches the daemon alone, which then ends its children.
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), self._memory),
                start_new_session=True,
            )
        except OSError as error:
            self._channel.close()
            os.close(self._memory)
            raise CaptureError(f"the capture process cannot be started ({error.strerror})") from error
        finally:
            theirs.close()
        # The settings go through a pipe: an address may hold a password, and arguments are public.
        assert self._child.stdin is not None
        self._child.stdin.write(camera.model_dump_json().encode() + b"\n")
        self._child.stdin.flush()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    def read(self, awake: bool = True) -> Glimpse | None:
        """The next picture.

        Raises:
            CaptureError: None came within the deadline, or the child told of a fault; close the camera.
        """
        picture: Picture | None = self._reader.read(self._timeout_s, awake)
        self._timeout_s = self._camera.frame_timeout_s
        return None if picture is None else make_glimpse(self._camera.id, picture, self._clock)

    def close(self) -> None:
        """End the child, by force where it does not go; safe to call twice."""
        if self._child.stdin is None or self._child.stdin.closed:
            return
        self._channel.close()
        self._child.stdin.close()
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()
        os.close(self._memory)
