"""The vote over frames: many readings of one plate to one, weighted by confidence and size.

Every ballot is one frame's reading. A text's support is the weighted mean of its log probability in
the ballots (a product of experts), raised to an effective number of independent frames: neighbouring
frames see the same dirt and the same blur, so ten of them are not ten witnesses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from npr_edge.domain import PlateReading, RegionCandidate, ResolvedPlate, TextCandidate
from npr_edge.geometry import FloatArray
from npr_edge.ports import RegionResolver
from npr_edge.read.charset import SLOTS, decode, encode

SLOT_FLOOR = 1e-3
"""Least probability of a character in one frame: no single frame can veto a text."""

FLOOR_SHARE = 5e-3
"""Least probability of a text in one frame as a share of what that frame leaves open: an unsure frame, or one
whose characters are misplaced by one, does not bury what the others agree on."""

REST_FLOOR = 2.5e-3
REST_SPREAD = 0.5
"""What the texts leave open is spread over many texts; this is the share that two frames have in common."""

INDEPENDENCE = 0.5
"""Share of each further frame that counts as independent evidence."""

MAX_WITNESSES = 4.0
"""Upper bound of the effective number of independent frames."""

MAX_BALLOTS = 24
MAX_TEXTS = 24
FULL_WEIGHT_WIDTH_PX = 80.0
"""Plates from this width on weigh the same: more pixels no longer help the reader."""

CUT_OFF_WEIGHT = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """One frame's reading with its weight in the vote."""

    reading: PlateReading
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the vote says now: the voted plate and the frames that read exactly it."""

    plate: ResolvedPlate
    agreeing: int
    total: int


def ballot_weight(confidence: float, width_px: float, cut_off: bool) -> float:
    """Weight of a reading: sure and large plates count most, plates cut by the border hardly."""
    size = min(width_px / FULL_WEIGHT_WIDTH_PX, 1.0)
    return size * (0.2 + 0.8 * confidence) * (CUT_OFF_WEIGHT if cut_off else 1.0)


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
        witnesses = min(1.0 + INDEPENDENCE * (float(weights.sum() / weights.max()) - 1.0), MAX_WITNESSES)
        logs = np.log(np.maximum(np.stack([ballot.reading.slots for ballot in ballots]).astype(np.float64), SLOT_FLOOR))
        mean = np.tensordot(shares, logs, axes=1) * witnesses
        slots = np.exp(mean - mean.max(axis=1, keepdims=True))
        slots /= slots.sum(axis=1, keepdims=True)
        texts = self._texts(ballots, slots)
        candidates = self._weigh(texts, ballots, logs, shares * witnesses)
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
        scores[-1] += (exponents.sum() - 1.0) * np.log(REST_SPREAD)
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
    _outcome: Outcome | None = None

    def add(self, ballot: Ballot) -> None:
        """Count one more frame."""
        self.total += 1
        self.texts[ballot.text] += 1
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
            self._outcome = Outcome(plate, self.texts[plate.text], self.total)
        return self._outcome


def _listed(reading: PlateReading, text: str) -> float | None:
    return next((candidate.confidence for candidate in reading.candidates if candidate.text == text), None)


def _fuse_regions(ballots: Sequence[Ballot], shares: FloatArray) -> tuple[RegionCandidate, ...]:
    totals: dict[str, float] = {}
    for ballot, share in zip(ballots, shares, strict=True):
        for candidate in ballot.reading.regions:
            totals[candidate.region] = totals.get(candidate.region, 0.0) + float(share) * candidate.confidence
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return tuple(RegionCandidate(region, confidence) for region, confidence in ranked)
