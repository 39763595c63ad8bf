"""The description for Home Assistant."""

from __future__ import annotations

import json
import re
from typing import Any

from npr_edge.publish import CameraStatus, Topics
from npr_edge.publish.homeassistant import DeviceCard, discovery, discovery_topic

CARD = DeviceCard(Topics("Gate-1"), "Main gate", "1.2.3")
CAMERAS = (CameraStatus("entry", "Entry", "running"), CameraStatus("exit_2", "Exit", "failed"))


def described(*, crop: bool = True) -> dict[str, Any]:
    return json.loads(json.dumps(discovery(CARD, CAMERAS, crop=crop)))  # type: ignore[no-any-return]


def test_the_device_and_its_origin_are_named() -> None:
    description = described()
    assert description["dev"] == {
        "ids": ["npr-edge_Gate-1"],
        "name": "Main gate",
        "mf": "npr-edge",
        "mdl": "Number-plate reader",
        "sw": "1.2.3",
    }
    assert description["o"]["name"] == "npr-edge"
    assert description["availability"] == [{"topic": "npr-edge/Gate-1/status"}]
    assert discovery_topic("homeassistant", CARD) == "homeassistant/device/npr-edge_Gate-1/config"


def test_every_entity_is_identified_and_of_a_known_kind() -> None:
    entities = described()["cmps"]
    kinds = {key: entity["p"] for key, entity in entities.items()}
    assert kinds == {
        "last_plate": "sensor",
        "read": "event",
        "known_vehicle": "binary_sensor",
        "read_now": "button",
        "temperature": "sensor",
        "read_rate": "sensor",
        "queue": "sensor",
        "last_crop": "image",
        "camera_entry": "binary_sensor",
        "camera_exit_2": "binary_sensor",
    }
    for key, entity in entities.items():
        assert re.fullmatch("[a-zA-Z0-9_-]+", entity["unique_id"])
        assert re.fullmatch(rf"{entity['p']}\.npr_edge_gate_1_[a-z0-9_]+", entity["default_entity_id"])
        assert entity["name"]
        assert "object_id" not in entity, key
    assert len({entity["unique_id"] for entity in entities.values()}) == len(entities)


def test_entities_listen_where_messages_are_sent() -> None:
    entities = described()["cmps"]
    assert entities["read"]["state_topic"] == "npr-edge/Gate-1/read"
    assert entities["read"]["event_types"] == ["read"]
    assert entities["known_vehicle"]["off_dly"] > 0
    assert entities["camera_entry"]["state_topic"] == "npr-edge/Gate-1/camera/entry/status"
    assert entities["read_now"]["command_topic"] == "npr-edge/Gate-1/request/read_now"
    assert entities["last_crop"]["image_topic"] == "npr-edge/Gate-1/crop"
    assert {entities[key]["entity_category"] for key in ("temperature", "read_rate", "queue")} == {"diagnostic"}


def test_without_crops_there_is_no_picture() -> None:
    assert "last_crop" not in described(crop=False)["cmps"]
