"""Rendered clips through the whole line with the real models: precision and recall, clip by clip.

The short form renders one clip; ``--long`` renders the hundred passages of the figures in docs/daemon.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from npr_edge.training.scenes import read_pack
from tests.support.daemons import REPOSITORY
from tests.support.street_clips import Score, make_clip, score, street_plan, total

PLATES = REPOSITORY / "tests" / "data" / "plates.npz"
MODELS = REPOSITORY / "models"

pytestmark = [
    pytest.mark.skipif(not PLATES.exists(), reason="no tests/data/plates.npz: npr-edge train generate --demo"),
    pytest.mark.skipif(not (MODELS / "detector.tflite").exists(), reason="no models/detector.tflite"),
]


def replay(clip: Path) -> list[dict[str, object]]:
    """What ``npr-edge replay`` says of a clip."""
    done = subprocess.run(
        [sys.executable, "-m", "npr_edge", "replay", str(clip), "--jsonl"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_clip(folder: Path, seed: int, passes: int, *, night: bool = False) -> Score:
    """Render a clip, replay it, score it."""
    plates = read_pack(PLATES)
    chosen = [plates[(seed * 31 + i * 7) % len(plates)] for i in range(passes + 1)]
    name = f"street-{seed}{'-night' if night else ''}"
    clip = folder / f"{name}.mp4"
    truth = make_clip(clip, street_plan(chosen, seed, passes, night=night))
    return score(name, truth, replay(clip))


def report(scores: list[Score]) -> Score:
    """Print the scores and give their sum."""
    summary = total(scores)
    for each in [*scores, summary]:
        print(each.row())
        for note in each.notes:
            print(f"    missed: {note}")
    return summary


@pytest.mark.timeout(900)
def test_a_short_clip(tmp_path: Path) -> None:
    """No vehicle twice, and every one in the records, whichever models are in the tree."""
    summary = report([run_clip(tmp_path, seed=3, passes=4)])
    assert summary.doubles == 0
    assert summary.missing <= 1
    assert summary.right >= summary.vehicles / 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_passages(tmp_path: Path) -> None:
    scores = [run_clip(tmp_path, seed, 10, night=seed % 4 == 3) for seed in range(10, 20)]
    summary = report(scores)
    assert summary.recall >= 0.97
    assert summary.doubles == 0
    assert summary.missing == 0
