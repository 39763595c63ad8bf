"""Heartbeats, states, word to systemd, and a log without secrets."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from npr_edge.health import CameraState, Health, notify_systemd, watchdog_interval_s
from npr_edge.logs import redacted
from npr_edge.metrics import Metrics
from npr_edge.views import HealthViews


def test_a_stage_without_a_beat_stalls_and_a_released_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("npr_edge.health.time.monotonic", lambda: now[0])
    health = Health()
    health.expect("record", 10)
    health.expect("publish", 30)
    now[0] += 11
    assert health.stalled() == ["record"]
    health.beat("record")
    assert health.stalled() == []
    now[0] += 31
    health.release("publish")
    assert health.stalled() == ["record"]


def test_reconnects_are_counted() -> None:
    health = Health()
    health.add_camera("a", "A")
    for state in (CameraState.RUNNING, CameraState.FAILED, CameraState.RUNNING, CameraState.RUNNING):
        health.camera_state("a", state)
    assert health.cameras()[0].reconnects == 1


def test_a_passage_that_ends_after_its_camera_was_removed_harms_nothing() -> None:
    """A reload may take a camera away while its last read still waits to be stored."""
    health = Health()
    health.add_camera("a", "A")
    health.remove_camera("a")
    health.passage("a", read=True)
    assert health.cameras() == []


def test_faults_are_named() -> None:
    health = Health()
    health.add_camera("a", "A")
    health.camera_state("a", CameraState.FAILED, "gone")
    assert list(HealthViews(health, [lambda: None, lambda: "record: full"]).faults()) == [
        "camera a: failed",
        "record: full",
    ]


def test_systemd_hears_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify_systemd("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert notify_systemd("READY=1")
        assert systemd.recv(100) == b"READY=1"
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert not notify_systemd("READY=1")


@pytest.mark.parametrize(("usec", "pid", "expected"), [("4000000", "", 2.0), ("", "", None), ("4000000", "1", None)])
def test_watchdog(usec: str, pid: str, expected: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert watchdog_interval_s() == expected


@pytest.mark.parametrize(
    "text", ["rtsp://me:hunter2@cam/1", "Authorization: Bearer hunter2", "password=hunter2", "x-api-key: hunter2"]
)
def test_secrets_are_taken_out_of_the_log(text: str) -> None:
    assert "hunter2" not in redacted(text)
    assert logging.getLogger("npr_edge").level == logging.NOTSET


def test_metrics_have_our_prefix_and_base_units() -> None:
    metrics = Metrics()
    metrics.passages.labels("a", "read").inc()
    lines = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    assert 'npr_edge_passages_total{camera="a",outcome="read"} 1.0' in lines
    assert all(line.startswith("npr_edge_") for line in lines)
