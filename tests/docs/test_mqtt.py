"""``docs/mqtt.md`` names the topics and defaults that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from npr_edge.domain import MessageKind
from npr_edge.publish import Topics
from npr_edge.publish.homeassistant import KNOWN_FOR_S, DeviceCard, discovery_topic
from npr_edge.settings import MqttSettings, OutboxSettings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")


def test_the_table_names_every_topic_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE))
    topics = Topics("<device_id>")
    real = {
        topics.status, topics.health, topics.crop, topics.camera("<id>"), topics.request("<name>"),
        topics.response("<name>"), *(topics.message(kind) for kind in MessageKind),
    }  # fmt: skip
    assert {f"{topics.base}/{name}" for name in documented} == real
    assert discovery_topic("homeassistant", DeviceCard(topics, "", "")) in TEXT


def test_defaults_are_those_of_the_settings() -> None:
    assert f"`window` ({MqttSettings().window})" in TEXT
    assert f"`max_bytes` ({OutboxSettings().max_bytes // 10**6} MB" in TEXT
    assert f"`[mqtt.outbox] max_age_days` ({OutboxSettings().max_age_days:g})" in TEXT
    assert f"on for {KNOWN_FOR_S} s" in TEXT
