"""Rendered street clips with what is true of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npr_edge.training.scenes import (
    ClipPlan,
    Passage,
    PlatePicture,
    approaching,
    crossing,
    leaving,
    parked,
    write_clip,
)
from tests.support.replays import TrueClip


@dataclass(frozen=True, slots=True)
class View:
    """A camera of the clips: its id, picture size and frames per second."""

    camera: str
    size: tuple[int, int]
    fps: float


ENTRY = View("entry", (960, 540), 10.0)
EXIT = View("exit", (1280, 720), 8.0)


def street_plan(
    plates: Sequence[PlatePicture], seed: int, passes: int, *, night: bool = False, view: View = ENTRY
) -> ClipPlan:
    """A clip in which ``passes`` vehicles approach, leave and cross, some of them together, beside a parked car.

    Args:
        plates: At least ``passes`` + 1.
        seed: Of the order, the speeds and the street.
        passes: Moving vehicles.
        night: Whether it is dark.
        view: The camera.
    """
    rng = np.random.default_rng(seed)
    passages: list[Passage] = []
    at_s = 0.5
    for plate in plates[1 : passes + 1]:
        seconds = float(rng.uniform(2.0, 4.5))
        way = (approaching, leaving, crossing)[int(rng.integers(3))]
        passages.append(way(plate, round(at_s, 1), round(seconds, 1)))
        at_s += float(rng.choice([0.6, 1.0])) * seconds + 0.4
    length_s = at_s + 5.0
    return ClipPlan(
        [parked(plates[0], length_s), *passages],
        length_s,
        fps=view.fps,
        size=view.size,
        seed=seed,
        night_from_s=0.0 if night else None,
    )


def make_clip(path: Path, plan: ClipPlan) -> TrueClip:
    """Render a clip, or take it from an earlier run."""
    return TrueClip.made(path, lambda: write_clip(path, plan))
