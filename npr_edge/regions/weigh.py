"""How well texts and regions go together, given what is known of one plate besides its text."""

from __future__ import annotations

import math
from collections.abc import Mapping

from npr_edge.regions.catalogue import Catalogue, Match
from npr_edge.regions.prior import parent

MIN_REGION = 0.5
"""Least probability of a region that is named: from here on it is likelier right than wrong."""

MIN_UNSEEN = 0.7
"""The same where no look is known: then the grammars' weights decide alone, and those are rough."""

COMMON_SHARE = 0.05
"""A format on this share of a region's plates is as good as any; rarer ones count in proportion, so that a misread
does not pass as a rarity."""

LOOK_EXPONENT = 0.5
"""Exponent on a text's likelihood where the look has spoken too: the two are not independent, since the reader learnt
what plates of a region say together with how they look. Without a look the text counts in full."""

UNKNOWN_FIT = 0.5
"""Stands for ``fit`` of a region that the look names and no grammar describes."""


class Scales:
    """Weighs texts and regions for one plate.

    Args:
        catalogue: The grammars.
        prior: Probability of each region before the text (``RegionPrior.of``).
        seen: Whether the plate's look is part of the prior.
    """

    def __init__(self, catalogue: Catalogue, prior: Mapping[str, float], seen: bool) -> None:
        self._catalogue = catalogue
        self._prior = prior
        self._seen = seen
        self._exponent = LOOK_EXPONENT if seen else 1.0
        self._least = MIN_REGION if seen else MIN_UNSEEN
        fits = catalogue.fit_shares
        self._unfit = sum(chance * (1.0 - fits.get(region, UNKNOWN_FIT)) for region, chance in prior.items())

    def support(self, text: str, misfits: float = 1.0) -> float:
        """How readily the likely regions would carry ``text``, 0-1.

        Args:
            text: Without separators.
            misfits: Share of the plates without a format that counts; 1 when in doubt.
        """
        fits = self._catalogue.fit_shares
        support = self._unfit * misfits
        for region, match in self._catalogue.matches(text).items():
            fit = fits[region]
            commonness = min(match.format.weight / COMMON_SHARE, 1.0)
            support += self._prior[region] * max(fit * commonness - (1.0 - fit) * misfits, 0.0)
        return support

    def region(self, text: str) -> tuple[str | None, Match | None]:
        """The region of ``text`` with the format that it fits there; a country where only that is clear.

        A text that fits no format of the likeliest region has a region only by the plate's look.
        """
        if not text:
            return None, None
        matches = self._catalogue.matches(text)
        shares = self._shares(text, matches)
        region = max(shares, key=shares.__getitem__)
        if shares[region] < self._least:
            return self._country(shares, matches)
        if region not in matches and not self._looks_like(region):
            return None, None
        return region, matches.get(region)

    def _looks_like(self, code: str) -> bool:
        """Whether the look (with the site's setting) alone would name the region or country ``code``."""
        chance = sum(share for region, share in self._prior.items() if code in (region, parent(region)))
        return self._seen and chance >= MIN_REGION

    def _shares(self, text: str, matches: Mapping[str, Match]) -> dict[str, float]:
        """Probability of every region given the text."""
        fits = self._catalogue.fit_shares
        roots = self._catalogue.unfit_roots(self._exponent)
        nothing = math.pow(36.0, -len(text) * self._exponent)
        shares = {region: chance * roots.get(region, 0.0) * nothing for region, chance in self._prior.items()}
        for region, match in matches.items():
            shares[region] = self._prior[region] * math.pow(fits[region] * match.likelihood, self._exponent)
        for region in self._prior.keys() - fits.keys():
            shares[region] = self._prior[region] * math.pow(UNKNOWN_FIT * _chance_of_shape(text), self._exponent)
        total = sum(shares.values())
        return {region: share / total for region, share in shares.items()}

    def _country(self, shares: Mapping[str, float], matches: Mapping[str, Match]) -> tuple[str | None, Match | None]:
        """The country whose regions together are likely enough; printed as itself or else as its likeliest state."""
        countries: dict[str, float] = {}
        for region, share in shares.items():
            countries[parent(region)] = countries.get(parent(region), 0.0) + share
        country = max(countries, key=countries.__getitem__)
        members = [region for region in shares if parent(region) == country and region in matches]
        if countries[country] < self._least or not (members or self._looks_like(country)):
            return None, None
        closest = max(members, key=shares.__getitem__, default=country)
        return country, matches.get(country) or matches.get(closest)


def _chance_of_shape(text: str) -> float:
    """Chance of ``text`` among all texts with letters and digits in the same places."""
    letters = sum(character.isalpha() for character in text)
    return 1.0 / (26.0**letters * 10.0 ** (len(text) - letters))
