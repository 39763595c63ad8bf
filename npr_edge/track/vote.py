"""The vote over frames: many readings of one plate to one, weighted by confidence and size.

Every ballot is one frame's reading. A text's support is the sum of its log probabilities in the ballots (a
product of experts), each raised to the share of an independent frame that it stands for: neighbouring
frames see the same dirt and the same blur, so ten of them are not ten witnesses, and a vehicle that
stands shows the same picture again and again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from npr_edge.domain import PlateReading, PlateResult, RegionCandidate, ResolvedPlate, TextCandidate
from npr_edge.geometry import FloatArray, Quad
from npr_edge.ports import RegionResolver
from npr_edge.read.charset import SLOTS, decode, encode

SLOT_FLOOR = 1e-3
"""Least probability of a character in one frame: no single frame can veto a text."""

FLOOR_SHARE = 0.02
"""Least probability of a text in one frame as a share of what that frame leaves open: an unsure frame, or one
whose characters are misplaced by one, does not bury what the others agree on."""

REST_FLOOR = 2.5e-3
COINCIDENCE = 0.03
"""Chance that one more frame would bring up a wrong text again that an earlier one brought up. What a frame leaves
open it leaves to any text at all, so it says nothing against a text that the others agree on: a blurred frame that
gives a text 2 % supports it. This and the other constants of the vote were fitted on degraded passages of 150 training
photographs (``tests/support/degrade.py``; log loss of the voted confidence 1.03 before, 0.21 after) and checked on 40
rendered vehicles (0.24, 0.19)."""

SURE_FRAME = 0.8
SURE_WIDTH_PX = 60.0
"""A frame counts for an early end of the vote from this confidence and plate width on: far plates are misread the same
way again and again, and most of them come nearer."""

RIVAL = 2
"""Two texts that sure frames read in turn are no matter for an early end: further frames tell."""

INDEPENDENCE = 0.25
"""Share of each further frame that counts as independent evidence, if it is as good as the best."""

BEST_POWER = 8.0
"""Frames of half the best one's weight count for next to nothing beside it in the first witness."""

MAX_WITNESSES = 4.0
"""Upper bound of the effective number of independent frames."""

STILL = 0.005
NEW_WAY = 0.5
NEW_GROWTH = 0.1
"""A frame is news in full where the plate moved by half its height or grew by a tenth: its pixels fall elsewhere on the
sensor, light and angle have changed. The picture of a plate that stands is the same picture again, though the corners
jitter by a few hundredths; squares keep that small."""

MAX_BALLOTS = 24
MAX_TEXTS = 24
FULL_WEIGHT_WIDTH_PX = 80.0
"""Plates from this width on weigh the same: more pixels no longer help the reader."""

CUT_OFF_WEIGHT = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """One frame's reading.

    Attributes:
        reading: What the reader said.
        plate: What the grammars make of it alone.
        weight: How much such a frame is worth, 0-1.
        fresh: How much of it is news after the frame before, 0-1.
        sure: Whether it counts for an early end.
    """

    reading: PlateReading
    plate: ResolvedPlate
    weight: float
    fresh: float
    sure: bool

    @classmethod
    def cast(cls, result: PlateResult, *, cut_off: bool, before: Quad | None = None) -> Ballot:
        """The ballot of a plate in one frame: sure and large plates count most, plates cut by the border hardly.

        Args:
            result: The plate.
            cut_off: Whether the border cuts it.
            before: Where it was in the frame before; None for the first.
        """
        width_px, confidence = result.detection.quad.width, result.plate.confidence
        size = min(width_px / FULL_WEIGHT_WIDTH_PX, 1.0)
        weight = size * (0.2 + 0.8 * confidence) * (CUT_OFF_WEIGHT if cut_off else 1.0)
        sure = confidence >= SURE_FRAME and width_px >= SURE_WIDTH_PX and not cut_off
        fresh = 1.0 if before is None else _fresh(before, result.detection.quad)
        return cls(result.reading, result.plate, weight, fresh, sure)

    @property
    def text(self) -> str:
        """What the frame reads."""
        return self.plate.text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the vote says now.

    Attributes:
        plate: The voted plate.
        agreeing: Frames that read exactly it.
        sure: Those of them that count for an early end, less ``RIVAL`` times those that surely read another text.
        total: All frames.
    """

    plate: ResolvedPlate
    agreeing: int
    sure: int
    total: int


class Voter:
    """Turns ballots into one reading, with the region grammars' help."""

    def __init__(self, resolver: RegionResolver) -> None:
        self._resolver = resolver

    def resolve(self, ballots: Sequence[Ballot]) -> ResolvedPlate:
        """The voted plate of at least one ballot, after the grammars."""
        if len(ballots) == 1:
            return self._resolver.resolve(ballots[0].reading)
        return self._resolver.resolve(self.fuse(ballots))

    def fuse(self, ballots: Sequence[Ballot]) -> PlateReading:
        """One reading that stands for all ballots; its confidences are calibrated like theirs."""
        weights = np.array([ballot.weight for ballot in ballots], dtype=np.float64)
        shares = weights / weights.sum()
        exponents = _exponents(weights, np.array([ballot.fresh for ballot in ballots], dtype=np.float64))
        logs = np.log(np.maximum(np.stack([ballot.reading.slots for ballot in ballots]).astype(np.float64), SLOT_FLOOR))
        mean = np.tensordot(exponents, logs, axes=1)
        slots = np.exp(mean - mean.max(axis=1, keepdims=True))
        slots /= slots.sum(axis=1, keepdims=True)
        texts = self._texts(ballots, slots)
        candidates = self._weigh(texts, ballots, logs, exponents)
        return PlateReading(candidates, _fuse_regions(ballots, shares), slots.astype(np.float32))

    def _texts(self, ballots: Sequence[Ballot], slots: FloatArray) -> list[str]:
        """Every text that a frame or the fused characters propose, the best supported first."""
        support: Counter[str] = Counter()
        for ballot in ballots:
            for candidate in ballot.reading.candidates:
                support[candidate.text] += int(1e6 * ballot.weight * candidate.confidence)
        fused = decode([int(code) for code in slots.argmax(axis=1)])
        texts = [text for text, _ in support.most_common(MAX_TEXTS)]
        return texts if fused in texts else [*texts, fused]

    def _weigh(
        self, texts: Sequence[str], ballots: Sequence[Ballot], logs: FloatArray, exponents: FloatArray
    ) -> tuple[TextCandidate, ...]:
        """The texts with their probabilities, best first; what none of them explains keeps its share."""
        chances = np.array([self._chances(text, ballots, logs) for text in texts])
        rest = np.maximum(1.0 - chances.sum(axis=0), REST_FLOOR)
        scores = np.log(np.vstack([np.maximum(chances, FLOOR_SHARE * rest), rest])) @ exponents
        scores[:-1] -= (exponents.sum() - 1.0) * np.log(COINCIDENCE)
        posterior = np.exp(scores - scores.max())
        posterior /= posterior.sum()
        ranked = sorted(zip(texts, posterior[:-1], strict=True), key=lambda pair: -pair[1])
        return tuple(TextCandidate(text, float(chance)) for text, chance in ranked)

    def _chances(self, text: str, ballots: Sequence[Ballot], logs: FloatArray) -> FloatArray:
        """Probability of ``text`` in each ballot: as the frame itself listed it, else by its characters."""
        by_characters = np.exp(logs[:, np.arange(SLOTS), encode(text)].sum(axis=1))
        listed = [_listed(ballot.reading, text) for ballot in ballots]
        return np.array(
            [own if own is not None else by for own, by in zip(listed, by_characters, strict=True)], dtype=np.float64
        )


