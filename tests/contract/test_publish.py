"""One suite for publishing, on a fake broker (MQTT 3.1.1 alone) and on mosquitto (MQTT 5)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from npr_edge.errors import ConfigError
from npr_edge.publish import CameraStatus, Publisher, PublisherParts
from npr_edge.settings import DeviceSettings, MqttSettings
from tests.support.broker import Mosquitto
from tests.support.fake_broker import FakeBroker
from tests.support.outbox import MemoryOutbox, message
from tests.support.sightings import event_id
from tests.support.subscriber import Heard, Subscriber

BASE = "npr-edge/gate-1"
WAIT_S = 20.0


class Ear(Protocol):
    """What hears the messages: the fake broker itself, or a subscriber at the real one."""

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None: ...

    def wait_until(self, enough: Callable[[list[Heard]], bool], timeout_s: float = ...) -> list[Heard]: ...

    def on(self, topic: str) -> list[Heard]: ...


class Broker:
    """A broker and an ear in it."""

    def __init__(self, port: int, ear: Ear, protocol: str) -> None:
        self.port = port
        self.ear = ear
        self.protocol = protocol

    def wait_for(self, topic: str, count: int = 1) -> list[Heard]:
        self.ear.wait_until(lambda heard: sum(each.topic == topic for each in heard) >= count)
        return self.ear.on(topic)


@pytest.fixture(params=["fake", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "fake":
        with FakeBroker() as fake:
            yield Broker(fake.port, fake, "3.1.1")
    else:
        with Mosquitto(tmp_path) as real, Subscriber(real.port) as subscriber:
            yield Broker(real.port, subscriber, "5")


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


Start = Callable[..., Publisher]


@pytest.fixture
def start(broker: Broker, outbox: MemoryOutbox) -> Iterator[Start]:
    started: list[Publisher] = []

    def start_with(mqtt: Mapping[str, object] | None = None, **parts: object) -> Publisher:
        settings = MqttSettings.model_validate({"port": broker.port, "max_backoff_s": 0.2, **(mqtt or {})})
        made = PublisherParts(settings, DeviceSettings(id="gate-1", name="Gate"), outbox)
        publisher = Publisher(replace(made, **parts))  # type: ignore[arg-type]
        publisher.start()
        started.append(publisher)
        return publisher

    yield start_with
    for publisher in started:
        publisher.stop(WAIT_S)


def events(heard: list[Heard]) -> list[str]:
    return [json.loads(each.payload)["event_id"] for each in heard]


def test_reads_arrive_in_order_and_leave_the_outbox(broker: Broker, outbox: MemoryOutbox, start: Start) -> None:
    outbox.put(*(message(number) for number in range(1, 251)))
    publisher = start()
    outbox.wait_until_empty()
    heard = broker.wait_for(f"{BASE}/read", 250)
    assert events(heard) == [event_id(number) for number in range(1, 251)]
    assert {(each.qos, each.retained) for each in heard} == {(1, False)}
    assert heard[7].text == message(8).payload
    assert outbox.acknowledged == sorted(outbox.acknowledged)
    state = publisher.state()
    assert (state.connected, state.protocol, state.acknowledged) == (True, broker.protocol, 250)


def test_a_new_read_is_sent_at_once_when_told_of(broker: Broker, outbox: MemoryOutbox, start: Start) -> None:
    publisher = start()
    broker.wait_for(f"{BASE}/status")
    outbox.put(message(1))
    publisher.wake()
    assert events(broker.wait_for(f"{BASE}/read")) == [event_id(1)]
    outbox.wait_until_empty(timeout_s=3.0)


def test_stopping_sends_what_is_there_first(broker: Broker, outbox: MemoryOutbox, start: Start) -> None:
    publisher = start()
    broker.wait_for(f"{BASE}/status")
    outbox.put(*(message(number) for number in range(1, 151)))
    assert publisher.stop(WAIT_S)
    assert outbox.acknowledged == list(range(1, 151))
    assert events(broker.wait_for(f"{BASE}/read", 150)) == [event_id(number) for number in range(1, 151)]


def test_birth_and_farewell_are_retained(broker: Broker, start: Start) -> None:
    publisher = start()
    broker.wait_for(f"{BASE}/status")
    assert publisher.stop(WAIT_S)
    assert [each.text for each in broker.wait_for(f"{BASE}/status", 2)] == ["online", "offline"]
    if broker.protocol == "5":
        with Subscriber(broker.port, f"{BASE}/status") as late:
            assert late.wait_for(f"{BASE}/status").retained


def test_the_state_of_device_and_cameras_is_told_and_told_again_when_it_changes(broker: Broker, start: Start) -> None:
    cameras = [CameraStatus("entry", "Entry", "starting")]
    start(cameras=lambda: tuple(cameras), health=lambda: {"queue": 4, "temperature_c": 51.5})
    health = json.loads(broker.wait_for(f"{BASE}/health")[0].payload)
    assert health == {"schema": 1, "device": "gate-1", "queue": 4, "temperature_c": 51.5}
    broker.wait_for(f"{BASE}/camera/entry/status")
    cameras[0] = replace(cameras[0], state="running")
    heard = broker.wait_for(f"{BASE}/camera/entry/status", 2)
    assert [json.loads(each.payload)["state"] for each in heard] == ["starting", "running"]


def test_a_camera_that_was_removed_leaves_no_state_behind(broker: Broker, start: Start) -> None:
    cameras = [CameraStatus("entry", "Entry", "running"), CameraStatus("exit", "Exit", "running")]
    publisher = start(cameras=lambda: list(cameras))
    broker.wait_for(f"{BASE}/camera/exit/status")
    cameras[1] = CameraStatus("yard", "Yard", "running")
    publisher.wake()
    broker.wait_for(f"{BASE}/camera/yard/status")
    assert [each.payload for each in broker.wait_for(f"{BASE}/camera/exit/status", 2)][-1] == b""
    described = broker.wait_for("homeassistant/device/npr-edge_gate-1/config", 2)[-1].text
    assert "camera_yard" in described
    assert "camera_exit" not in described


def test_home_assistant_is_told_at_the_start_and_when_it_starts(broker: Broker, start: Start) -> None:
    start(cameras=lambda: (CameraStatus("entry", "Entry", "running"),))
    topic = "homeassistant/device/npr-edge_gate-1/config"
    first = broker.wait_for(topic)[0]
    assert "camera_entry" in json.loads(first.payload)["cmps"]
    broker.ear.publish("homeassistant/status", "online")
    assert broker.wait_for(topic, 2)[1].payload == first.payload


def test_home_assistant_is_left_alone_when_not_wanted(broker: Broker, start: Start) -> None:
    start({"discovery": False})
    broker.wait_for(f"{BASE}/health")
    assert not broker.ear.on("homeassistant/device/npr-edge_gate-1/config")


def test_requests_are_answered_with_their_transaction(broker: Broker, start: Start) -> None:
    def refuse(request: Mapping[str, object]) -> object:
        raise ConfigError("nothing changed")

    start(requests={"read_now": lambda request: {"camera": request.get("camera")}, "reload": refuse})
    broker.wait_for(f"{BASE}/health")
    broker.ear.publish(f"{BASE}/request/read_now", '{"camera": "entry", "transaction": "t-1"}')
    broker.ear.publish(f"{BASE}/request/reload", '{"transaction": "t-2"}')
    broker.ear.publish(f"{BASE}/request/fly", "{}")
    answer = json.loads(broker.wait_for(f"{BASE}/response/read_now")[0].payload)
    assert answer == {"status": "ok", "data": {"camera": "entry"}, "error": None, "transaction": "t-1"}
    answer = json.loads(broker.wait_for(f"{BASE}/response/reload")[0].payload)
    assert answer == {"status": "error", "data": None, "error": "nothing changed", "transaction": "t-2"}
    assert "unknown request" in broker.wait_for(f"{BASE}/response/fly")[0].text


def test_a_slow_request_holds_up_no_read(broker: Broker, outbox: MemoryOutbox, start: Start) -> None:
    called, go_on = threading.Event(), threading.Event()

    def slow(request: Mapping[str, object]) -> object:
        called.set()
        return go_on.wait(WAIT_S)

    publisher = start(requests={"slow": slow})
    broker.wait_for(f"{BASE}/health")
    broker.ear.publish(f"{BASE}/request/slow", "{}")
    assert called.wait(WAIT_S)
    outbox.put(message(1))
    publisher.wake()
    outbox.wait_until_empty()
    go_on.set()
    assert json.loads(broker.wait_for(f"{BASE}/response/slow")[0].payload)["data"] is True


def test_a_crop_follows_its_read_where_wanted(
    broker: Broker, outbox: MemoryOutbox, start: Start, tmp_path: Path
) -> None:
    jpeg = tmp_path / "crop.jpg"
    jpeg.write_bytes(b"\xff\xd8 jpeg")
    outbox.put(message(1, crop=jpeg), message(2, crop=tmp_path / "gone.jpg"))
    start({"crop": True})
    heard = broker.wait_for(f"{BASE}/crop")
    outbox.wait_until_empty()
    assert [(each.payload, each.retained) for each in heard] == [(b"\xff\xd8 jpeg", False)]


def test_crops_stay_here_otherwise(broker: Broker, outbox: MemoryOutbox, start: Start, tmp_path: Path) -> None:
    jpeg = tmp_path / "crop.jpg"
    jpeg.write_bytes(b"\xff\xd8 jpeg")
    outbox.put(message(1, crop=jpeg))
    start()
    outbox.wait_until_empty()
    broker.wait_for(f"{BASE}/read")
    assert not broker.ear.on(f"{BASE}/crop")


def test_no_retained_message_holds_a_plate(broker: Broker, outbox: MemoryOutbox, start: Start) -> None:
    outbox.put(message(1))
    start(cameras=lambda: (CameraStatus("entry", "Entry", "running"),))
    outbox.wait_until_empty()
    broker.wait_for(f"{BASE}/read")
    if broker.protocol == "5":
        with Subscriber(broker.port) as late:
            late.wait_for(f"{BASE}/health")
            kept = {each.topic for each in late.wait_until(lambda heard: len(heard) >= 4) if each.retained}
    else:
        assert isinstance(broker.ear, FakeBroker)
        kept = set(broker.ear.retained)
    assert kept == {
        f"{BASE}/status",
        f"{BASE}/health",
        f"{BASE}/camera/entry/status",
        "homeassistant/device/npr-edge_gate-1/config",
    }
