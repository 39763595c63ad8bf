"""What stands beside the line of the cameras: the record, the API, the way to the broker; started and stopped here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from npr_edge.access import Access, open_access
from npr_edge.clock import SystemClock
from npr_edge.device import temperature_c
from npr_edge.domain import Frame
from npr_edge.errors import ConfigError, NprEdgeError
from npr_edge.health import Health
from npr_edge.metrics import Metrics
from npr_edge.ports import Clock, MessageEncoder, Recogniser
from npr_edge.publish import CameraStatus, Encoder, Publisher, PublisherParts
from npr_edge.record import Reads, Recorder, StoredOutbox, StoreFault, StoreParts
from npr_edge.settings import Settings
from npr_edge.vehicles import VehicleDirectory, open_directory
from npr_edge.views import CameraViews, HealthViews
from npr_edge.web.factory import ApiPorts
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.serve import ApiServer

STAGE_DEADLINE_S = 60.0
FAREWELL_S = 3.0
"""Time for the broker's client to say goodbye."""

LatestFrame = Callable[[str], Frame | None]


@dataclass
class Services:
    """The parts beside the line, in the order in which they are built; stopped in reverse."""

    settings: Settings
    health: Health
    metrics: Metrics
    clock: Clock
    recorder: Recorder
    gate: RecogniseGate
    encode: MessageEncoder
    reload: Callable[[], None]
    vehicles: VehicleDirectory
    access: Access
    publisher: Publisher | None = None
    web: ApiServer | None = None
    health_views: HealthViews = field(init=False)
    _latest_frame: LatestFrame = field(init=False, default=lambda _: None)

    def __post_init__(self) -> None:
        self.health_views = HealthViews(self.health, [self._record_fault, self._broker_fault])
        if self.settings.mqtt.enabled:
            self.publisher = Publisher(self._publisher_parts())
            self.recorder.on_applied(lambda _: self.publisher.wake() if self.publisher is not None else None)

    def start_record(self) -> None:
        """Start the record: what the cameras see has a place to go."""
        self.access.start()  # reads are looked up: the quotas of the registries go on where they stood
        self.health.expect("record", STAGE_DEADLINE_S)
        self.recorder.start()

    def open_doors(self, latest_frame: LatestFrame) -> None:
        """Start what others see: the broker's client and the API.

        Raises:
            ConfigError: The API's address cannot be listened on.
        """
        self._latest_frame = latest_frame
        if self.publisher is not None:
            self.health.expect("publish", STAGE_DEADLINE_S)
            self.publisher.start()
        if self.settings.web.enabled:
            self._open_web()

    def _open_web(self) -> None:
        web = self.settings.web
        ports = ApiPorts(
            access=self.access,
            gate=self.gate,
            vehicles=self.vehicles,
            reads=Reads(self.settings.data_dir),
            encode=self.encode,
            cameras=CameraViews(self.health, self._latest_frame),
            health=self.health_views,
            registry=self.metrics.registry,
        )
        try:
            self.web = ApiServer(ports, web)
        except OSError as error:
            raise ConfigError(f"web.listen = {web.listen}: cannot be listened on ({error.strerror})") from error
        self.web.start()

    def _publisher_parts(self) -> PublisherParts:
        return PublisherParts(
            settings=self.settings.mqtt,
            device=self.settings.device,
            outbox=StoredOutbox(self.settings.data_dir, self.recorder.acknowledge),
            cameras=lambda: [
                CameraStatus(camera.camera_id, camera.name, camera.state.value, camera.detail)
                for camera in self.health.cameras()
            ],
            health=self._figures,
            requests={"reload": self._ask_reload, "health": lambda _: self._figures(), "read_now": self._read_now},
            beat=lambda: self.health.beat("publish"),
        )

    def stop(self, timeout_s: float) -> bool:
        """Stop in reverse order; returns whether everything recorded got to the disk."""
        until_s = time.monotonic() + timeout_s
        if self.web is not None:
            self.web.close(timeout_s / 4)
        # The publisher sends the last reads, and the record notes what the broker has of them.
        self.recorder.flush(max(until_s - time.monotonic() - 2 * FAREWELL_S, 1.0))
        if self.publisher is not None:
            self.publisher.stop(FAREWELL_S)
        drained = self.recorder.stop(max(until_s - time.monotonic(), 1.0))
        self.vehicles.close()
        self.access.close()
        return drained

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
        told: dict[str, Any] = {"record": record}
        told["outbox"] = {"messages": state.outbox_messages, "dropped": state.outbox_dropped}
        if self.publisher is not None:
            broker = self.publisher.state()
            told["broker"] = {
                "connected": broker.connected,
                "detail": broker.detail,
                "acknowledged": broker.acknowledged,
                "in_flight": broker.in_flight,
            }
        return told

    def _figures(self) -> Mapping[str, object]:
        """What is retained on the broker: no plates."""
        cameras, state = self.health.cameras(), self.recorder.state()
        reads, unread = sum(camera.reads for camera in cameras), sum(camera.unread for camera in cameras)
        return {
            "uptime_s": round(time.monotonic() - self.health.started_s),
            "temperature_c": temperature_c(),
            "read_rate": round(reads / (reads + unread), 4) if reads + unread else None,
            "queue": state.waiting,
            "outbox": state.outbox_messages,
            "outbox_dropped": state.outbox_dropped,
            "reads": reads,
            "unread": unread,
            "free_bytes": state.free_bytes,
            "clock_synced": self.clock.synced(),
            "faults": list(self.health_views.faults()),
        }

    def _ask_reload(self, _: Mapping[str, object]) -> object:
        self.reload()
        return {"reload": "asked"}

    def _read_now(self, request: Mapping[str, object]) -> object:
        """Recognise the newest frame of one camera, or of all; the answer is not retained, so it may hold plates."""
        known = [camera.camera_id for camera in self.health.cameras()]
        wanted = request.get("camera")
        if wanted is not None and wanted not in known:
            raise NprEdgeError(f"camera {wanted!r} is unknown; known are {', '.join(known) or 'none'}")
        answer = {}
        for camera_id in known if wanted is None else [str(wanted)]:
            frame = self._latest_frame(camera_id)
            results = self.gate.cameras.recognise(frame.image).results if frame is not None else ()
            answer[camera_id] = [
                {"plate": r.plate.printed, "region": r.plate.region, "confidence": round(r.plate.confidence, 6)}
                for r in results
            ]
        return answer

    def _record_fault(self) -> str | None:
        state = self.recorder.state()
        return f"record: {state.fault.value}" if state.fault is not StoreFault.NONE else None

    def _broker_fault(self) -> str | None:
        if self.publisher is None or self.publisher.state().connected:
            return None
        return "broker: not connected"


def build_services(
    settings: Settings, recogniser: Recogniser, health: Health, metrics: Metrics, reload: Callable[[], None]
) -> Services:
    """Build the parts; nothing is started yet.

    Raises:
        ConfigError: The key file of a vehicle registry cannot be read.
        StoreError: The vehicle table or the database of keys and limits cannot be opened.
    """
    clock = SystemClock()
    encode = Encoder(settings.device.id)
    parts = StoreParts(
        data_dir=settings.data_dir,
        clock=clock,
        encode=encode if settings.mqtt.enabled else None,
        record=settings.record,
        retention=settings.retention,
        outbox=settings.mqtt.outbox,
    )
    recorder = Recorder(parts, lambda: health.beat("record"))
    gate = RecogniseGate(recogniser, turns=settings.recognise.workers, queue=settings.recognise.queue)
    access = open_access(settings.data_dir, clock, settings.web.auth_failures)
    vehicles = open_directory(settings.data_dir, settings.vehicles, clock, access.quotas, metrics.vehicle_asked)
    return Services(settings, health, metrics, clock, recorder, gate, encode, reload, vehicles, access)
