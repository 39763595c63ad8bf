"""Reads, health and answers as JSON; pure. ``docs/mqtt-read.schema.json`` describes what a read looks like.

Within one ``schema`` number fields may be added, never renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from npr_edge.domain import MessageKind, StoredRead, Vehicle
from npr_edge.geometry import Quad
from npr_edge.publish.topics import CameraStatus

SCHEMA = 1


def read_fields(read: StoredRead, device_id: str, kind: MessageKind = MessageKind.READ) -> dict[str, object]:
    """Everything a message says about a read."""
    box = read.quad.hull()
    return {
        "schema": SCHEMA,
        "event_type": kind.value,
        "event_id": read.event_id,
        "device": device_id,
        "camera": read.camera_id,
        "plate": read.printed,
        "text": read.text,
        "region": read.region,
        "confidence": round(read.confidence, 6),
        "first_seen": utc(read.first_seen_s),
        "last_seen": utc(read.last_seen_s),
        "clock_synced": read.clock_synced,
        "dwell_s": round(read.dwell_s, 3),
        "votes": {"agreeing": read.votes_agreeing, "total": read.votes_total},
        "direction": read.direction.value,
        "line_crossed": read.line_crossed,
        "list_match": read.list_match,
        "bounding_box": {
            "x": round(box.x),
            "y": round(box.y),
            "width": round(box.width),
            "height": round(box.height),
        },
        "quad": _corners(read.quad),
        "score": round(read.score, 4),
        "first_frame": read.first_frame,
        "last_frame": read.last_frame,
        "has_crop": read.crop is not None,
        "vehicle": _vehicle(read.vehicle),
    }


@dataclass(frozen=True, slots=True)
class Encoder:
    """Makes the JSON of messages (``ports.MessageEncoder``).

    Attributes:
        device_id: Named in every message.
    """

    device_id: str

    def __call__(self, read: StoredRead, kind: MessageKind) -> str:
        """The payload as it will be sent, byte for byte."""
        return compact_json(read_fields(read, self.device_id, kind))


def health_payload(device_id: str, figures: Mapping[str, object]) -> str:
    """How the device fares. The figures hold no plate: the message is retained."""
    return compact_json({"schema": SCHEMA, "device": device_id, **figures})


def camera_payload(status: CameraStatus) -> str:
    """How a camera fares."""
    return compact_json({"schema": SCHEMA, **asdict(status)})


def response_payload(transaction: object, data: object = None, error: str | None = None) -> str:
    """The answer to a request; ``transaction`` is what the request gave, None where it gave none."""
    status = "ok" if error is None else "error"
    return compact_json({"status": status, "data": data, "error": error, "transaction": transaction})


def compact_json(value: object) -> str:
    """JSON without spaces, in plain characters where possible."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def utc(unix_s: float) -> str:
    """A Unix time as ``2026-11-24T00:01:12.345Z``."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _corners(quad: Quad) -> list[list[float]]:
    return [[round(x, 1), round(y, 1)] for x, y in (quad.top_left, quad.top_right, quad.bottom_right, quad.bottom_left)]


def _vehicle(vehicle: Vehicle | None) -> dict[str, object] | None:
    if vehicle is None:
        return None
    return {key: value for key, value in asdict(vehicle).items() if value is not None}
