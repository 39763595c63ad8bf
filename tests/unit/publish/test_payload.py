"""What messages say, held against the published schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from npr_edge.domain import MessageKind, StoredRead, Vehicle
from npr_edge.publish import CameraStatus, Encoder, Topics, read_fields
from npr_edge.publish.payload import camera_payload, health_payload, response_payload, utc
from npr_edge.record.rows import stored_read
from tests.support.sightings import read_sighting

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "mqtt-read.schema.json").read_text(encoding="utf-8"))


def read(**changes: object) -> StoredRead:
    stored = stored_read(read_sighting(7), boot_id="b", list_match=None, vehicle=None, crop=None)
    return replace(stored, **changes)  # type: ignore[arg-type]


def test_a_message_says_everything_about_a_read() -> None:
    vehicle = Vehicle(source="dvla", make="BMW", colour="BLACK", year=2021)
    fields = read_fields(read(list_match="staff", crop="2027/01/15/x.jpg", vehicle=vehicle), "gate-1")
    assert fields == {
        "schema": 1,
        "event_type": "read",
        "event_id": "00000000-0007-7000-8000-000000000007",
        "device": "gate-1",
        "camera": "gate",
        "plate": "AB12 CDE",
        "text": "AB12CDE",
        "region": "gb",
        "confidence": 0.97,
        "first_seen": "2027-01-15T08:16:38.500Z",
        "last_seen": "2027-01-15T08:16:40.000Z",
        "clock_synced": True,
        "dwell_s": 1.5,
        "votes": {"agreeing": 3, "total": 4},
        "direction": "approaching",
        "line_crossed": False,
        "list_match": "staff",
        "bounding_box": {"x": 100, "y": 50, "width": 110, "height": 24},
        "quad": [[100, 50], [210, 50], [210, 74], [100, 74]],
        "score": 0.9,
        "first_frame": 70,
        "last_frame": 76,
        "has_crop": True,
        "vehicle": {"source": "dvla", "make": "BMW", "colour": "BLACK", "year": 2021},
    }


@pytest.mark.parametrize("kind", list(MessageKind))
@pytest.mark.parametrize(
    "changes",
    [{}, {"region": None, "list_match": "a"}, {"vehicle": Vehicle(source="rdw")}, {"first_seen_s": 0.0}],
    ids=["plain", "unknown region", "vehicle", "1970"],
)
def test_messages_follow_the_published_schema(kind: MessageKind, changes: dict[str, object]) -> None:
    payload = Encoder("gate-1")(read(**changes), kind)
    parsed = json.loads(payload)
    jsonschema.validate(parsed, SCHEMA)
    assert parsed["event_type"] == kind.value


def test_the_schema_names_every_field_and_no_other() -> None:
    fields = set(read_fields(read(), "gate-1"))
    assert fields == set(SCHEMA["required"]) == set(SCHEMA["properties"])


def test_the_same_read_makes_the_same_bytes() -> None:
    assert Encoder("gate-1")(read(), MessageKind.READ) == Encoder("gate-1")(read(), MessageKind.READ)


def test_other_payloads_carry_their_schema_version() -> None:
    status = CameraStatus("gate", "Gate", "failed", "no route to host")
    assert json.loads(camera_payload(status)) == {
        "schema": 1,
        "camera_id": "gate",
        "name": "Gate",
        "state": "failed",
        "detail": "no route to host",
    }
    assert json.loads(health_payload("gate-1", {"queue": 3})) == {"schema": 1, "device": "gate-1", "queue": 3}


def test_answers_repeat_the_transaction() -> None:
    assert json.loads(response_payload("t-1", data={"a": 1})) == {
        "status": "ok",
        "data": {"a": 1},
        "error": None,
        "transaction": "t-1",
    }
    assert json.loads(response_payload(None, error="no")) == {
        "status": "error",
        "data": None,
        "error": "no",
        "transaction": None,
    }


def test_times_are_utc_with_milliseconds() -> None:
    assert utc(0.0005) == "1970-01-01T00:00:00.000Z"
    assert utc(1_800_000_000.25) == "2027-01-15T08:00:00.250Z"


def test_topics_stand_below_the_device() -> None:
    topics = Topics("gate-1")
    assert topics.message(MessageKind.READ) == "npr-edge/gate-1/read"
    assert topics.camera("entry") == "npr-edge/gate-1/camera/entry/status"
    assert topics.request_name("npr-edge/gate-1/request/read_now") == "read_now"
    assert topics.request_name("npr-edge/gate-2/request/read_now") is None
