"""The real process on clips: rows, messages, answers; and on an empty road: nothing."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter, Vehicle
from npr_edge.record import Reads
from tests.support.clips import CODES, Pass, text_of, write_clip
from tests.support.daemons import Listener, broker, daemon, free_port, until, write_config
from tests.support.registries import KEY, serving

ENTRY = """
[[camera]]
id = "entry"
source = "replay:entry.avi"
fps = 10
replay = {realtime = false}
"""
EXIT = ENTRY.replace("entry", "exit")


@pytest.fixture
def mqtt_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    with broker(tmp_path, port):
        yield port


def stored(data_dir: Path) -> list[str]:
    return [read.text for read in Reads(data_dir).export(ReadFilter())]


def ledger(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{data_dir}/npr-edge.db?mode=ro", uri=True)) as connection:
        return [row[0] for row in connection.execute("SELECT reason FROM unread")]


def test_every_vehicle_is_one_row_and_one_message(tmp_path: Path, mqtt_port: int) -> None:
    parked = Pass(CODES[0], 0, 90, (440, 60), (0, 0))
    first = [Pass(CODES[1], 5, 30), Pass(CODES[2], 40, 65, (600, 320), (-28, 0)), parked]
    second = [Pass(CODES[3], 10, 30), Pass(CODES[4], 12, 40, (600, 380), (-25, 0))]
    write_clip(tmp_path / "entry.avi", first, 90)
    write_clip(tmp_path / "exit.avi", second, 60)
    config = write_config(tmp_path, ENTRY + EXIT, mqtt_port=mqtt_port)
    listener = Listener(mqtt_port)
    with daemon(config) as running:
        running.wait_for_state("entry", "ended")
        running.wait_for_state("exit", "ended")
        until("all messages", lambda: len(listener.on("read")) >= 5)
        assert running.end() == 0
    listener.close()
    messages = listener.on("read")
    assert sorted(m["text"] for m in messages) == sorted(p.text for p in [*first, *second])
    assert sorted(stored(running.data_dir)) == sorted(m["text"] for m in messages)
    assert len({m["event_id"] for m in messages}) == 5
    assert {m["camera"] for m in messages if m["text"] in {p.text for p in second}} == {"exit"}
    assert ledger(running.data_dir) == []
    assert listener.on("status") == ["online", "offline"]
    assert listener.on("camera/entry/status")[-1]["state"] == "ended"


def test_an_empty_road_says_nothing(tmp_path: Path) -> None:
    write_clip(tmp_path / "entry.avi", [], 40)
    with daemon(write_config(tmp_path, ENTRY)) as running:
        running.wait_for_state("entry", "ended")
        assert running.end() == 0
    assert stored(running.data_dir) == []
    assert ledger(running.data_dir) == []


def test_what_is_in_view_at_the_end_is_stored_by_sigterm(tmp_path: Path) -> None:
    """Votes end with the daemon: a vehicle in front of the camera is not forgotten."""
    write_clip(tmp_path / "entry.avi", [Pass(CODES[0], 0, 400, (300, 200), (0, 0))], 400)
    cameras = ENTRY.replace("realtime = false", "realtime = true")
    extra = "[track]\nmin_agreeing = 50\nmax_delay_s = 600\n"
    with daemon(write_config(tmp_path, cameras, extra=extra)) as running:
        until("it is followed", lambda: running.camera("entry").get("in_view"))
        assert running.end() == 0
    assert stored(running.data_dir) == [text_of(CODES[0])]


def test_health_and_ready_reach_systemd(tmp_path: Path) -> None:
    write_clip(tmp_path / "entry.avi", [], 5)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = tmp_path / "notify"
        systemd.bind(str(address))
        systemd.settimeout(60)
        with daemon(write_config(tmp_path, ENTRY), NOTIFY_SOCKET=str(address), WATCHDOG_USEC="4000000") as running:
            heard: list[str] = []
            while not {"READY=1", "WATCHDOG=1"} <= set(heard):
                heard.append(systemd.recv(1000).decode())
            assert any(message.startswith("STATUS=") for message in heard)
            assert running.end() == 0
            while heard[-1] != "STOPPING=1":
                heard.append(systemd.recv(1000).decode())


def test_the_api_answers_beside_the_cameras(tmp_path: Path) -> None:
    write_clip(tmp_path / "entry.avi", [Pass(CODES[1], 5, 30)], 40)
    config = write_config(tmp_path, ENTRY)
    address = config.read_text().split('listen = "')[1].split('"')[0]
    with daemon(config) as running:
        running.wait_for_state("entry", "ended")
        until("the read is counted", lambda: running.camera("entry")["reads"] == 1)
        with urllib.request.urlopen(f"http://{address}/healthz") as answer:
            assert json.load(answer)["status"] == "ok"
        with urllib.request.urlopen(f"http://{address}/metrics") as answer:
            metrics = answer.read().decode()
        assert 'npr_edge_passages_total{camera="entry",outcome="read"} 1.0' in metrics
        assert text_of(CODES[1]) not in metrics
        assert text_of(CODES[1]) not in running.log.read_text()
        assert running.end() == 0


def test_reload_starts_and_stops_cameras(tmp_path: Path) -> None:
    write_clip(tmp_path / "entry.avi", [Pass(CODES[1], 5, 30)], 200)
    write_clip(tmp_path / "exit.avi", [Pass(CODES[2], 5, 30)], 40)
    config = write_config(tmp_path, ENTRY.replace("realtime = false", "realtime = true, loop = true"))
    with daemon(config) as running:
        running.wait_for_state("entry", "running")
        text = config.read_text()
        config.write_text(text[: text.index("[[camera]]")] + EXIT)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for_state("exit", "ended")
        assert running.camera("entry") == {}
        config.write_text("nonsense = 1\n")
        running.process.send_signal(signal.SIGHUP)
        until("it complains", lambda: "nothing changed" in running.log.read_text())
        assert running.camera("exit")["state"] == "ended"
        assert running.end() == 0
    assert text_of(CODES[2]) in stored(running.data_dir)


def test_requests_over_mqtt(tmp_path: Path, mqtt_port: int) -> None:
    write_clip(tmp_path / "entry.avi", [Pass(CODES[5], 0, 30, (200, 200), (0, 0))], 30)
    listener = Listener(mqtt_port)
    config = write_config(tmp_path, ENTRY, mqtt_port=mqtt_port)
    with daemon(config) as running:
        running.wait_for_state("entry", "ended")
        config.write_text(config.read_text() + "nonsense = 1\n")
        listener.publish("npr-edge/gate-1/request/reload", '{"transaction": "t0"}')
        refused = until("an answer", lambda: (a := listener.on("response/reload")) and a[0])
        listener.publish("npr-edge/gate-1/request/read_now", '{"transaction": "t1", "camera": "entry"}')
        listener.publish("npr-edge/gate-1/request/read_now", '{"transaction": "t2", "camera": "nowhere"}')
        answers = until("answers", lambda: len(a := listener.on("response/read_now")) == 2 and a)
        assert running.end() == 0
    listener.close()
    assert (refused["status"], refused["transaction"]) == ("error", "t0")
    assert "nonsense: unknown key" in refused["error"]
    assert answers[0]["data"]["entry"][0]["plate"] == text_of(CODES[5])
    assert (answers[1]["status"], answers[1]["transaction"]) == ("error", "t2")


def test_a_wrong_configuration_ends_with_2(tmp_path: Path) -> None:
    config = write_config(tmp_path, ENTRY + "fsp = 10\n")
    for command in ("run", "check-config"):
        done = subprocess.run(
            [sys.executable, "-m", "npr_edge", command, "--config", str(config)], capture_output=True, text=True
        )
        assert done.returncode == 2
        assert "unknown key; did you mean fps?" in done.stderr


def test_check_config_names_missing_files(tmp_path: Path) -> None:
    config = write_config(tmp_path, ENTRY)
    command = [sys.executable, "-m", "npr_edge", "check-config", "--config", str(config)]
    assert subprocess.run(command, capture_output=True).returncode == 2
    write_clip(tmp_path / "entry.avi", [], 2)
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_status_without_a_daemon_ends_with_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "npr_edge", "status", "--data-dir", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "no daemon answers" in done.stderr


def test_vehicle_data_that_comes_late_follows_as_an_update(tmp_path: Path, mqtt_port: int) -> None:
    """The registry keeps silent until the read is on the broker: it waits for nobody."""
    write_clip(tmp_path / "entry.avi", [Pass(CODES[1], 5, 30)], 40)
    (tmp_path / "dvla.key").write_text(KEY, encoding="ascii")
    ford = {"registrationNumber": text_of(CODES[1]), "make": "FORD", "yearOfManufacture": 2019}
    listener = Listener(mqtt_port)
    with serving() as registries:
        registries.raw = (200, json.dumps(ford).encode())
        registries.hold.clear()
        dvla = f'[vehicles.dvla]\nenabled = true\nbase_url = "{registries.url}"\nkey_file = "{tmp_path / "dvla.key"}"\n'
        config = write_config(tmp_path, ENTRY, mqtt_port=mqtt_port, extra=dvla + "timeout_s = 60\n")
        with daemon(config) as running:
            first = until("the read", lambda: listener.on("read"))[0]
            assert (first["event_type"], first["vehicle"]) == ("read", None)
            assert registries.arrived.is_set()
            registries.hold.set()
            second = until("the update", lambda: listener.on("update"))[0]
            assert running.end() == 0
        listener.close()
    assert (second["event_type"], second["event_id"]) == ("update", first["event_id"])
    assert second["vehicle"] == {"source": "dvla", "make": "FORD", "year": 2019}
    kept = list(Reads(running.data_dir).export(ReadFilter()))
    assert [(read.text, read.vehicle) for read in kept] == [
        (text_of(CODES[1]), Vehicle("dvla", make="FORD", year=2019))
    ]
