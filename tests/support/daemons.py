"""Runs the daemon as a process of its own for tests, and a broker to listen to it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from npr_edge.errors import NprEdgeError
from npr_edge.status import ask_status

REPOSITORY = Path(__file__).resolve().parents[2]
FAKE = (sys.executable, "-m", "tests.support.fake_daemon")
REAL = (sys.executable, "-m", "npr_edge", "run")
PATIENCE_S = 60.0


def until(what: str, check: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """Wait until ``check`` gives something true, and return it; fails with ``what`` after the timeout."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        found = check()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"not within {timeout_s:g} s: {what}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A daemon's process."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path

    def status(self) -> dict[str, Any]:
        """What it says of itself; empty before it answers."""
        try:
            return ask_status(self.data_dir)
        except NprEdgeError:
            assert self.process.poll() is None, self.log.read_text()
            return {}

    def camera(self, camera_id: str) -> dict[str, Any]:
        """One camera of the status; empty before it answers."""
        return next((c for c in self.status().get("cameras", []) if c["id"] == camera_id), {})

    def wait_for_state(self, camera_id: str, state: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until a camera is in a state."""
        return dict(
            until(
                f"{camera_id} {state}",
                lambda: (c := self.camera(camera_id)) and c["state"] == state and c,
                timeout_s,
            )
        )

    def end(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 40.0) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_s)


def write_config(folder: Path, cameras: str, *, mqtt_port: int | None = None, extra: str = "") -> Path:
    """A configuration with its data folder beside it; ``cameras`` is TOML."""
    path = folder / "npr-edge.toml"
    broker = f"[mqtt]\nenabled = true\nport = {mqtt_port}\n" if mqtt_port is not None else ""
    path.write_text(
        f'data_dir = "{folder / "data"}"\n[device]\nid = "gate-1"\n[web]\nlisten = "127.0.0.1:{free_port()}"\n'
        f"{broker}{cameras}\n{extra}\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def daemon(config: Path, command: tuple[str, ...] = FAKE, **environment: str) -> Iterator[Running]:
    """A running daemon; killed at the end if the test did not end it."""
    import os

    log = config.parent / "daemon.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*command, "--config", str(config)],
            cwd=REPOSITORY,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            yield Running(process, config.parent / "data", log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def broker(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """mosquitto on loopback."""
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program is not None, "mosquitto is missing: apt install mosquitto"
    process = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("mosquitto listens", lambda: listens(port))
        yield process
    finally:
        process.terminate()
        process.wait(10)


def listens(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Listener:
    """Hears everything that is published under a device."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("npr-edge/#", qos=1)
        self._client.loop_start()

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload), message.retain))

    def on(self, topic: str) -> list[Any]:
        """Payloads on a topic of the device, in order."""
        return [
            json.loads(p) if p[:1] == b"{" else p.decode()
            for t, p, _ in self.messages
            if t == f"npr-edge/gate-1/{topic}"
        ]

    def publish(self, topic: str, payload: str) -> None:
        """Send a message."""
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()
