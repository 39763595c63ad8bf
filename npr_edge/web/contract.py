"""The answers of the REST contract as plain values; pure, shared by the API and ``npr-edge recognise --jsonl``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from npr_edge.domain import PlateResult, Recognition, Vehicle
from npr_edge.geometry import Quad

Body = dict[str, Any]
"""A JSON object."""

STATUS = {
    "INVALID_REQUEST": 400,
    "INVALID_IMAGE": 400,
    "IMAGE_TOO_SMALL": 400,
    "INVALID_API_KEY": 401,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "IMAGE_TOO_LARGE": 413,
    "NO_PLATES_FOUND": 422,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
"""HTTP status of each error code, those of the hosted service and those it does not name."""

NO_PLATES = "No number plates were detected in the image."
MAX_CANDIDATES = 5

MIN_CONFIDENCE = 0.02
"""Below this chance of being right a text is a guess on something that is hardly a plate; it is not reported."""


def error_body(code: str, message: str, **extra: str) -> Body:
    """The body of an error; ``code`` is a key of ``STATUS``."""
    return {"success": False, "error": {"code": code, "message": message, **extra}}


def recognition_body(
    recognition: Recognition, *, decode_ms: float = 0.0, vehicles: Sequence[Vehicle | None] = ()
) -> Body:
    """What a recognised image is answered with, best confidence first; an error where no plate was read.

    Args:
        recognition: The plates of the image; one without a readable text counts as not there.
        decode_ms: Milliseconds that decoding took.
        vehicles: What is known of the vehicle of each of ``readable(recognition)``, in that order; shorter is fine.
    """
    plates = readable(recognition)
    if not plates:
        return error_body("NO_PLATES_FOUND", NO_PLATES)
    known = [*vehicles, *[None] * (len(plates) - len(vehicles))]
    size = recognition.width_px, recognition.height_px
    timings = recognition.timings
    spent = {"decode": decode_ms, "detect": timings.detect_ms, "read": timings.read_ms}
    return {
        "success": True,
        "results": [result_entry(plate, size, vehicle) for plate, vehicle in zip(plates, known, strict=True)],
        "processing_ms": {stage: round(milliseconds, 2) for stage, milliseconds in spent.items()},
    }


def readable(recognition: Recognition) -> list[PlateResult]:
    """The plates with at least one character and ``MIN_CONFIDENCE``, best confidence first."""
    sure = [result for result in recognition.results if result.plate.confidence >= MIN_CONFIDENCE]
    with_text = [result for result in sure if result.plate.text]
    return sorted(with_text, key=lambda result: result.plate.confidence, reverse=True)


def result_entry(result: PlateResult, size: tuple[int, int], vehicle: Vehicle | None = None) -> Body:
    """One element of ``results``.

    Args:
        result: The plate.
        size: Width and height of the upright image, pixels.
        vehicle: What is known of its vehicle.
    """
    plate = result.plate
    return {
        "plate": plate.printed,
        "confidence": round(plate.confidence, 6),
        "region": plate.region,
        "bounding_box": bounding_box(result.detection.quad, *size),
        "vehicle": vehicle_entry(vehicle),
        "quad": [[round(float(x), 2), round(float(y), 2)] for x, y in result.detection.quad.array()],
        "candidates": [
            {"plate": candidate.text, "confidence": round(candidate.confidence, 6)}
            for candidate in plate.candidates[:MAX_CANDIDATES]
            if candidate.text
        ],
    }


def bounding_box(quad: Quad, width_px: int, height_px: int) -> dict[str, int]:
    """The hull of the corners in whole pixels, inside the image and at least one pixel wide and high."""
    hull = quad.hull().clipped(width_px, height_px)
    left, top = min(math.floor(hull.x), width_px - 1), min(math.floor(hull.y), height_px - 1)
    width, height = max(math.ceil(hull.right) - left, 1), max(math.ceil(hull.bottom) - top, 1)
    return {"x": left, "y": top, "width": width, "height": height}


def vehicle_entry(vehicle: Vehicle | None) -> Body | None:
    """What is known of a vehicle, None where nothing is."""
    if vehicle is None:
        return None
    known = {name: value for name, value in dataclasses.asdict(vehicle).items() if value is not None}
    return known if known.keys() - {"source"} else None
