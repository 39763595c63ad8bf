"""Votes against single frames on degraded passes: generated ones, and real plates (tests/support/vote_figures.py).

The short form looks at a few vehicles; ``--long`` prints the figures of docs/daemon.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npr_edge.recognise import PlateRecogniser, load_recogniser
from npr_edge.settings import RecogniseSettings, TrackSettings
from npr_edge.track.vote import Voter
from npr_edge.training.scenes import read_pack, render_clip
from tests.support.daemons import REPOSITORY
from tests.support.degrade import Degradation
from tests.support.photo_clips import moving_plan, photo_frames
from tests.support.photographs import mixed, photographs
from tests.support.street_clips import street_plan
from tests.support.vote_figures import Figures, Passed, figures, look

PLATES = REPOSITORY / "tests" / "data" / "plates.npz"
PER_CLIP = 10
BAD = Degradation()

pytestmark = [
    pytest.mark.skipif(not PLATES.exists(), reason="no tests/data/plates.npz: npr-edge train generate --demo"),
    pytest.mark.skipif(not (REPOSITORY / "models" / "reader.tflite").exists(), reason="no models/reader.tflite"),
]


@pytest.fixture(scope="module")
def recogniser() -> PlateRecogniser:
    return load_recogniser(RecogniseSettings(threads=1))


def generated(recogniser: PlateRecogniser, seeds: range, passes: int) -> list[Passed]:
    """Rendered vehicles, every third clip by night, without the parked car."""
    plates, passed = read_pack(PLATES), []
    for seed in seeds:
        chosen = [plates[(seed * 31 + i * 7) % len(plates)] for i in range(passes + 1)]
        plan = street_plan(chosen, seed, passes, night=seed % 3 == 2)
        moving = replace(plan, passages=plan.passages[1:])
        passed += look(render_clip(moving), recogniser, BAD, np.random.default_rng(seed))
    return passed


def real(recogniser: PlateRecogniser, data: Path, most: int | None = None) -> list[Passed]:
    """The val plates that the rule of tests/support/photographs.py chooses, moved over still streets."""
    plates, passed = mixed(photographs(data, "val"))[:most], []
    for seed, start in enumerate(range(0, len(plates), PER_CLIP)):
        plan = moving_plan(plates[start : start + PER_CLIP], seed)
        passed += look(photo_frames(plan), recogniser, BAD, np.random.default_rng(seed))
    return passed


def told(name: str, passed: list[Passed], recogniser: PlateRecogniser) -> Figures:
    """The figures, printed."""
    result = figures(passed, Voter(recogniser.resolver), TrackSettings())
    print(result.row(name))
    return result


@pytest.mark.timeout(900)
def test_a_vote_is_no_worse_than_its_frames(recogniser: PlateRecogniser) -> None:
    result = told("generated", generated(recogniser, range(40, 41), 4), recogniser)
    assert result.vehicles >= 3
    assert result.voted >= result.single


@pytest.mark.data
@pytest.mark.timeout(900)
def test_a_vote_is_no_worse_than_its_frames_on_real_plates(recogniser: PlateRecogniser, real_data: Path) -> None:
    result = told("real", real(recogniser, real_data, 5), recogniser)
    assert result.vehicles >= 3
    assert result.voted >= result.single - 0.05


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_votes_on_generated_passes(recogniser: PlateRecogniser) -> None:
    assert told("generated", generated(recogniser, range(40, 46), PER_CLIP), recogniser).mended >= 0.5


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(7200)
def test_votes_on_real_plates(recogniser: PlateRecogniser, real_data: Path) -> None:
    assert told("real", real(recogniser, real_data), recogniser).mended >= 0.5
