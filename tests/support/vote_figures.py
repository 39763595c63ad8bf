"""What a vote over frames is worth: the same readings one by one and together, on frames made bad on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from npr_edge.domain import PlateResult
from npr_edge.geometry import Quad
from npr_edge.ports import Recogniser
from npr_edge.settings import TrackSettings
from npr_edge.track.evidence import is_cut_off
from npr_edge.track.verdict import is_final_early
from npr_edge.track.vote import Ballot, Vote, Voter
from npr_edge.training.scenes import ClipFrame
from tests.support.degrade import Degradation

LEAST_PX = 40.0
WHOLE = 0.9
SAME_PLACE = 0.3
LEAST_FRAMES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """A vehicle's true text and the readings of the frames in which its plate was whole, wide enough and found."""

    text: str
    ballots: Sequence[Ballot]


def look(
    frames: Iterable[ClipFrame], recogniser: Recogniser, degradation: Degradation, rng: np.random.Generator
) -> list[Passed]:
    """Read every vehicle in every frame of a clip, after the frames were made worse."""
    texts: dict[int, str] = {}
    ballots: dict[int, list[Ballot]] = {}
    before: dict[int, Quad] = {}
    for frame in frames:
        height, width = frame.image.shape[:2]
        whole = [p for p in frame.plates if p.width >= LEAST_PX and p.visible >= WHOLE]
        if not whole:
            continue
        results = recogniser.recognise(degradation.apply(frame.image, rng)).results
        for plate in whole:
            texts[plate.vehicle] = plate.text
            mine = _at(results, Quad.from_array(plate.quad))
            if mine is not None:
                quad = mine.detection.quad
                cut_off = is_cut_off(quad, width, height)
                ballot = Ballot.cast(mine, cut_off=cut_off, before=before.get(plate.vehicle))
                ballots.setdefault(plate.vehicle, []).append(ballot)
                before[plate.vehicle] = quad
    return [Passed(texts[vehicle], votes) for vehicle, votes in ballots.items() if len(votes) >= LEAST_FRAMES]


def _at(results: Sequence[PlateResult], quad: Quad) -> PlateResult | None:
    """The result that lies where a plate is."""
    near = [(result.detection.quad.hull().iou(quad.hull()), i) for i, result in enumerate(results)]
    share, index = max(near, default=(0.0, 0))
    return results[index] if share >= SAME_PLACE else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Exact match on some vehicles, each counting the same.

    Attributes:
        vehicles: How many.
        single: Mean share of a vehicle's frames that are read exactly.
        voted: Share of the vehicles whose vote over all frames is exact.
        daemon: The same where the vote ends as the daemon ends it: early, once enough frames agree.
        sure: Share of the votes over all frames that say so with ``min_confidence``; ``sure_right`` of these, exact.
        sure_right: See ``sure``.
    """

    vehicles: int
    single: float
    voted: float
    daemon: float
    sure: float
    sure_right: float

    @property
    def mended(self) -> float:
        """Share of the single frames' error that the vote takes away."""
        return (self.voted - self.single) / (1.0 - self.single) if self.single < 1.0 else 1.0

    def row(self, name: str) -> str:
        """A line of the report."""
        return (
            f"{name:12} {self.vehicles:4d} vehicles  single frames {self.single:6.1%}  vote {self.voted:6.1%} "
            f"({self.mended:4.0%} of the error gone)  ended early {self.daemon:6.1%}  "
            f"sure votes {self.sure:6.1%}, right {self.sure_right:6.1%}"
        )


def figures(passed: Sequence[Passed], voter: Voter, settings: TrackSettings) -> Figures:
    """Single frames against votes."""
    single, voted, early, sure = [], [], [], []
    for vehicle in passed:
        vote, ended = Vote(voter), None
        for ballot in vehicle.ballots:
            vote.add(ballot)
            outcome = vote.outcome()
            if ended is None and outcome is not None and is_final_early(outcome, vote.total, settings):
                ended = outcome
        assert outcome is not None
        single.append(float(np.mean([ballot.text == vehicle.text for ballot in vehicle.ballots])))
        voted.append(outcome.plate.text == vehicle.text)
        early.append((ended or outcome).plate.text == vehicle.text)
        sure.append(outcome.plate.confidence >= settings.min_confidence)
    right = [hit for hit, is_sure in zip(voted, sure, strict=True) if is_sure]
    return Figures(
        len(passed), float(np.mean(single)), float(np.mean(voted)), float(np.mean(early)), float(np.mean(sure)),
        float(np.mean(right)) if right else 1.0,
    )  # fmt: skip
