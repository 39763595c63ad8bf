"""Home Assistant's device discovery; pure.

One retained message describes the device and all its entities
(https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). It holds no plate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from npr_edge.domain import MessageKind
from npr_edge.publish.topics import OFFLINE, ONLINE, CameraStatus, Topics

KNOWN_FOR_S = 30
"""How long the entity "known vehicle" stays on after a read that stands on a list."""

READ_NOW = "read_now"


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """What Home Assistant is told of the device itself.

    Attributes:
        topics: Its topics.
        name: Name for people.
        version: Of npr-edge.
    """

    topics: Topics
    name: str
    version: str

    @property
    def node(self) -> str:
        """Id of the device among all devices of Home Assistant."""
        return f"npr-edge_{self.topics.device_id}"


def discovery_topic(prefix: str, card: DeviceCard) -> str:
    """Where the description goes."""
    return f"{prefix}/device/{card.node}/config"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says ``online`` when it has started."""
    return f"{prefix}/status"


def discovery(card: DeviceCard, cameras: Sequence[CameraStatus], *, crop: bool) -> dict[str, object]:
    """The description of the device and its entities.

    Args:
        card: The device.
        cameras: Each becomes an entity.
        crop: Whether crops are sent.
    """
    topics = card.topics
    entities = {**_reads(topics), **_figures(topics)}
    if crop:
        entities["last_crop"] = {
            "p": "image",
            "name": "Last crop",
            "image_topic": topics.crop,
            "content_type": "image/jpeg",
        }
    for camera in cameras:
        entities[f"camera_{camera.camera_id}"] = {
            "p": "binary_sensor",
            "name": f"Camera {camera.name}",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.camera(camera.camera_id),
            "value_template": "{{ 'ON' if value_json.state == 'running' else 'OFF' }}",
        }
    return {
        "dev": {
            "ids": [card.node],
            "name": card.name,
            "mf": "npr-edge",
            "mdl": "Number-plate reader",
            "sw": card.version,
        },
        "o": {"name": "npr-edge", "sw": card.version},
        "availability": [{"topic": topics.status}],
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "cmps": {key: _identified(card, key, entity) for key, entity in entities.items()},
    }


def _reads(topics: Topics) -> dict[str, dict[str, object]]:
    """What the reads themselves tell, and the button that asks for one."""
    read = topics.message(MessageKind.READ)
    return {
        "last_plate": {
            "p": "sensor",
            "name": "Last plate",
            "icon": "mdi:car-back",
            "state_topic": read,
            "value_template": "{{ value_json.plate }}",
            "json_attributes_topic": read,
        },
        "read": {
            "p": "event",
            "name": "Read",
            "icon": "mdi:car-search",
            "event_types": [MessageKind.READ.value],
            "state_topic": read,
        },
        "known_vehicle": {
            "p": "binary_sensor",
            "name": "Known vehicle",
            "state_topic": read,
            "value_template": "{{ 'ON' if value_json.list_match else 'OFF' }}",
            "off_dly": KNOWN_FOR_S,
        },
        READ_NOW: {
            "p": "button",
            "name": "Read now",
            "icon": "mdi:camera-iris",
            "command_topic": topics.request(READ_NOW),
            "payload_press": "{}",
        },
    }


def _figures(topics: Topics) -> dict[str, dict[str, object]]:
    """Figures of health, shown as diagnostics."""
    return {
        "temperature": {
            "p": "sensor",
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "state_topic": topics.health,
            "value_template": "{{ value_json.temperature_c }}",
        },
        "read_rate": {
            "p": "sensor",
            "name": "Read rate",
            "icon": "mdi:percent",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "state_topic": topics.health,
            "value_template": "{{ (value_json.read_rate * 100) | round(1) if value_json.read_rate is number }}",
        },
        "queue": {
            "p": "sensor",
            "name": "Queue",
            "icon": "mdi:tray-full",
            "unit_of_measurement": "reads",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "state_topic": topics.health,
            "value_template": "{{ value_json.queue }}",
        },
    }


def _identified(card: DeviceCard, key: str, entity: dict[str, object]) -> dict[str, object]:
    slug = re.sub(r"[^a-z0-9]+", "_", f"{card.node}_{key}".lower())
    return {**entity, "unique_id": f"{card.node}_{key}", "default_entity_id": f"{entity['p']}.{slug}"}
