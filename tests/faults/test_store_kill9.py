"""``kill -9`` at random moments under load: nothing acknowledged is lost, nothing comes twice, all is sound."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from npr_edge.domain import ReadFilter
from npr_edge.record import Reads, Store, StoreParts
from npr_edge.record.outbox import StoredOutbox
from tests.support.sightings import FakeClock, encode, event_id

REPOSITORY = Path(__file__).resolve().parents[2]


def run_and_kill(folder: Path, first: int, after_s: float) -> list[int]:
    """Let a writer record, kill it ``after_s`` after its first word; returns the numbers it said were stored."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.record_writer", str(folder), str(first)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer.stdout as words, killed_at_the_end(writer):
        first_word = words.readline()
        assert first_word, f"the writer ended with {writer.wait()}"
        said = [int(first_word)]
        # How long the writer lives is the point of the test; a pipe holds 64 KiB, far more than it says until then.
        time.sleep(after_s)
        writer.kill()
        # A word cut off by the kill has no end of line, and was not said.
        said += [int(line) for line in words if line.endswith("\n")]
    return said


@contextmanager
def killed_at_the_end(writer: subprocess.Popen[str]) -> Iterator[None]:
    """Leaves no writer behind, however the test ends."""
    try:
        yield
    finally:
        writer.kill()
        writer.wait()


def check(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "npr-edge.db")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.timeout(5400)
def test_kills_at_random_moments_under_load(
    tmp_path: Path, long_form: bool, record_property: Callable[[str, object], None]
) -> None:
    rounds = 200 if long_form else 12
    chance = random.Random(20_261_124)
    acknowledged: list[int] = []
    orphans = 0
    for _ in range(rounds):
        first = acknowledged[-1] + 1_000 if acknowledged else 0
        said = run_and_kill(tmp_path, first, chance.uniform(0.0, 0.4))
        assert check(tmp_path) == "ok"
        assert all(Reads(tmp_path).get(event_id(number)) is not None for number in said)
        acknowledged += said
    stored = [read.event_id for read in Reads(tmp_path).export(ReadFilter())]
    lost = {event_id(number) for number in acknowledged}.difference(stored)
    assert not lost
    assert len(set(stored)) == len(stored)
    # What was not said to be stored may be: the kill came between the commit and the word.
    assert len(stored) <= len(acknowledged) + rounds * 64

    files_before = {path.stem for path in (tmp_path / "crops").rglob("*.jpg")}
    store = Store(StoreParts(tmp_path, FakeClock(), encode))
    assert store.recovery is None
    while store.sweep():
        pass
    store.close()
    named = {read.event_id for read in Reads(tmp_path).export(ReadFilter()) if read.crop is not None}
    assert {path.stem for path in (tmp_path / "crops").rglob("*.jpg")} == named
    assert not list((tmp_path / "crops").rglob("*.part"))
    orphans = len(files_before - named)
    waiting = StoredOutbox(tmp_path, lambda ids: None).pending(0, 10**6)
    assert len({message.event_id for message in waiting}) == len(waiting)
    assert [message.id for message in waiting] == sorted(message.id for message in waiting)
    figures = {"kills": rounds, "acknowledged": len(acknowledged), "stored": len(stored), "lost": len(lost),
               "doubled": len(stored) - len(set(stored)), "orphan_crops_swept": orphans}  # fmt: skip
    for name, value in figures.items():
        record_property(name, value)
    print(figures)
