"""Rendered clips through the whole line with the real models: precision and recall, clip by clip.

The short form renders one clip; ``--long`` renders the hundred passages of the figures in docs/daemon.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from npr_edge.training.scenes import read_pack
from tests.support.daemons import REPOSITORY
from tests.support.replays import TrueClip, replay, watch
from tests.support.scores import report
from tests.support.street_clips import ENTRY, EXIT, View, make_clip, street_plan

PLATES = REPOSITORY / "tests" / "data" / "plates.npz"
MODELS = REPOSITORY / "models"

pytestmark = [
    pytest.mark.skipif(not PLATES.exists(), reason="no tests/data/plates.npz: npr-edge train generate --demo"),
    pytest.mark.skipif(not (MODELS / "detector.tflite").exists(), reason="no models/detector.tflite"),
]


def street(folder: Path, seed: int, passes: int, view: View = ENTRY, *, night: bool = False) -> TrueClip:
    """Render a clip, or take it from an earlier run."""
    plates = read_pack(PLATES)
    chosen = [plates[(seed * 31 + i * 7) % len(plates)] for i in range(passes + 1)]
    clip = folder / f"{view.camera}-{seed}-{passes}{'-night' if night else ''}.mp4"
    return make_clip(clip, street_plan(chosen, seed, passes, night=night, view=view))


@pytest.mark.timeout(900)
def test_a_short_clip(clip_folder: Path) -> None:
    """No vehicle twice, and every one in the records, whichever models are in the tree."""
    clip = street(clip_folder, 3, 4)
    summary = report([clip.score(replay(clip.path))])
    assert summary.doubles == 0
    assert summary.missing <= 1
    assert summary.right >= summary.vehicles / 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_passages(clip_folder: Path, tmp_path: Path) -> None:
    """Two cameras of one daemon, ten passages and a parked car before each at a time; two of five times by night."""
    scores = []
    for number, seed in enumerate(range(30, 40, 2)):
        night = number % 3 == 1
        streets = {v.camera: street(clip_folder, seed + i, 10, v, night=night) for i, v in enumerate((ENTRY, EXIT))}
        folder = tmp_path / str(number)
        folder.mkdir()
        said = watch(folder, {camera: street.path for camera, street in streets.items()})
        scores += [streets[camera].score(said[camera]) for camera in streets]
    summary = report(scores)
    assert summary.recall >= 0.97
    assert summary.doubles == 0
    assert summary.missing == 0
