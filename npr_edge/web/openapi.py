"""The OpenAPI 3.1 document at ``/api/v1/openapi.json``; schemathesis runs against the live server from it."""

from __future__ import annotations

from functools import cache
from typing import Any

from npr_edge import __version__
from npr_edge.web.schemas import MAX_UNIX_TIME_S, SCHEMAS, Schema

_LIMIT_HEADERS = {
    "X-RateLimit-Limit": "Maximum requests per window.",
    "X-RateLimit-Remaining": "Requests remaining in the current window.",
    "X-RateLimit-Reset": "Unix timestamp when the window resets.",
}
_ERRORS = {
    "400": "The request or the image is invalid.",
    "401": "The API key is missing, malformed, expired, revoked, or not allowed this.",
    "404": "There is no such thing.",
    "413": "The file or the request is too large.",
    "422": "No plate was found in the image.",
    "429": "The key's window is full, or the address failed to authenticate too often.",
    "500": "An unexpected error, with the id under which the device's log has it.",
    "503": "The device is busy or lacks what this needs.",
}
_UNIX_OR_ISO: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": MAX_UNIX_TIME_S},
        {"type": "string", "format": "date-time"},
    ]
}
_FILE: Schema = {
    # No type: that is how OpenAPI 3.1 writes bytes. As a "string" any text would be one, and none could be wrong.
    "contentMediaType": "application/octet-stream",
    "description": "JPEG, PNG or WebP by its content; at most 10 MB, at least 320 x 240 pixels.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "npr-edge",
            "version": __version__,
            "description": "Number plate recognition on the device. Every answer is JSON with `success`, pictures and "
            "exports apart; every answer to an authenticated request carries the three X-RateLimit headers.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": {
            "/recognise": {"post": _recognise()},
            "/batch": {"post": _batch()},
            "/reads": {"get": _reads()},
            "/reads/export": {"get": _export()},
            "/reads/{event_id}": {"get": _read()},
            "/reads/{event_id}/crop": {"get": _crop()},
            "/vehicles/{plate}": {"get": _vehicle()},
            "/cameras": {"get": _cameras()},
            "/cameras/{camera_id}/snapshot": {"get": _snapshot()},
            "/usage": {"get": _usage()},
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "npr_..."}},
            "schemas": SCHEMAS,
        },
    }


def _operation(name: str, summary: str, good: Schema, errors: str, **more: Any) -> Schema:
    """An operation; ``errors`` are the statuses it has besides those that every one has."""
    statuses = sorted({*errors.split(), "401", "429", "500", "503"})
    return {
        "operationId": name,
        "summary": summary,
        **more,
        "responses": {"200": good | {"headers": _headers()}} | {status: _error(status) for status in statuses},
    }


def _recognise() -> Schema:
    form = {"type": "object", "properties": {"upload": _FILE}, "required": ["upload"]}
    return _operation(
        "recognise",
        "Read the plates of one image",
        _json("Plates, best confidence first.", "Recognition"),
        "400 413 422",
        requestBody=_multipart(form),
    )


def _batch() -> Schema:
    images: Schema = {"type": "array", "items": _FILE, "minItems": 1}
    form = {"type": "object", "properties": {"images[]": images}, "required": ["images[]"]}
    return _operation(
        "batch",
        "Read the plates of several images; each spends one request of the window, which takes all or none",
        _json("An entry per image, in the order sent.", "Batch"),
        "400 413",
        requestBody=_multipart(form),
    )


def _filters() -> list[Schema]:
    name = {"type": "string", "pattern": "^[A-Za-z0-9 ._*-]{1,64}$"}
    pattern = {"type": "string", "pattern": "^[A-Za-z0-9*? -]{1,32}$"}
    match = {"type": "string", "enum": ["exact", "wildcard", "fuzzy"], "default": "exact"}
    return [
        _query("since", _UNIX_OR_ISO, "First seen at or after: Unix seconds or ISO 8601."),
        _query("until", _UNIX_OR_ISO, "First seen before: Unix seconds or ISO 8601."),
        _query("camera", name, "Id of the camera."),
        _query("plate", pattern, "Plate or pattern; spaces and case do not matter."),
        _query("match", match, "wildcard: * any characters, ? one. fuzzy: one character more, less or other."),
        _query("list", name, "Name of a list the plate stands on; * for any."),
    ]


def _reads() -> Schema:
    cursor = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
    order = {"type": "string", "enum": ["newest", "oldest"], "default": "newest"}
    paging = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}, "Reads per page."),
        _query("cursor", cursor, "next_cursor of the page before."),
        _query("order", order, "Order of recording."),
    ]
    return _operation(
        "reads",
        "Stored reads, a page at a time",
        _json("A page.", "ReadPage"),
        "400",
        parameters=[*_filters(), *paging],
    )


def _export() -> Schema:
    form = {"type": "string", "enum": ["jsonl", "csv"], "default": "jsonl"}
    content = {name: {"schema": {"type": "string"}} for name in ("application/x-ndjson", "text/csv")}
    return _operation(
        "exportReads",
        "All stored reads, oldest first, as they come",
        {"description": "A line per read.", "content": content},
        "400",
        parameters=[*_filters(), _query("format", form, "JSON lines or CSV with a header.")],
    )


def _read() -> Schema:
    return _operation(
        "read", "One read", _json("The read.", "OneRead"), "404", parameters=[_path("event_id", "Id of the read.")]
    )


def _crop() -> Schema:
    return _operation(
        "crop", "The picture of a read", _jpeg(), "404", parameters=[_path("event_id", "Id of the read.")]
    )


def _vehicle() -> Schema:
    plate = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9 -]{0,15}$"}
    region = {"type": "string", "pattern": "^[a-z]{2}(-[a-z0-9]{1,3})?$"}
    return _operation(
        "vehicle",
        "What is known of the vehicle with this plate",
        _json("The vehicle.", "OneVehicle"),
        "400 404",
        parameters=[
            _path("plate", "Plate, with or without spaces.", plate),
            _query("region", region, "Region of the plate, for registries of one country."),
        ],
    )


def _cameras() -> Schema:
    return _operation("cameras", "The cameras and how they fare", _json("All cameras.", "Cameras"), "")


def _snapshot() -> Schema:
    return _operation(
        "snapshot", "The newest picture", _jpeg(), "404", parameters=[_path("camera_id", "Id of the camera.")]
    )


def _usage() -> Schema:
    return _operation("usage", "What this key used each day", _json("Usage.", "Usage"), "")


def _multipart(form: Schema) -> Schema:
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


def _json(text: str, schema: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": text, "content": content}


def _jpeg() -> Schema:
    return {"description": "A JPEG.", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}


def _headers() -> Schema:
    whole: Schema = {"type": "integer", "minimum": 0}
    return {name: {"description": text, "required": True, "schema": whole} for name, text in _LIMIT_HEADERS.items()}


def _error(status: str) -> Schema:
    headers = _headers() if status not in ("401", "429") else {}
    if status in ("429", "503"):
        wait: Schema = {"type": "integer", "minimum": 1}
        headers |= {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": wait}}
    return _json(_ERRORS[status], "Error") | {"headers": headers}


def _query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _path(name: str, text: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema or {"type": "string"}}
