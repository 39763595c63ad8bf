"""A day in minutes: 100,000 passages through record, outbox and a real broker while a dashboard asks.

The clock of the record runs as much faster as the day is shorter, so that retention by age, the hours' counters and
the upkeep of the database happen as often as in a day. Now and then the broker freezes. At the end every read must have
reached the subscriber, in order for each camera, and the database must be sound. Figures in docs/daemon.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sqlite3
import string
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

import numpy as np
from bench_store import CAMERAS, Maker
from tqdm import tqdm

from npr_edge.clock import SystemClock
from npr_edge.domain import PlateMatch, ReadFilter, Sighting, UnreadReason
from npr_edge.publish import Encoder, Publisher, PublisherParts
from npr_edge.record import Reads, Recorder, StoredOutbox, StoreParts, recorder
from npr_edge.settings import DeviceSettings, MqttSettings, RetentionSettings
from tests.support.broker import Mosquitto
from tests.support.subscriber import Subscriber

DAY_S = 86_400.0
KEPT_DAYS = 0.25
"""Reads older than this go, so that the database is in its steady state for most of the run."""

UNREAD_SHARE, CROP_SHARE = 0.05, 0.1
WAITING = 200
"""Sightings that may wait for the disk; a real camera does not wait, but a real day is also longer."""

OUTBOX_MESSAGES = 5_000
PAUSE_EVERY = 100
"""After so many passages the record comes to rest, as it does all day long in reality: the upkeep has its turn."""

ASK_EVERY_S = 0.25
PASS_EVERY_S = 0.8
"""The upkeep's pace for a full day: its 144 rounds fit into the minutes that 100,000 passages take."""

FREEZES, FREEZE_S = 4, 3.0
TIMEOUT_S = 120.0


class FastClock:
    """A clock that the soak moves on, in step for wall and monotonic time."""

    def __init__(self) -> None:
        self._started_s = time.time()
        self.passed_s = 0.0
        self._boot_id = SystemClock().boot_id()

    def wall_s(self) -> float:
        """Unix time, seconds."""
        return self._started_s + self.passed_s

    def monotonic_s(self) -> float:
        """Seconds since boot."""
        return 1_000.0 + self.passed_s

    def synced(self) -> bool:
        """Always right."""
        return True

    def boot_id(self) -> str:
        """This boot."""
        return self._boot_id


def main() -> int:
    """Run the soak; 0 when nothing was lost and the memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sightings", type=int, default=100_000, help="passages of the day (default 100,000)")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        report = soak(Path(name), args.sightings)
    print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


def soak(folder: Path, count: int) -> dict[str, object]:
    """Run ``count`` passages and report."""
    recorder.PASS_EVERY_S = PASS_EVERY_S * count / 100_000  # type: ignore[attr-defined]
    clock = FastClock()
    retention = RetentionSettings(max_age_days=KEPT_DAYS, min_free_bytes=0)
    store = Recorder(StoreParts(folder / "data", clock, Encoder("soak"), retention=retention))
    heard, listening = multiprocessing.Pipe()
    with Mosquitto(folder) as broker:
        listener = multiprocessing.get_context("spawn").Process(target=listen, args=(broker.port, listening))
        listener.start()
        assert heard.poll(TIMEOUT_S)
        heard.recv()
        settings = MqttSettings(port=broker.port, max_backoff_s=1.0, ack_timeout_s=2.0)
        outbox = StoredOutbox(folder / "data", store.acknowledge)
        publisher = Publisher(PublisherParts(settings, DeviceSettings(id="soak"), outbox))
        store.on_applied(lambda _: publisher.wake())
        store.start()
        publisher.start()
        dashboard = Dashboard(folder / "data", clock)
        dashboard.start()
        began_s = time.monotonic()
        with (folder / "expected").open("w", encoding="ascii") as expected:
            memory = drive(store, clock, broker, count, expected)
        took_s = time.monotonic() - began_s
        wait_until(lambda: store.state().waiting == 0 and store.state().outbox_messages == 0, "all is acknowledged")
        dashboard.stop()
        lines = (folder / "expected").read_text(encoding="ascii").splitlines()
        wanted = {camera: [i for c, i in map(str.split, lines) if c == camera] for camera in CAMERAS}
        heard.send(len(lines))
        got = heard.recv()
        publisher.stop(10)
        store.stop(30)
        listener.join(TIMEOUT_S)
    return judge(folder, wanted, got, memory, dashboard, took_s)


def drive(store: Recorder, clock: FastClock, broker: Mosquitto, count: int, expected: TextIO) -> list[int]:
    """Let the vehicles pass; returns the resident memory along the way, bytes.

    Args:
        store: Takes the sightings.
        clock: Moved on.
        broker: Frozen now and then.
        count: How many pass.
        expected: Gets camera and event id of each read; in memory the list would look like a leak.
    """
    passages = Passages()
    memory: list[int] = []
    freezes = {count * (i + 1) // (FREEZES + 1) for i in range(FREEZES)}
    thaw_s: float | None = None
    for number in tqdm(range(count), disable=not sys.stderr.isatty(), unit="passage"):
        clock.passed_s += DAY_S / count
        sighting = passages.next(clock)
        wait_until(lambda: has_room(store), "room")
        if number % PAUSE_EVERY == 0:
            wait_until(lambda: store.state().waiting == 0, "a pause")
        assert store.record(sighting)
        if sighting.plate is not None:
            expected.write(f"{sighting.camera_id} {sighting.event_id}\n")
        if number in freezes:
            broker.freeze()
            thaw_s = time.monotonic() + FREEZE_S
        if thaw_s is not None and time.monotonic() >= thaw_s:
            broker.thaw()
            thaw_s = None
        if number % max(count // 1_000, 1) == 0:
            memory.append(resident_bytes())
    broker.thaw()
    return memory


class Passages:
    """Vehicles in front of four cameras: most are read, some are not; every tenth read has a crop."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self._maker = Maker()
        self._crop = np.random.default_rng(1).integers(0, 255, (60, 200, 3), dtype=np.uint8)

    def next(self, clock: FastClock) -> Sighting:
        """The passage that ends now."""
        times = {
            "first_seen_s": clock.wall_s() - 1, "last_seen_s": clock.wall_s(),
            "first_monotonic_s": clock.monotonic_s() - 1, "last_monotonic_s": clock.monotonic_s(),
        }  # fmt: skip
        sighting = replace(self._maker.sighting(), **times)
        if self._chance.random() < UNREAD_SHARE:
            return replace(sighting, plate=None, reason=UnreadReason.BLURRED)
        return replace(sighting, crop=self._crop) if self._chance.random() < CROP_SHARE else sighting


