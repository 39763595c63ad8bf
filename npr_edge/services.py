"""What stands beside the line of the cameras: the record, the API, the way to the broker; started and stopped here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from npr_edge.access import open_access
from npr_edge.clock import SystemClock
from npr_edge.domain import Frame
from npr_edge.errors import ConfigError
from npr_edge.health import Health
from npr_edge.metrics import Metrics
from npr_edge.ports import Clock, MessageEncoder, Recogniser, VehicleLookup
from npr_edge.record import Reads, Recorder, StoreFault, StoreParts
from npr_edge.settings import Settings
from npr_edge.views import CameraViews, HealthViews
from npr_edge.web.factory import ApiPorts
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.serve import ApiServer

RECORD_DEADLINE_S = 60.0


@dataclass
class Services:
    """The parts beside the line, in the order in which they are built; stopped in reverse."""

    settings: Settings
    health: Health
    metrics: Metrics
    clock: Clock
    recorder: Recorder
    gate: RecogniseGate
    encode: MessageEncoder | None = None
    vehicles: VehicleLookup | None = None
    web: ApiServer | None = None
    health_views: HealthViews = field(init=False)

    def __post_init__(self) -> None:
        self.health_views = HealthViews(self.health, [self._record_fault])

    def open_doors(self, latest_frame: Callable[[str], Frame | None]) -> None:
        """Start what others see: the broker's client and the API.

        Raises:
            ConfigError: The API's address cannot be listened on.
        """
        cameras = CameraViews(self.health, latest_frame)
        if self.settings.web.enabled:
            self._open_web(cameras)

    def _open_web(self, cameras: CameraViews) -> None:
        web = self.settings.web
        ports = ApiPorts(
            access=open_access(self.settings.data_dir, self.clock, web.auth_failures),
            gate=self.gate,
            vehicles=self.vehicles,
            lookup_timeout_s=self.settings.vehicles.lookup_timeout_ms / 1000,
            reads=Reads(self.settings.data_dir),
            encode=self.encode,
            cameras=cameras,
            health=self.health_views,
            registry=self.metrics.registry,
        )
        try:
            self.web = ApiServer(ports, web)
        except OSError as error:
            raise ConfigError(f"web.listen = {web.listen}: cannot be listened on ({error.strerror})") from error
        self.web.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop in reverse order; returns whether everything recorded got to the disk."""
        until_s = time.monotonic() + timeout_s
        if self.web is not None:
            self.web.close(timeout_s / 4)
        return self.recorder.stop(max(until_s - time.monotonic(), 1.0))

    def describe(self) -> dict[str, Any]:
        """The record, the broker and the API for ``npr-edge status``."""
        state = self.recorder.state()
        record = {
            "fault": state.fault.value,
            "waiting": state.waiting,
            "lost": state.lost,
            "reads": state.reads,
            "unread": state.unread,
            "free_bytes": state.free_bytes,
            "database_bytes": state.database_bytes,
            "crop_bytes": state.crop_bytes,
            "recoveries": list(state.recoveries),
        }
        outbox = {"messages": state.outbox_messages, "dropped": state.outbox_dropped}
        return {"record": record, "outbox": outbox}

    def _record_fault(self) -> str | None:
        state = self.recorder.state()
        return f"record: {state.fault.value}" if state.fault is not StoreFault.NONE else None


def start_services(settings: Settings, recogniser: Recogniser, health: Health, metrics: Metrics) -> Services:
    """Build the parts and start the record.

    Raises:
        StoreError: The data folder cannot be used.
    """
    clock = SystemClock()
    health.expect("record", RECORD_DEADLINE_S)
    parts = StoreParts(
        data_dir=settings.data_dir,
        clock=clock,
        encode=None,
        record=settings.record,
        retention=settings.retention,
        outbox=settings.mqtt.outbox,
    )
    recorder = Recorder(parts, lambda: health.beat("record"))
    recorder.start()
    gate = RecogniseGate(recogniser, turns=settings.recognise.workers, queue=settings.recognise.queue)
    return Services(settings, health, metrics, clock, recorder, gate)