@dataclass(slots=True)
class Vote:
    """The running vote of one track; keeps the heaviest ballots, so a parked car costs no memory."""

    voter: Voter
    ballots: list[Ballot] = field(default_factory=list)
    total: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    sure: Counter[str] = field(default_factory=Counter)
    _outcome: Outcome | None = None

    def add(self, ballot: Ballot) -> None:
        """Count one more frame."""
        self.total += 1
        self.texts[ballot.text] += 1
        if ballot.sure:
            self.sure[ballot.text] += 1
        self._outcome = None
        if len(self.texts) > 8 * MAX_TEXTS:
            self.texts = Counter(dict(self.texts.most_common(4 * MAX_TEXTS)))
        self.ballots.append(ballot)
        if len(self.ballots) > MAX_BALLOTS:
            self.ballots.remove(min(self.ballots, key=lambda kept: kept.weight))

    def outcome(self) -> Outcome | None:
        """The vote as it stands; None before the first ballot."""
        if self._outcome is None and self.ballots:
            plate = self.voter.resolve(self.ballots)
            rival = max((count for text, count in self.sure.items() if text != plate.text), default=0)
            lead = self.sure[plate.text] - RIVAL * rival
            self._outcome = Outcome(plate, self.texts[plate.text], lead, self.total)
        return self._outcome


def _exponents(weights: FloatArray, fresh: FloatArray) -> FloatArray:
    """How many independent frames each ballot stands for.

    The best ballots share the first one among them, so that bad frames never thin a good one out. What is news
    besides counts as ``INDEPENDENCE`` of a frame each, less the worse it is.
    """
    relative = weights / weights.max()
    best, news = relative**BEST_POWER, relative * fresh
    further = min(max(INDEPENDENCE * (float(news.sum()) - 1.0), 0.0), MAX_WITNESSES - 1.0)
    return np.asarray(best / best.sum() + further * news / news.sum(), dtype=np.float64)


def _fresh(before: Quad, now: Quad) -> float:
    """How different the view of a plate is: by its way since the frame before, and by how it grew or shrank."""
    way = math.dist(before.hull().centre, now.hull().centre) / max(now.height, 1.0)
    growth = abs(math.log(max(now.width, 1.0) / max(before.width, 1.0)))
    return float(min(max(way / NEW_WAY, growth / NEW_GROWTH) ** 2 + STILL, 1.0))


def _listed(reading: PlateReading, text: str) -> float | None:
    return next((candidate.confidence for candidate in reading.candidates if candidate.text == text), None)


def _fuse_regions(ballots: Sequence[Ballot], shares: FloatArray) -> tuple[RegionCandidate, ...]:
    totals: dict[str, float] = {}
    for ballot, share in zip(ballots, shares, strict=True):
        for candidate in ballot.reading.regions:
            totals[candidate.region] = totals.get(candidate.region, 0.0) + float(share) * candidate.confidence
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return tuple(RegionCandidate(region, confidence) for region, confidence in ranked)