class Dashboard(threading.Thread):
    """Asks what a dashboard asks, again and again."""

    def __init__(self, data_dir: Path, clock: FastClock) -> None:
        super().__init__(daemon=True)
        self._reads = Reads(data_dir)
        self._clock = clock
        self._halt = threading.Event()
        self.took_ms: list[float] = []

    def run(self) -> None:
        """Ask until stopped."""
        chance = random.Random(3)
        while not self._halt.wait(ASK_EVERY_S):
            now_s = self._clock.wall_s()
            letters = "".join(chance.choices(string.ascii_uppercase, k=2))
            asks = (
                lambda: self._reads.page(ReadFilter()),
                lambda: self._reads.page(ReadFilter(camera_id="entry", since_s=now_s - 3600)),  # noqa: B023
                lambda: self._reads.page(ReadFilter(plate=f"*1{letters}*", match=PlateMatch.WILDCARD)),  # noqa: B023
                lambda: self._reads.hours(now_s - 7 * DAY_S, now_s),  # noqa: B023
            )
            began_s = time.perf_counter()
            chance.choice(asks)()
            self.took_ms.append(1000 * (time.perf_counter() - began_s))

    def stop(self) -> None:
        """Ask no more."""
        self._halt.set()
        self.join()


def listen(port: int, pipe: Connection) -> None:
    """A subscriber in a process of its own; sends (camera, event id) of all reads in the order in which they came."""
    with Subscriber(port, "npr-edge/soak/read") as subscriber:
        pipe.send("listening")
        count = pipe.recv()
        end_s = time.monotonic() + TIMEOUT_S
        while len({each.payload for each in subscriber.heard}) < count and time.monotonic() < end_s:
            time.sleep(0.2)
        messages = [json.loads(each.payload) for each in subscriber.heard]
        pipe.send([(message["camera"], message["event_id"]) for message in messages])


def judge(
    folder: Path,
    expected: dict[str, list[str]],
    got: list[tuple[str, str]],
    memory: list[int],
    dashboard: Dashboard,
    took_s: float,
) -> dict[str, object]:
    """What came of it."""
    arrived = {camera: list(dict.fromkeys(e for c, e in got if c == camera)) for camera in CAMERAS}
    lost = sum(len(set(expected[camera]) - set(arrived[camera])) for camera in CAMERAS)
    in_order = all(arrived[camera] == expected[camera] for camera in CAMERAS)
    with closing(sqlite3.connect(folder / "data" / "npr-edge.db")) as connection:
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        kept, packs = (connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("reads", "plate_packs"))
        ledger = connection.execute("SELECT sum(passages) FROM hours WHERE outcome <> 'read'").fetchone()[0]
    tenth = len(memory) // 10
    second, last = np.mean(memory[tenth : 2 * tenth]), np.mean(memory[-tenth:])
    asked = sorted(dashboard.took_ms)
    growth = float(last / second - 1)
    return {
        "ok": bool(sound and lost == 0 and in_order and growth < 0.05),
        "seconds": round(took_s),
        "reads": sum(len(ids) for ids in expected.values()),
        "unread": ledger,
        "lost": lost,
        "delivered_again": len(got) - len(set(got)),
        "in_order": in_order,
        "database_sound": sound,
        "reads_kept": kept,
        "packs": packs,
        "memory_second_tenth_mb": round(second / 1e6, 1),
        "memory_last_tenth_mb": round(last / 1e6, 1),
        "memory_growth": round(growth, 4),
        "queries": len(asked),
        "query_p50_ms": round(asked[len(asked) // 2], 1),
        "query_p95_ms": round(asked[int(0.95 * len(asked))], 1),
    }


def has_room(store: Recorder) -> bool:
    """Whether disk and broker keep up."""
    state = store.state()
    return state.waiting < WAITING and state.outbox_messages < OUTBOX_MESSAGES


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def wait_until(check: object, what: str) -> None:
    """Wait for what other threads do."""
    end_s = time.monotonic() + TIMEOUT_S
    while not check():  # type: ignore[operator]
        if time.monotonic() > end_s:
            raise TimeoutError(f"not within {TIMEOUT_S:g} s: {what}")
        time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
