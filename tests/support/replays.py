"""Clips through the product: ``npr-edge replay``, or the daemon with a camera for each; what both said about them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from npr_edge.training.scenes import VehicleTruth
from tests.support.daemons import REAL, daemon, write_config
from tests.support.scores import Said, Score, score

REPLAY_S = 900.0


@dataclass(frozen=True, slots=True)
class TrueClip:
    """A clip with what is true of it."""

    path: Path
    truth: Sequence[VehicleTruth]

    @classmethod
    def made(cls, path: Path, make: Callable[[], Sequence[VehicleTruth]]) -> TrueClip:
        """Make a clip, or take it with its truth from an earlier run."""
        about = path.with_suffix(".json")
        if not about.exists():
            about.write_text(json.dumps([asdict(vehicle) for vehicle in make()]), encoding="utf-8")
        return cls(path, [VehicleTruth(**row) for row in json.loads(about.read_text(encoding="utf-8"))])

    def score(self, said: Sequence[Said]) -> Score:
        """How well this fits the truth."""
        return score(self.path.stem, self.truth, said)


def replay(clip: Path) -> list[Said]:
    """What ``npr-edge replay`` says about a clip."""
    done = subprocess.run(
        [sys.executable, "-m", "npr_edge", "replay", str(clip), "--jsonl"],
        capture_output=True,
        text=True,
        timeout=REPLAY_S,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [Said(row["plate"], row["reason"], row["first_frame"], row["last_frame"]) for row in rows]


def watch(folder: Path, clips: Mapping[str, Path]) -> dict[str, list[Said]]:
    """What the daemon stored about clips that its cameras see at the same time, by the cameras' ids."""
    cameras = "".join(
        f'[[camera]]\nid = "{camera}"\nsource = "replay:{clip}"\nfps = 60\nreplay = {{realtime = false}}\n'
        for camera, clip in clips.items()
    )
    with daemon(write_config(folder, cameras), REAL) as running:
        for camera in clips:
            running.wait_for_state(camera, "ended", REPLAY_S)
        assert running.end() == 0, running.log.read_text()
    return {camera: _stored(running.data_dir, camera) for camera in clips}


def _stored(data_dir: Path, camera: str) -> list[Said]:
    reads = "SELECT printed, NULL, first_frame, last_frame FROM reads WHERE camera = ?"
    unread = "SELECT NULL, reason, first_frame, last_frame FROM unread WHERE camera = ?"
    with closing(sqlite3.connect(f"file:{data_dir}/npr-edge.db?mode=ro", uri=True)) as connection:
        return [Said(*row) for query in (reads, unread) for row in connection.execute(query, (camera,))]
