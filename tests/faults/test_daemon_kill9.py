"""``kill -9`` of the whole daemon: what a subscriber was told is stored, once, however often the daemon dies."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter
from npr_edge.record import Reads
from tests.support.broker import Mosquitto
from tests.support.clips import CODES, Pass, write_clip
from tests.support.daemons import daemon, until, write_config
from tests.support.subscriber import Subscriber

READ = "npr-edge/gate-1/read"
CAMERA = """
[[camera]]
id = "{name}"
source = "replay:{name}.avi"
reappear_s = 0
replay = {{realtime = false, loop = true}}
"""


@pytest.mark.timeout(1800)
def test_whatever_was_published_is_stored_once(
    tmp_path: Path, long_form: bool, record_property: Callable[[str, object], None]
) -> None:
    rounds = 30 if long_form else 4
    chance = random.Random(11)
    for number, name in enumerate(("entry", "exit")):
        passes = [Pass(CODES[20 * number + i], 22 * i, 22 * i + 20, step=(30, 0)) for i in range(12)]
        write_clip(tmp_path / f"{name}.avi", passes, 270)
    with Mosquitto(tmp_path) as broker, Subscriber(broker.port, READ) as subscriber:
        cameras = "".join(CAMERA.format(name=name) for name in ("entry", "exit"))
        config = write_config(tmp_path, cameras, mqtt_port=broker.port)
        for _ in range(rounds):
            with daemon(config) as running:
                before = len(subscriber.heard)
                until("reads come", lambda before=before: len(subscriber.heard) >= before + 3)  # type: ignore[misc]
                threading.Event().wait(chance.uniform(0.0, 1.0))
                running.end(signal.SIGKILL)
            with closing(sqlite3.connect(running.data_dir / "npr-edge.db")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        with daemon(config) as running:
            until("it is up again", lambda: running.camera("entry").get("frames"))
            assert running.end() == 0
        told = subscriber.events(READ)
        per_camera = {
            name: list(dict.fromkeys(m["event_id"] for m in messages if m["camera"] == name))
            for messages in [[json.loads(each.payload) for each in subscriber.on(READ)]]
            for name in ("entry", "exit")
        }
    stored = [(read.camera_id, read.event_id) for read in Reads(running.data_dir).export(ReadFilter())]
    ids = [event_id for _, event_id in stored]
    assert len(ids) == len(set(ids))
    lost = set(told) - set(ids)
    assert not lost
    for name, heard in per_camera.items():
        assert heard == [event_id for camera, event_id in stored if camera == name and event_id in set(heard)]
    figures = {"kills": rounds, "told": len(set(told)), "told_again": len(told) - len(set(told)), "stored": len(ids)}
    for key, value in figures.items():
        record_property(key, value)
    print(figures)
