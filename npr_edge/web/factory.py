"""Builds the Flask application from the parts it is given."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask
from prometheus_client import CollectorRegistry

from npr_edge.access import Access
from npr_edge.ports import CamerasView, HealthView, MessageEncoder, ReadsQuery, VehicleLookup
from npr_edge.settings import WebSettings
from npr_edge.web import door, problems
from npr_edge.web.api import recognition_routes, usage_routes, vehicle_routes
from npr_edge.web.cameras import camera_routes
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.observe import count_requests, observer_routes
from npr_edge.web.plate_reader import plate_reader_routes
from npr_edge.web.reads import read_routes
from npr_edge.web.recognition import RecognitionService
from npr_edge.web.uploads import UploadRequest

BASE = "/api/v1"


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """What the API is built on; what is None is answered as not there.

    Attributes:
        access: Keys, limits, usage.
        gate: The recogniser that cameras and requests share; None without models.
        vehicles: Vehicle data.
        reads: The stored reads; ``encode`` makes their JSON, the same as on MQTT.
        cameras: What the cameras are doing.
        health: Whether the device is well.
        registry: Where the API counts, and what ``/metrics`` shows.
    """

    access: Access
    gate: RecogniseGate | None = None
    vehicles: VehicleLookup | None = None
    reads: ReadsQuery | None = None
    encode: MessageEncoder | None = None
    cameras: CamerasView | None = None
    health: HealthView | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)


def create_app(ports: ApiPorts, settings: WebSettings | None = None) -> Flask:
    """The WSGI application with every route."""
    settings = settings or WebSettings()
    app = Flask("npr_edge.web", static_folder=None, template_folder=None)
    app.request_class = UploadRequest
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    app.extensions["npr_edge_access"] = ports.access
    service = RecognitionService(ports.gate, ports.vehicles)
    count_requests(app, ports.registry, ports.gate)
    problems.register(app)
    door.register(app, ports.access)
    for routes in (
        recognition_routes(service, settings.max_batch),
        vehicle_routes(ports.vehicles),
        usage_routes(ports.access),
        read_routes(ports.reads, ports.encode),
        camera_routes(ports.cameras),
    ):
        app.register_blueprint(routes, url_prefix=BASE)
    app.register_blueprint(observer_routes(ports.access, ports.registry, ports.health, settings.observers))
    if settings.plate_reader:
        app.register_blueprint(plate_reader_routes(service))
    return app
