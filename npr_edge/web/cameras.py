"""Cameras as they are: ``/api/v1/cameras`` and their newest pictures."""

from __future__ import annotations

import dataclasses

from flask import Blueprint, Response

from npr_edge.domain import CameraReport
from npr_edge.ports import CamerasView
from npr_edge.web.contract import Body
from npr_edge.web.door import needs
from npr_edge.web.problems import ApiProblemError, answer


def camera_routes(cameras: CamerasView | None) -> Blueprint:
    """Routes over the cameras; without any the list is empty."""
    routes = Blueprint("cameras", __name__)

    @routes.get("/cameras")
    @needs("cameras")
    def all_cameras() -> Response:
        reports = cameras.reports() if cameras is not None else ()
        return answer({"success": True, "cameras": [_entry(report) for report in reports]})

    @routes.get("/cameras/<camera_id>/snapshot")
    @needs("cameras")
    def snapshot(camera_id: str) -> Response:
        picture = cameras.snapshot(camera_id) if cameras is not None else None
        if picture is None:
            raise ApiProblemError("NOT_FOUND", "There is no camera of this id, or no picture of it yet.")
        return Response(picture, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})

    return routes


def _entry(report: CameraReport) -> Body:
    entry = dataclasses.asdict(report)
    entry["id"] = entry.pop("camera_id")
    return entry
