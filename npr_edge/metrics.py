"""Figures for Prometheus: base units, low cardinality, never a plate.

One registry per daemon, so that tests and several daemons in one process do not meet.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from npr_edge import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter that nobody asks for

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The figures by name; stages count, ``render`` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.frames = self._counter("frames", "Frames by what became of them.", "camera", "outcome")
        self.passages = self._counter("passages", "Vehicles that passed.", "camera", "outcome")
        self.tracks = self._counter("tracks_ended", "Tracks that are no passage of their own.", "camera", "outcome")
        self.vehicle_lookups = self._counter("vehicle_lookups", "Questions to vehicle registries.", "source", "outcome")
        self.stage_seconds = Histogram(
            "npr_edge_stage_seconds", "Time spent per stage.", ["stage"], buckets=SECONDS, registry=self.registry
        )
        self.latency_seconds = Histogram(
            "npr_edge_read_latency_seconds",
            "From the capture of the deciding frame to the record.",
            ["camera"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.camera_up = self._gauge("camera_up", "1 while the camera delivers frames.", "camera")
        self.camera_fps = self._gauge("camera_fps", "Frames per second captured.", "camera")
        self.queue = self._gauge("queue", "What waits for a stage.", "stage")
        info = self._gauge("info", "Version of the daemon.", "version")
        info.labels(__version__).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"npr_edge_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"npr_edge_{name}", text, labels, registry=self.registry)

    def vehicle_asked(self, source: str, outcome: str) -> None:
        """A vehicle registry was asked."""
        self.vehicle_lookups.labels(source, outcome).inc()

    def render(self) -> bytes:
        """All figures in Prometheus' text format."""
        return bytes(generate_latest(self.registry))
