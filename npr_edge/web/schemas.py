"""JSON Schemas of every body that the API answers, for the OpenAPI document; tests hold answers against them."""

from __future__ import annotations

from typing import Any

from npr_edge.web.contract import STATUS

Schema = dict[str, Any]


def _object(properties: Schema, *, optional: tuple[str, ...] = (), more: bool = False) -> Schema:
    """An object whose properties are all required but the optional ones."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": more,
    }


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


MAX_UNIX_TIME_S = 99_999_999_999
"""Largest Unix time that a filter takes, in the year 5138."""

CONFIDENCE = {"type": "number", "minimum": 0, "maximum": 1}
PIXEL = {"type": "integer", "minimum": 0}
COUNT = {"type": "integer", "minimum": 0}
REGION = {
    "description": "ISO 3166-1 alpha-2 in lower case, with a state where it is known (us-ny); null where unknown.",
    "type": ["string", "null"],
    "pattern": "^[a-z]{2}(-[a-z0-9]{1,3})?$",
}

SCHEMAS: Schema = {
    "BoundingBox": _object(
        {"x": PIXEL, "y": PIXEL, "width": {**PIXEL, "minimum": 1}, "height": {**PIXEL, "minimum": 1}}
    )
    | {"description": "Whole pixels of the upright image, clipped to it."},
    "Vehicle": _object(
        {
            "make": {"type": "string"},
            "model": {"type": "string"},
            "colour": {"type": "string"},
            "year": {"type": "integer", "description": "Year of registration."},
            "fuel_type": {"type": "string"},
            "source": {"type": "string", "enum": ["local", "dvla", "rdw"]},
        },
        optional=("make", "model", "colour", "year", "fuel_type", "source"),
        more=True,
    ),
    "Result": _object(
        {
            "plate": {"type": "string", "description": "Spaced as the region prints it."},
            "confidence": CONFIDENCE | {"description": "Calibrated chance that the whole text is right."},
            "region": REGION,
            "bounding_box": _ref("BoundingBox"),
            "vehicle": _nullable(_ref("Vehicle")),
            "quad": {
                "description": "Corners TL TR BR BL as x, y in pixels of the upright image.",
                "type": "array",
                "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                "minItems": 4,
                "maxItems": 4,
            },
            "candidates": {
                "description": "Most likely texts without spaces, best first.",
                "type": "array",
                "items": _object({"plate": {"type": "string"}, "confidence": CONFIDENCE}),
            },
        },
        optional=("quad", "candidates"),
    ),
    "Recognition": _object(
        {
            "success": {"const": True},
            "results": {"type": "array", "items": _ref("Result"), "minItems": 1},
            "processing_ms": _object({name: {"type": "number"} for name in ("decode", "detect", "read")}),
        },
        optional=("processing_ms",),
    ),
    "Error": _object(
        {
            "success": {"const": False},
            "error": _object(
                {
                    "code": {"type": "string", "enum": list(STATUS)},
                    "message": {"type": "string"},
                    "id": {"type": "string", "description": "Of INTERNAL_ERROR: under it the device's log has more."},
                },
                optional=("id",),
            ),
        }
    ),
    "Batch": _object(
        {
            "success": {"const": True},
            "results": {
                "description": "An entry per image in the order sent: what the single call would have answered.",
                "type": "array",
                "items": {"anyOf": [_ref("Recognition"), _ref("Error")]},
                "minItems": 1,
            },
        }
    ),
    "Read": _object(
        {
            "event_id": {"type": "string", "format": "uuid"},
            "camera": {"type": "string"},
            "plate": {"type": "string"},
            "region": REGION,
            "confidence": CONFIDENCE,
            "vehicle": _nullable(_ref("Vehicle")),
        },
        more=True,
    )
    | {"description": "A read as its MQTT message tells it; docs/mqtt.md has every field."},
    "ReadPage": _object(
        {
            "success": {"const": True},
            "reads": {"type": "array", "items": _ref("Read")},
            "next_cursor": {"type": ["string", "null"], "description": "For the next page; null on the last."},
        }
    ),
    "OneRead": _object({"success": {"const": True}, "read": _ref("Read")}),
    "OneVehicle": _object({"success": {"const": True}, "vehicle": _ref("Vehicle")}),
    "Cameras": _object(
        {
            "success": {"const": True},
            "cameras": {
                "type": "array",
                "items": _object(
                    {
                        "id": {"type": "string"},
                        "state": {"type": "string"},
                        "fps": {"type": "number", "minimum": 0},
                        "frames": COUNT,
                        "dropped": COUNT,
                        "frame_age_s": {"type": ["number", "null"]},
                    }
                ),
            },
        }
    ),
    "Usage": _object(
        {
            "success": {"const": True},
            "key": _object(
                {
                    "name": {"type": "string"},
                    "scopes": {"type": "array", "items": {"type": "string"}},
                    "limits": {"type": "string"},
                    "expires": {"type": ["string", "null"], "format": "date-time"},
                }
            ),
            "days": {
                "description": "Days (UTC) with any use, newest first.",
                "type": "array",
                "items": _object(
                    {
                        "day": {"type": "string", "format": "date"},
                        "requests": COUNT,
                        "images": COUNT,
                        "refused": COUNT,
                    }
                ),
            },
        }
    ),
    "Health": _object(
        {
            "success": {"type": "boolean"},
            "status": {"type": "string", "enum": ["ok", "faulty"]},
            "faults": {"type": "array", "items": {"type": "string"}},
        }
    ),
}
"""Component schemas by name."""
