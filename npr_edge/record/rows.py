"""Sightings to rows and rows to reads; pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Protocol

from npr_edge.domain import Direction, Sighting, StoredRead, Vehicle
from npr_edge.geometry import Quad

Value = str | int | float | None


class NamedValues(Protocol):
    """Values by name: ``sqlite3.Row``, a dict."""

    def __getitem__(self, name: str, /) -> Any:
        """The value called ``name``."""
        ...


READ_COLUMNS = (
    "event_id", "camera", "plate", "plate_reversed", "printed", "region", "confidence", "votes_agreeing",
    "votes_total", "first_frame", "last_frame", "first_monotonic", "last_monotonic", "first_seen", "last_seen",
    "clock_synced", "boot", "direction", "line_crossed", "list_match", "quad", "score", "crop", "crop_bytes", "vehicle",
)  # fmt: skip
UNREAD_COLUMNS = (
    "event_id", "camera", "reason", "votes_total", "first_frame", "last_frame", "first_monotonic", "last_monotonic",
    "first_seen", "last_seen", "clock_synced", "boot",
)  # fmt: skip

INSERT_READ = f"INSERT INTO reads ({', '.join(READ_COLUMNS)}) VALUES ({', '.join('?' * len(READ_COLUMNS))})"
INSERT_UNREAD = f"INSERT INTO unread ({', '.join(UNREAD_COLUMNS)}) VALUES ({', '.join('?' * len(UNREAD_COLUMNS))})"
SELECT_READ = "SELECT reads.*, boots.boot_id FROM reads JOIN boots ON boots.id = reads.boot"


def stored_read(
    sighting: Sighting, *, boot_id: str, list_match: str | None, vehicle: Vehicle | None, crop: str | None
) -> StoredRead:
    """The read as it will be stored, before it has a place in the order of recording (``sequence`` 0)."""
    plate = sighting.plate
    if plate is None:
        raise ValueError(f"sighting {sighting.event_id} is unread; it belongs into the ledger")
    return StoredRead(
        sequence=0,
        event_id=sighting.event_id,
        camera_id=sighting.camera_id,
        text=plate.text,
        printed=plate.printed,
        region=plate.region,
        confidence=plate.confidence,
        votes_agreeing=sighting.votes_agreeing,
        votes_total=sighting.votes_total,
        first_frame=sighting.first_frame,
        last_frame=sighting.last_frame,
        first_monotonic_s=sighting.first_monotonic_s,
        last_monotonic_s=sighting.last_monotonic_s,
        first_seen_s=sighting.first_seen_s,
        last_seen_s=sighting.last_seen_s,
        clock_synced=sighting.clock_synced,
        boot_id=boot_id,
        direction=sighting.direction,
        line_crossed=sighting.line_crossed,
        list_match=list_match,
        quad=sighting.quad,
        score=sighting.score,
        crop=crop,
        vehicle=vehicle,
    )


def read_values(read: StoredRead, boot: int, crop_bytes: int) -> tuple[Value, ...]:
    """The values of ``READ_COLUMNS``."""
    return (
        read.event_id, read.camera_id, read.text, read.text[::-1], read.printed, read.region, read.confidence,
        read.votes_agreeing, read.votes_total, read.first_frame, read.last_frame, read.first_monotonic_s,
        read.last_monotonic_s, read.first_seen_s, read.last_seen_s, int(read.clock_synced), boot, read.direction.value,
        int(read.line_crossed), read.list_match, quad_text(read.quad), read.score, read.crop, crop_bytes,
        vehicle_text(read.vehicle),
    )  # fmt: skip


def unread_values(sighting: Sighting, boot: int) -> tuple[Value, ...]:
    """The values of ``UNREAD_COLUMNS``."""
    if sighting.reason is None:
        raise ValueError(f"sighting {sighting.event_id} has no plate and no reason; the tracker must give one")
    return (
        sighting.event_id, sighting.camera_id, sighting.reason.value, sighting.votes_total, sighting.first_frame,
        sighting.last_frame, sighting.first_monotonic_s, sighting.last_monotonic_s, sighting.first_seen_s,
        sighting.last_seen_s, int(sighting.clock_synced), boot,
    )  # fmt: skip


def read_from(row: NamedValues) -> StoredRead:
    """The read of a row of ``SELECT_READ``, anything that gives its values by name."""
    return StoredRead(
        sequence=row["id"],
        event_id=row["event_id"],
        camera_id=row["camera"],
        text=row["plate"],
        printed=row["printed"],
        region=row["region"],
        confidence=row["confidence"],
        votes_agreeing=row["votes_agreeing"],
        votes_total=row["votes_total"],
        first_frame=row["first_frame"],
        last_frame=row["last_frame"],
        first_monotonic_s=row["first_monotonic"],
        last_monotonic_s=row["last_monotonic"],
        first_seen_s=row["first_seen"],
        last_seen_s=row["last_seen"],
        clock_synced=bool(row["clock_synced"]),
        boot_id=row["boot_id"],
        direction=Direction(row["direction"]),
        line_crossed=bool(row["line_crossed"]),
        list_match=row["list_match"],
        quad=quad_from(row["quad"]),
        score=row["score"],
        crop=row["crop"],
        vehicle=vehicle_from(row["vehicle"]),
    )


def quad_text(quad: Quad) -> str:
    """Corners as JSON; a tenth of a pixel is finer than any detector."""
    corners = (quad.top_left, quad.top_right, quad.bottom_right, quad.bottom_left)
    return json.dumps([[round(x, 1), round(y, 1)] for x, y in corners], separators=(",", ":"))


def quad_from(text: str) -> Quad:
    """The quad of ``quad_text``."""
    corners = [(float(x), float(y)) for x, y in json.loads(text)]
    return Quad(*corners)


def vehicle_text(vehicle: Vehicle | None) -> str | None:
    """What is known of a vehicle as JSON, without what is not known."""
    if vehicle is None:
        return None
    known = {key: value for key, value in asdict(vehicle).items() if value is not None}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


def vehicle_from(text: str | None) -> Vehicle | None:
    """The vehicle of ``vehicle_text``."""
    return None if text is None else Vehicle(**json.loads(text))
