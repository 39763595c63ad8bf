"""A real mosquitto for tests, on a port of its own, that can be killed, frozen and started again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

READY_S = 10.0


def mosquitto_program() -> str:
    """Path of the broker's program; skips the test where there is none."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    return program


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """The broker's process.

    Args:
        folder: For its configuration.
        lines: Further lines of its configuration.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self._program = mosquitto_program()
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        access = () if any("allow_anonymous" in line for line in lines) else ("allow_anonymous true",)
        common = (f"listener {self.port} 127.0.0.1", "persistence false", "max_queued_messages 0", "user root")
        self._config.write_text("\n".join((*common, *access, *lines)) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end_s = time.monotonic() + READY_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, f"mosquitto ended with {self._process.returncode}"
                assert time.monotonic() < end_s, "mosquitto does not listen"
                time.sleep(0.02)  # nothing tells when another process listens
            else:
                return self

    def kill(self) -> None:
        """End it without giving it a chance to say anything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it in its tracks: connections stand, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
