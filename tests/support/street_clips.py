"""Rendered street clips with what is true of them, and the score of what was said about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from npr_edge.track.text import is_misread
from npr_edge.training.scenes import (
    ClipPlan,
    Passage,
    PlatePicture,
    VehicleTruth,
    approaching,
    crossing,
    leaving,
    parked,
    write_clip,
)

READABLE_PX = 40.0
"""A passage whose plate never gets this wide counts for the ledger, not for the reads."""

SLACK = 12
"""Frames by which a sighting may reach beyond the passage's own."""


def street_plan(plates: Sequence[PlatePicture], seed: int, passes: int, *, night: bool = False) -> ClipPlan:
    """A clip in which ``passes`` vehicles approach, leave and cross, some of them together, beside a parked car.

    Args:
        plates: At least ``passes`` + 1.
        seed: Of the order, the speeds and the street.
        passes: Moving vehicles.
        night: Whether it is dark.
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
        size=(960, 540),
        seed=seed,
        night_from_s=0.0 if night else None,
    )


@dataclass
class Score:
    """How well the sightings of a clip fit its truth."""

    clip: str
    vehicles: int = 0
    right: int = 0
    doubles: int = 0
    wrong: int = 0
    unread: int = 0
    missing: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the vehicles that were read exactly once and right."""
        return self.right / self.vehicles if self.vehicles else 1.0

    @property
    def precision(self) -> float:
        """Share of the reads that are right."""
        reads = self.right + self.doubles + self.wrong
        return self.right / reads if reads else 1.0

    def row(self) -> str:
        """A line of the report."""
        return (
            f"{self.clip:28} {self.vehicles:4d} vehicles  recall {self.recall:6.1%}  precision {self.precision:6.1%}  "
            f"doubles {self.doubles}  wrong {self.wrong}  unread {self.unread}  not in the ledger {self.missing}"
        )


def total(scores: Iterable[Score], name: str = "all") -> Score:
    """The sum of scores."""
    scores = list(scores)
    values = {
        key: sum(getattr(score, key) for score in scores)
        for key in ("vehicles", "right", "doubles", "wrong", "unread", "missing")
    }
    return Score(name, **values)


def score(clip: str, truth: Sequence[VehicleTruth], sightings: Sequence[dict[str, Any]]) -> Score:
    """Compare what ``npr-edge replay --jsonl`` said with the truth.

    A vehicle is right when exactly one read overlaps its passage with its very text. A read that is the misread of a
    vehicle which was read right is a double, any other unmatched read is wrong.
    """
    result = Score(clip)
    reads = [s for s in sightings if s["outcome"] == "read"]
    left = list(reads)
    for vehicle in truth:
        if vehicle.widest_px < READABLE_PX:
            continue
        result.vehicles += 1
        mine = [s for s in left if bare(s["plate"]) == vehicle.text and overlaps(s, vehicle)]
        near = [
            s for s in left if s not in mine and overlaps(s, vehicle) and is_misread(bare(s["plate"]), vehicle.text)
        ]
        result.right += bool(mine)
        result.doubles += max(len(mine) - 1, 0) + (len(near) if mine else 0)
        result.wrong += 0 if mine else len(near)
        left = [s for s in left if s not in mine and s not in near]
        if not mine:
            listed = near or [s for s in sightings if s["outcome"] == "unread" and overlaps(s, vehicle)]
            result.missing += not listed
            reasons = ", ".join(str(s["reason"] or "misread") for s in listed) or "NOTHING"
            result.notes.append(f"{vehicle.way} {vehicle.widest_px:.0f} px {vehicle.region}: {reasons}")
    result.wrong += len(left)
    result.unread = sum(s["outcome"] == "unread" for s in sightings)
    return result


def overlaps(sighting: dict[str, Any], vehicle: VehicleTruth) -> bool:
    """Whether sighting and passage share frames, with some slack."""
    return bool(
        sighting["first_frame"] <= vehicle.last_frame + SLACK and sighting["last_frame"] >= vehicle.first_frame - SLACK
    )


def bare(plate: str) -> str:
    """A printed plate without what separates its parts."""
    return "".join(character for character in plate if character.isalnum())


def make_clip(path: Path, plan: ClipPlan) -> list[VehicleTruth]:
    """Render a clip, or take it with its truth from an earlier run."""
    about = path.with_suffix(".json")
    if not about.exists():
        truth = write_clip(path, plan)
        about.write_text(json.dumps([asdict(vehicle) for vehicle in truth]), encoding="utf-8")
    return [VehicleTruth(**row) for row in json.loads(about.read_text(encoding="utf-8"))]
