"""A door for clients of Plate Recognizer: ``POST /v1/plate-reader/`` with its header, status and JSON shape."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime

from flask import Blueprint, Response, g, request

from npr_edge.domain import PlateResult
from npr_edge.errors import ImageError
from npr_edge.web.api import client_gone
from npr_edge.web.contract import STATUS, Body, bounding_box, readable
from npr_edge.web.door import needs
from npr_edge.web.problems import ApiProblemError, answer
from npr_edge.web.recognition import Recognised, RecognitionService
from npr_edge.web.uploads import files_of

_STATUS_THERE = {"INVALID_API_KEY": 403}
"""Where Plate Recognizer answers another status than our contract."""

_MAX_ECHO = 100


def plate_reader_routes(service: RecognitionService) -> Blueprint:
    """The one route, with and without the slash at its end."""
    routes = Blueprint("plate_reader", __name__)

    @routes.post("/v1/plate-reader/", strict_slashes=False)
    @needs("recognise", scheme="token")
    def plate_reader() -> Response:
        upload = files_of(request, ("upload",), 1)[0]
        g.images = 1
        try:
            recognised = service.recognise(upload, client_gone())
        except ImageError as error:
            raise ApiProblemError(error.code, str(error)) from error
        suffix = mimetypes.guess_extension(upload.mimetype or "") or ".jpg"
        return answer(_body(recognised, f"upload{suffix}"), status=201)

    @routes.errorhandler(ApiProblemError)
    def problem(error: ApiProblemError) -> Response:
        status = _STATUS_THERE.get(error.code, STATUS[error.code])
        return answer({"detail": error.message, "status_code": status}, error.headers, status)

    return routes


def _body(recognised: Recognised, filename: str) -> Body:
    found = recognised.recognition
    timings = found.timings
    camera = request.form.get("camera_id")
    return {
        "processing_time": round(recognised.decode_ms + timings.detect_ms + timings.read_ms, 3),
        "results": [_result(result, found.width_px, found.height_px) for result in readable(found)],
        "filename": filename,
        "version": 1,
        "camera_id": None if camera is None else camera[:_MAX_ECHO],
        "timestamp": datetime.now(UTC).isoformat(),
    }


def _result(result: PlateResult, width_px: int, height_px: int) -> Body:
    box = bounding_box(result.detection.quad, width_px, height_px)
    plate = result.plate
    return {
        "box": {
            "xmin": box["x"],
            "ymin": box["y"],
            "xmax": box["x"] + box["width"],
            "ymax": box["y"] + box["height"],
        },
        "plate": plate.text.lower(),
        "region": {"code": plate.region or "", "score": round(plate.confidence if plate.region else 0.0, 3)},
        "score": round(plate.confidence, 3),
        "candidates": [
            {"score": round(candidate.confidence, 3), "plate": candidate.text.lower()}
            for candidate in plate.candidates
            if candidate.text
        ],
        "dscore": round(result.detection.score, 3),
        "vehicle": None,
    }
