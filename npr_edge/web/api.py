"""Recognition, vehicles and usage: ``/api/v1/recognise``, ``/batch``, ``/vehicles``, ``/usage``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Response, g, request

from npr_edge.access import Access
from npr_edge.ports import VehicleLookup
from npr_edge.web.contract import vehicle_entry
from npr_edge.web.door import current_key, needs, open_to_all, spend
from npr_edge.web.openapi import document
from npr_edge.web.problems import ApiProblemError, answer, unavailable
from npr_edge.web.recognition import RecognitionService
from npr_edge.web.uploads import files_of

_PLATE_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,15}")
_REGION_FORM = re.compile(r"[a-z]{2}(-[a-z0-9]{1,3})?")


def client_gone() -> Callable[[], bool]:
    """Tells whether the client of the current request has left; False for ever where the server cannot tell."""
    told: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    return told


def recognition_routes(service: RecognitionService, max_batch: int) -> Blueprint:
    """``/recognise`` and ``/batch``."""
    routes = Blueprint("recognition", __name__)

    @routes.post("/recognise")
    @needs("recognise")
    def recognise() -> Response:
        upload = files_of(request, ("upload",), 1)[0]
        g.images = 1
        return answer(service.body(upload, client_gone()))

    @routes.post("/batch")
    @needs("recognise", own_cost=True)
    def batch() -> Response:
        try:
            uploads = files_of(request, ("images[]", "images"), max_batch)
        except ApiProblemError:
            spend(1)  # an empty or malformed batch is a request too
            raise
        spend(len(uploads))
        g.images = len(uploads)
        return answer({"success": True, "results": service.bodies(uploads, client_gone())})

    return routes


def vehicle_routes(vehicles: VehicleLookup | None) -> Blueprint:
    """``/vehicles/{plate}``."""
    routes = Blueprint("vehicles", __name__)

    @routes.get("/vehicles/<plate>")
    @needs("vehicles")
    def vehicle(plate: str) -> Response:
        region = request.args.get("region")
        if not _PLATE_FORM.fullmatch(plate):
            raise ApiProblemError("INVALID_REQUEST", "A plate has 1 to 16 letters and digits, spaces or dashes.")
        if set(request.args) - {"region"} or (region is not None and not _REGION_FORM.fullmatch(region)):
            raise ApiProblemError("INVALID_REQUEST", "The only parameter is region, a code such as gb or us-ny.")
        if vehicles is None:
            raise unavailable("No source of vehicle data is set up on this device.")
        found = vehicle_entry(vehicles.lookup(re.sub("[ -]", "", plate).upper(), region))
        if found is None:
            raise ApiProblemError("NOT_FOUND", "Nothing is known of this vehicle.")
        return answer({"success": True, "vehicle": found})

    return routes


def usage_routes(access: Access) -> Blueprint:
    """``/usage`` and the API's own description."""
    routes = Blueprint("usage", __name__)

    @routes.get("/usage")
    @needs(None)
    def usage() -> Response:
        key = current_key()
        days = [
            {"day": day.day, "requests": day.requests, "images": day.images, "refused": day.refused}
            for day in access.usage.of(key.id)
        ]
        expires = (
            None if key.expires_s is None else datetime.fromtimestamp(key.expires_s, UTC).isoformat("T", "seconds")
        )
        about = {"name": key.name, "scopes": list(key.scopes), "limits": key.limits, "expires": expires}
        return answer({"success": True, "key": about, "days": days})

    @routes.get("/openapi.json")
    @open_to_all
    def openapi() -> Response:
        return answer(document(), status=200)

    return routes
