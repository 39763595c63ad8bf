"""Region, spacing and the likeliest text of a reading, by the grammars of all regions at once.

For a text t and a region r: P(t, r | plate) is taken as proportional to

    reader's probability of t  x  prior of r (look and site)  x  how well t fits the formats of r.

The text is chosen by the sum over the regions, the region by the shares that the chosen text leaves them.
"""

from __future__ import annotations

from collections.abc import Sequence

from npr_edge.domain import PlateReading, RegionCandidate, ResolvedPlate, TextCandidate
from npr_edge.regions.catalogue import Catalogue, load_catalogue
from npr_edge.regions.fixes import alternatives
from npr_edge.regions.prior import RegionPrior
from npr_edge.regions.weigh import Scales

MIN_RIVAL = 0.02
"""Candidates below this share of the best are left out: no grammar makes up for a factor of fifty."""

TWIN_SHARE = 0.15
"""Share of the plates that fit no format which are one look-alike away from a text that does: 36 of 323 in the
labelled training crops, rounded up. Only these compete with a text that was chosen because it fits."""


class Resolver:
    """Implements ``ports.RegionResolver`` on a catalogue of grammars; immutable, so safe between threads.

    Args:
        regions: Codes that the site expects; a strong prior, never exclusive.
        catalogue: Grammars; those of the package by default.

    Raises:
        ConfigError: A region is not known.
    """

    def __init__(self, regions: Sequence[str] = (), catalogue: Catalogue | None = None) -> None:
        self._catalogue = catalogue or load_catalogue()
        self._prior = RegionPrior(self._catalogue.grammars, regions)

    def fits(self, text: str) -> tuple[str, ...]:
        """Regions with a format that ``text`` (A-Z0-9, no spaces) fits."""
        return self._catalogue.fits(text)

    def printed(self, text: str, region: str | None) -> str:
        """``text`` spaced as ``region`` prints it; unchanged where that is not known."""
        return self._catalogue.printed(text, region)

    def resolve(self, reading: PlateReading) -> ResolvedPlate:
        """The reading after grammar; a text that fits none comes back as read.

        Another candidate than the reader's best, or a confusable letter or digit in it, is preferred only where the
        grammars of likely regions demand it and the reader holds it possible.
        """
        best = reading.candidates[0]
        if not best.text:
            return ResolvedPlate("", "", None, best.confidence, reading.candidates, False)
        scales = self._scales(reading.regions)
        least = MIN_RIVAL * best.confidence
        rivals = [*reading.candidates[1:], *alternatives(reading)]
        texts = [best, *(rival for rival in rivals if rival.text and rival.confidence >= least)]
        if len(texts) == 1:
            return _plate(best, reading.candidates, scales)
        weights = [text.confidence * scales.support(text.text) for text in texts]
        winner = max(range(len(texts)), key=weights.__getitem__)
        if winner:
            weights = [text.confidence * scales.support(text.text, TWIN_SHARE) for text in texts]
        chosen = TextCandidate(texts[winner].text, _confidence(texts, weights, winner))
        return _plate(chosen, (chosen, *_others(reading.candidates, chosen)), scales)

    def resolve_text(self, text: str, regions: Sequence[RegionCandidate] = ()) -> ResolvedPlate:
        """Region and spacing of ``text`` (A-Z0-9, no spaces) alone; its confidence is 1, no character is changed."""
        whole = TextCandidate(text, 1.0)
        return _plate(whole, (whole,), self._scales(regions))

    def _scales(self, look: Sequence[RegionCandidate]) -> Scales:
        return Scales(self._catalogue, self._prior.of(look), bool(look))


def _plate(chosen: TextCandidate, candidates: tuple[TextCandidate, ...], scales: Scales) -> ResolvedPlate:
    region, match = scales.region(chosen.text)
    printed = match.variant.printed(chosen.text) if match else chosen.text
    return ResolvedPlate(chosen.text, printed, region, chosen.confidence, candidates, match is not None)


def _confidence(texts: Sequence[TextCandidate], weights: Sequence[float], winner: int) -> float:
    """Chance of the winner once the grammars have spoken.

    Probability moves to the winner from the texts that the grammars put down, it is not made: what the reader gave
    to texts that are not listed counts as if they fitted as well as the winner. The reader's own best never loses
    any, another winner gets no more than was above it.
    """
    own = texts[winner].confidence
    unlisted = max(1.0 - sum(text.confidence for text in texts), 0.0)
    posterior = weights[winner] / (sum(weights) + unlisted * weights[winner] / own)
    if winner == 0:
        return min(max(posterior, own), 1.0)
    displaced = sum(text.confidence for text in texts if text.confidence > own)
    return min(posterior, own + displaced, 1.0)


def _others(candidates: Sequence[TextCandidate], chosen: TextCandidate) -> list[TextCandidate]:
    """The reader's candidates besides the chosen text; none above what the chosen one leaves."""
    left = 1.0 - chosen.confidence
    return [
        TextCandidate(one.text, min(one.confidence, left, chosen.confidence))
        for one in candidates
        if one.text != chosen.text
    ]
