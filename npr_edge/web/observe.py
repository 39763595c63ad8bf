"""``/healthz`` and ``/metrics``, and what the API itself counts."""

from __future__ import annotations

import ipaddress
import time
from typing import Literal

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from npr_edge.access import Access
from npr_edge.ports import HealthView
from npr_edge.web.door import enter_or_refuse, open_to_all
from npr_edge.web.gate import RecogniseGate
from npr_edge.web.problems import answer

_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def observer_routes(
    access: Access, registry: CollectorRegistry, health: HealthView | None, observers: Literal["loopback", "anyone"]
) -> Blueprint:
    """Routes for those who watch the device: without a key on loopback or for anyone, else with any key."""
    routes = Blueprint("observe", __name__)

    def admit() -> None:
        if observers == "loopback" and not _is_loopback(request.remote_addr):
            enter_or_refuse(access, None)

    @routes.get("/healthz")
    @open_to_all
    def healthz() -> Response:
        admit()
        faults = health.faults() if health is not None else ()
        return answer(
            {"success": not faults, "status": "faulty" if faults else "ok", "faults": list(faults)},
            status=503 if faults else 200,
        )

    @routes.get("/metrics")
    @open_to_all
    def metrics() -> Response:
        admit()
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def count_requests(app: Flask, registry: CollectorRegistry, gate: RecogniseGate | None) -> None:
    """Count requests by route and outcome, and time them; labels are route patterns, never paths."""
    requests = Counter("npr_edge_http_requests", "Requests answered.", ["route", "outcome"], registry=registry)
    seconds = Histogram(
        "npr_edge_http_request_seconds", "Time to answer a request.", ["route"], buckets=_BUCKETS_S, registry=registry
    )
    waiting = Gauge("npr_edge_http_waiting", "Requests waiting for recognition.", registry=registry)
    waiting.set_function(lambda: gate.waiting if gate is not None else 0)

    @app.before_request
    def begin() -> None:
        g.started_s = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule is not None else "other"
        requests.labels(route, str(response.status_code)).inc()
        seconds.labels(route).observe(time.perf_counter() - g.started_s)
        return response


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
