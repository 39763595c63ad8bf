"""No camera can hang the daemon: RTSP frozen, killed and garbled; MJPEG cut; devices gone; children stuck."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from npr_edge.capture.process import ProcessCamera
from npr_edge.clock import SystemClock
from npr_edge.errors import CaptureError
from npr_edge.settings import CameraSettings
from tests.support.cameras import HttpCamera, has_rtsp_server, http_camera, rtsp_server
from tests.support.clips import CODES, Pass, write_clip
from tests.support.daemons import Running, daemon, free_port, until, write_config

BACK_S = 10.0
"""A camera is back this long after its return at the latest."""

CALM_S = 3.0

QUICK = "frame_timeout_s = 2\nopen_timeout_s = 8\nmax_backoff_s = 2\n"
needs_rtsp = pytest.mark.skipif(
    not has_rtsp_server(), reason="no RTSP server: apt install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly"
)


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with http_camera() as served:
        yield served


def read_until_fault(camera: ProcessCamera) -> None:
    """Read what is on its way and on, until the camera fails."""
    while True:
        camera.read()


def other_camera(folder: Path) -> str:
    """A second camera that must not notice anything."""
    write_clip(folder / "other.avi", [Pass(CODES[1], 5, 30)], 50)
    return '[[camera]]\nid = "other"\nsource = "replay:other.avi"\nreplay = {loop = true}\n'


class Watch:
    """Holds a second camera against its own pace while a first one fails; looks for a while before that happens."""

    def __init__(self, running: Running, camera_id: str) -> None:
        self._running, self._camera_id = running, camera_id
        running.wait_for_state(camera_id, "running")
        first, began_s = running.camera(camera_id), time.monotonic()
        threading.Event().wait(CALM_S)
        self._before, self._began_s = running.camera(camera_id), time.monotonic()
        # A machine that is busy with other things drops frames at all times; an idle one never.
        self._usual_drops_per_s = (self._before["dropped"] - first["dropped"]) / (self._began_s - began_s)

    def assert_nothing_lost(self) -> None:
        """Every frame of the 10 a second was captured, and no more than before waited for a look in vain."""
        now, took_s = self._running.camera(self._camera_id), time.monotonic() - self._began_s
        captured = now["frames"] - self._before["frames"]
        assert captured >= 10 * took_s - 20, f"{captured} frames in {took_s:.1f} s"
        # A camera that had to wait for the other one would lose dozens.
        assert now["dropped"] - self._before["dropped"] <= 5 + 2 * self._usual_drops_per_s * took_s
        assert (now["state"], now["reconnects"]) == ("running", 0)


def is_delivering(running: Running, camera_id: str, more: int = 5) -> bool:
    """Whether the camera delivers ``more`` frames from now on, within the time for coming back."""
    before = running.camera(camera_id)["frames"]
    until(f"{camera_id} delivers", lambda: running.camera(camera_id)["frames"] >= before + more, BACK_S)
    return True


@needs_rtsp
@pytest.mark.parametrize("fault", ["frozen", "killed", "garbage"])
def test_rtsp(tmp_path: Path, fault: str) -> None:
    port = free_port()
    source = f'[[camera]]\nid = "gate"\nsource = "rtsp://127.0.0.1:{port}/cam"\n{QUICK}'
    config = write_config(tmp_path, source + other_camera(tmp_path))
    with ExitStack() as stack:
        server = stack.enter_context(rtsp_server(port))
        running = stack.enter_context(daemon(config))
        running.wait_for_state("gate", "running")
        watch = Watch(running, "other")
        if fault == "frozen":
            server.send_signal(signal.SIGSTOP)
        else:
            server.kill()
            server.wait()
        if fault == "garbage":
            with rtsp_server(port, garbage=True):
                running.wait_for_state("gate", "failed", 30)
        else:
            running.wait_for_state("gate", "failed", 30)
        assert is_delivering(running, "other")
        if fault == "frozen":
            server.send_signal(signal.SIGCONT)
        else:
            stack.enter_context(rtsp_server(port))
        returned_s = time.monotonic()
        running.wait_for_state("gate", "running", BACK_S)
        assert time.monotonic() - returned_s <= BACK_S
        assert is_delivering(running, "gate")
        watch.assert_nothing_lost()
        assert running.end() == 0


@pytest.mark.parametrize("fault", ["cut", "silent"])
def test_mjpeg(tmp_path: Path, camera: HttpCamera, fault: str) -> None:
    source = f'[[camera]]\nid = "gate"\nsource = "http://127.0.0.1:{camera.server_port}/video.mjpg"\n{QUICK}'
    with daemon(write_config(tmp_path, source + other_camera(tmp_path))) as running:
        running.wait_for_state("gate", "running")
        watch = Watch(running, "other")
        camera.mode = fault
        running.wait_for_state("gate", "failed", 30)
        assert is_delivering(running, "other")
        camera.mode = "good"
        running.wait_for_state("gate", "running", BACK_S)
        assert is_delivering(running, "gate")
        watch.assert_nothing_lost()
        assert running.end() == 0


def test_snapshots(tmp_path: Path, camera: HttpCamera) -> None:
    address = f"http://127.0.0.1:{camera.server_port}/shot.jpg"
    source = f'[[camera]]\nid = "gate"\nsource = "{address}"\nfrozen_s = 0\nmotion = {{enabled = false}}\n{QUICK}'
    with daemon(write_config(tmp_path, source)) as running:
        running.wait_for_state("gate", "running")
        camera.mode = "garbage"
        assert "no picture" in running.wait_for_state("gate", "failed", 30)["detail"]
        camera.mode = "good"
        running.wait_for_state("gate", "running", BACK_S)
        assert running.end() == 0


def test_a_frozen_picture_is_a_fault(tmp_path: Path, camera: HttpCamera) -> None:
    address = f"http://127.0.0.1:{camera.server_port}/shot.jpg"
    source = f'[[camera]]\nid = "gate"\nsource = "{address}"\nfrozen_s = 1\n{QUICK}'
    with daemon(write_config(tmp_path, source)) as running:
        assert "very same picture" in running.wait_for_state("gate", "failed", 30)["detail"]
        assert running.end() == 0


def test_a_missing_device_is_named_and_waited_for(tmp_path: Path) -> None:
    source = f'[[camera]]\nid = "gate"\nsource = "v4l2:/dev/video97"\n{QUICK}'
    with daemon(write_config(tmp_path, source + other_camera(tmp_path))) as running:
        assert "no such device" in running.wait_for_state("gate", "failed")["detail"]
        running.wait_for_state("other", "running")
        assert is_delivering(running, "other")
        assert running.end() == 0


def test_a_stuck_child_is_killed_at_its_deadline(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.avi", [], 400)
    camera = CameraSettings.model_validate(
        {"id": "a", "source": f"replay:{tmp_path}/a.avi", "frame_timeout_s": 0.5, "replay": {"loop": True}}
    )
    opened = ProcessCamera(camera, SystemClock())
    try:
        first = opened.read()
        assert first is not None
        assert first.pixels is not None
        assert first.pixels().shape == (480, 640, 3)
        os.kill(opened.pid, signal.SIGSTOP)
        started_s = time.monotonic()
        with pytest.raises(CaptureError, match=r"no picture for 0\.5 s"):
            read_until_fault(opened)
        assert time.monotonic() - started_s < 5
    finally:
        opened.close()
    assert not Path(f"/proc/{opened.pid}").exists()


def test_a_killed_child_is_a_fault_at_once(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.avi", [], 400)
    camera = CameraSettings.model_validate({"id": "a", "source": f"replay:{tmp_path}/a.avi"})
    opened = ProcessCamera(camera, SystemClock())
    assert opened.read() is not None
    os.kill(opened.pid, signal.SIGKILL)
    with pytest.raises(CaptureError, match=r"ended|gone"):
        read_until_fault(opened)
    opened.close()
    opened.close()


def test_children_end_with_a_killed_daemon(tmp_path: Path, camera: HttpCamera) -> None:
    source = f'[[camera]]\nid = "gate"\nsource = "http://127.0.0.1:{camera.server_port}/video.mjpg"\n{QUICK}'
    with daemon(write_config(tmp_path, source)) as running:
        running.wait_for_state("gate", "running")
        children = [int(pid) for pid in _children(running.process.pid)]
        assert children
        running.end(signal.SIGKILL)
        until("children end", lambda: not any(_runs(pid) for pid in children), 10)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split() or [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def test_backoff_is_capped_and_stops_at_once(tmp_path: Path) -> None:
    """A worker that waits for its next try does not hold up the end."""
    source = '[[camera]]\nid = "gate"\nsource = "v4l2:/dev/video97"\nmax_backoff_s = 600\n'
    with daemon(write_config(tmp_path, source)) as running:
        running.wait_for_state("gate", "failed")
        threading.Event().wait(2)
        started_s = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - started_s < 15
