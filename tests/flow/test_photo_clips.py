"""Real plates through the whole line: val photographs moved over still streets (tests/support/photo_clips.py).

The short form shows a handful of vehicles; ``--long`` every plate that the rule of tests/support/photographs.py
chooses, and apart from them the narrower ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.daemons import REPOSITORY
from tests.support.photo_clips import make_photo_clip, photo_plan
from tests.support.photographs import LEAST_PX, WANTED_PX, Photograph, mixed, photographs
from tests.support.replays import TrueClip, replay
from tests.support.scores import Score, report

PER_CLIP = 10
FEW = 6

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not (REPOSITORY / "models" / "detector.tflite").exists(), reason="no models/detector.tflite"),
]


def clips(folder: Path, name: str, plates: Sequence[Photograph], per_clip: int = PER_CLIP) -> list[TrueClip]:
    """The plates in clips of ``per_clip`` vehicles."""
    groups = [plates[start : start + per_clip] for start in range(0, len(plates), per_clip)]
    return [
        make_photo_clip(folder / f"{name}-{number:02d}.mp4", photo_plan(group, number))
        for number, group in enumerate(groups)
    ]


def scores(clips: Sequence[TrueClip]) -> list[Score]:
    return [clip.score(replay(clip.path)) for clip in clips]


@pytest.mark.timeout(900)
def test_a_handful_of_vehicles(clip_folder: Path, real_data: Path) -> None:
    plates = mixed(photographs(real_data, "val"))[:FEW]
    summary = report(scores(clips(clip_folder, "few", plates, FEW)))
    assert summary.vehicles == FEW
    assert summary.doubles == 0
    assert summary.missing <= 1
    assert summary.right >= FEW / 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_real_plates(clip_folder: Path, real_data: Path) -> None:
    summary = report(scores(clips(clip_folder, "val", mixed(photographs(real_data, "val")))))
    assert summary.recall >= 0.92
    assert summary.doubles == 0
    assert summary.wrong_share <= 0.05
    assert summary.missing == 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_narrow_real_plates(clip_folder: Path, real_data: Path) -> None:
    """Plates under the width that docs/cameras.md asks for: whatever is not read is in the ledger, nothing twice."""
    summary = report(scores(clips(clip_folder, "narrow", mixed(photographs(real_data, "val", LEAST_PX, WANTED_PX)))))
    assert summary.doubles == 0
    assert summary.missing <= 0.02 * summary.vehicles
