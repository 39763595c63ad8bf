"""Brokers that refuse, die, freeze and hang up: every read arrives, in order, doubled only under the same id."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npr_edge.publish import Publisher, PublisherParts, PublisherState
from npr_edge.settings import DeviceSettings, MqttSettings
from tests.support.broker import Mosquitto, free_port
from tests.support.fake_broker import FakeBroker
from tests.support.outbox import MemoryOutbox, message
from tests.support.sightings import event_id
from tests.support.subscriber import Subscriber

READ = "npr-edge/gate-1/read"
WAIT_S = 60.0
Start = Callable[..., Publisher]


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def start(outbox: MemoryOutbox) -> Iterator[Start]:
    started: list[Publisher] = []

    def start_with(port: int, **mqtt: object) -> Publisher:
        quick: dict[str, object] = {"max_backoff_s": 0.3, "ack_timeout_s": 1.0, "connect_timeout_s": 1.0}
        settings = MqttSettings.model_validate({"port": port, **quick, **mqtt})
        publisher = Publisher(PublisherParts(settings, DeviceSettings(id="gate-1"), outbox))
        publisher.start()
        started.append(publisher)
        return publisher

    yield start_with
    for publisher in started:
        assert publisher.stop(WAIT_S)


def wait_for_state(publisher: Publisher, enough: Callable[[PublisherState], bool]) -> PublisherState:
    """Wait until the publisher says so; its state is for people and tells nobody when it changes."""
    end_s = time.monotonic() + WAIT_S
    while not enough(state := publisher.state()):
        assert time.monotonic() < end_s, f"still {state}"
        time.sleep(0.02)
    return state


def first_deliveries(events: list[str]) -> list[str]:
    """The events in the order in which each came first."""
    return list(dict.fromkeys(events))


class Traffic:
    """Puts messages of two cameras into an outbox until it is told to stop."""

    def __init__(self, outbox: MemoryOutbox, wake: Callable[[], None], every_s: float = 0.005) -> None:
        self._outbox = outbox
        self._wake = wake
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.count = 0

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for number in itertools.count(1):
            self._outbox.put(message(number, camera=("entry", "exit")[number % 2]))
            self.count = number
            self._wake()
            if self._stop.wait(self._every_s):
                return


def assert_all_in_order(heard: list[dict[str, object]], count: int) -> None:
    """Every event came, per camera in order; a second delivery repeats the first to the letter."""
    events = [str(each["event_id"]) for each in heard]
    assert first_deliveries(events) == [event_id(number) for number in range(1, count + 1)]
    by_event: dict[object, dict[str, object]] = {}
    for each in heard:
        assert by_event.setdefault(each["event_id"], each) == each


def test_a_broker_that_is_not_there_yet_gets_everything(tmp_path: Path, outbox: MemoryOutbox, start: Start) -> None:
    broker = Mosquitto(tmp_path)
    outbox.put(*(message(number) for number in range(1, 51)))
    publisher = start(broker.port)
    state = wait_for_state(publisher, lambda state: bool(state.detail))
    assert "refused" in state.detail
    with broker, Subscriber(broker.port, READ) as subscriber:
        outbox.wait_until_empty()
        assert publisher.state().detail == ""
        subscriber.wait_until(lambda heard: bool(heard))


def test_a_broker_killed_again_and_again_loses_nothing(
    tmp_path: Path, outbox: MemoryOutbox, start: Start, long_form: bool, record_property: Callable[[str, object], None]
) -> None:
    rounds = 20 if long_form else 5
    # Only what a broker acknowledged before it died counts as delivered, so each broker's log of what it took is
    # kept by a subscriber of its own, which dies with it; acknowledged without having been heard would be a loss.
    heard: list[dict[str, object]] = []
    broker = Mosquitto(tmp_path)
    publisher = start(broker.port)
    with Traffic(outbox, publisher.wake) as traffic:
        for _ in range(rounds):
            with broker.start(), Subscriber(broker.port, READ) as subscriber:
                subscriber.wait_until(lambda heard: len(heard) >= 30, WAIT_S)
                broker.kill()
                acknowledged = len(outbox.acknowledged)
            heard += [json.loads(each.payload) for each in subscriber.heard]
            assert acknowledged <= traffic.count
    with broker.start(), Subscriber(broker.port, READ) as subscriber:
        publisher.wake()
        outbox.wait_until_empty(WAIT_S)
        assert outbox.acknowledged == list(range(1, traffic.count + 1))
        heard += [json.loads(each.payload) for each in subscriber.heard]
    events = [str(each["event_id"]) for each in heard]
    # A kill may take back what the broker acknowledged but had not handed to the subscriber: no client can help that.
    order = first_deliveries(events)
    assert order == sorted(order)
    record_property("broker_kills", rounds)
    record_property("reads", traffic.count)
    record_property("doubled", len(events) - len(set(events)))
    print(f"{rounds} kills, {traffic.count} reads, {len(events) - len(set(events))} doubled under the same id")


def test_connections_cut_again_and_again_deliver_every_read_in_order(
    outbox: MemoryOutbox, start: Start, long_form: bool
) -> None:
    rounds = 20 if long_form else 6
    with FakeBroker() as broker:
        publisher = start(broker.port)
        with Traffic(outbox, publisher.wake) as traffic:
            for number in range(1, rounds + 1):
                enough = 30 * number
                broker.wait_until(lambda heard, enough=enough: len(heard) >= enough, WAIT_S)  # type: ignore[misc]
                broker.hang_up()
        outbox.wait_until_empty(WAIT_S)
        assert_all_in_order([json.loads(each.payload) for each in broker.on(READ)], traffic.count)
        assert publisher.state().connections > rounds / 2


def test_a_frozen_broker_is_left_and_found_again(
    tmp_path: Path, outbox: MemoryOutbox, start: Start, long_form: bool
) -> None:
    with Mosquitto(tmp_path) as broker, Subscriber(broker.port, READ) as subscriber:
        publisher = start(broker.port)
        with Traffic(outbox, publisher.wake, every_s=0.02) as traffic:
            for _ in range(5 if long_form else 1):
                seen = len(subscriber.heard)
                subscriber.wait_until(lambda heard, seen=seen: len(heard) > seen + 10, WAIT_S)  # type: ignore[misc]
                before = publisher.state().connections
                broker.freeze()
                state = wait_for_state(publisher, lambda state: not state.connected)
                assert "acknowledgement" in state.detail or "answer" in state.detail
                broker.thaw()
                wait_for_state(publisher, lambda state, before=before: state.connections > before)  # type: ignore[misc]
        outbox.wait_until_empty(WAIT_S)
        last = event_id(traffic.count)
        subscriber.wait_until(lambda heard: any(last.encode() in each.payload for each in heard), WAIT_S)
        assert_all_in_order([json.loads(each.payload) for each in subscriber.on(READ)], traffic.count)


def test_a_broker_that_only_falls_silent_is_noticed_without_a_read(outbox: MemoryOutbox, start: Start) -> None:
    with FakeBroker() as broker:
        publisher = start(broker.port, keepalive_s=5)
        wait_for_state(publisher, lambda state: state.connected)
        broker.silent.set()
        began_s = time.monotonic()
        wait_for_state(publisher, lambda state: not state.connected)
        assert time.monotonic() - began_s < 3 * 5
        broker.silent.clear()
        wait_for_state(publisher, lambda state: state.connected)


def test_wrong_credentials_keep_reads_waiting_until_they_are_right(
    tmp_path: Path, outbox: MemoryOutbox, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed (apt-get install mosquitto)")
    subprocess.run([tool, "-b", "-c", str(passwords), "npr", "hunter2"], check=True, capture_output=True)
    secret = tmp_path / "secret"
    secret.write_text("hunter1\n", encoding="utf-8")
    outbox.put(*(message(number) for number in range(1, 11)))
    with Mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}") as broker:
        publisher = start(broker.port, username="npr", password_file=secret)
        state = wait_for_state(publisher, lambda state: bool(state.detail))
        assert "refuses" in state.detail
        assert "Not authorized" in state.detail
        secret.write_text("hunter2\n", encoding="utf-8")
        outbox.wait_until_empty(WAIT_S)
        assert publisher.state().acknowledged == 10
    assert "hunter" not in caplog.text


def test_messages_that_the_broker_may_not_take_stay_in_line(tmp_path: Path, outbox: MemoryOutbox, start: Start) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite npr-edge/gate-1/status\ntopic read #\n", encoding="utf-8")
    rules.chmod(0o644)
    outbox.put(message(1))
    with Mosquitto(tmp_path, f"acl_file {rules}") as broker:
        publisher = start(broker.port, discovery=False)
        wait_for_state(publisher, lambda state: "access rules" in state.detail and state.connections > 1)
        assert outbox.acknowledged == []


@pytest.mark.parametrize("hangs_up", [False, True], ids=["refuses version 5", "hangs up on version 5"])
def test_old_brokers_are_spoken_to_in_their_version(outbox: MemoryOutbox, start: Start, hangs_up: bool) -> None:
    outbox.put(message(1))
    with FakeBroker() as broker:
        broker.hang_up_on_v5 = hangs_up
        publisher = start(broker.port, username="npr", password="hunter2")
        outbox.wait_until_empty()
        assert publisher.state().protocol == "3.1.1"
        broker.wait_for_connects(2)
        assert [level for _, level, _ in broker.connects[:2]] == [5, 4]
        assert broker.connects[1] == ("npr-edge-gate-1", 4, "npr")


def test_a_refusal_of_version_4_is_told_and_tried_again(outbox: MemoryOutbox, start: Start) -> None:
    outbox.put(message(1))
    with FakeBroker() as broker:
        broker.answer = 5
        publisher = start(broker.port, protocol="3.1.1")
        state = wait_for_state(publisher, lambda state: bool(state.detail))
        assert "Not authorized" in state.detail
        broker.wait_for_connects(3)
        broker.answer = 0
        outbox.wait_until_empty()


def test_the_broker_says_offline_when_the_daemon_dies(outbox: MemoryOutbox, start: Start) -> None:
    with FakeBroker() as broker:
        publisher = start(broker.port, max_backoff_s=10)
        wait_for_state(publisher, lambda state: state.connected)
        broker.wait_until(lambda heard: any(each.topic == "npr-edge/gate-1/status" for each in heard))
        broker.hang_up()
        heard = broker.wait_until(lambda heard: sum(each.topic == "npr-edge/gate-1/status" for each in heard) >= 2)
        states = [(each.text, each.retained) for each in heard if each.topic == "npr-edge/gate-1/status"]
        assert states[:2] == [("online", True), ("offline", True)]


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A CA, a certificate of the broker (127.0.0.1) and one of the client."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=tmp_path, check=True, capture_output=True)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test-ca", "-days", "2")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1", encoding="utf-8")
    for name in ("broker", "client"):
        run("req", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)
    for key in tmp_path.glob("*.key"):
        key.chmod(0o644)
    return tmp_path


def test_tls_with_certificates_on_both_sides(certificates: Path, outbox: MemoryOutbox, start: Start) -> None:
    outbox.put(*(message(number) for number in range(1, 101)))
    lines = (
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'broker.pem'}",
        f"keyfile {certificates / 'broker.key'}",
        "require_certificate true",
    )
    with Mosquitto(certificates, *lines) as broker:
        ours = {"cert_file": certificates / "client.pem", "key_file": certificates / "client.key"}
        stranger = start(broker.port, tls=True)
        state = wait_for_state(stranger, lambda state: bool(state.detail))
        assert "certificate" in state.detail.lower()
        stranger.stop(WAIT_S)
        start(broker.port, tls=True, ca_file=certificates / "ca.pem", client_id="ours", **ours)
        outbox.wait_until_empty()


def test_a_missing_certificate_file_is_named(tmp_path: Path, outbox: MemoryOutbox, start: Start) -> None:
    publisher = start(free_port(), tls=True, ca_file=tmp_path / "none.pem")
    state = wait_for_state(publisher, lambda state: bool(state.detail))
    assert "No such file" in state.detail


def test_stopping_is_quick_while_the_broker_is_away(outbox: MemoryOutbox) -> None:
    settings = MqttSettings(port=free_port(), max_backoff_s=60)
    publisher = Publisher(PublisherParts(settings, DeviceSettings(id="gate-1"), outbox))
    publisher.start()
    wait_for_state(publisher, lambda state: bool(state.detail))
    began_s = time.monotonic()
    assert publisher.stop(10.0)
    assert time.monotonic() - began_s < 5.0
