"""How likely each region is before the text is looked at: the plate's look, and the site's own setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npr_edge.domain import RegionCandidate
from npr_edge.errors import ConfigError
from npr_edge.regions.grammar import RegionGrammar

SITE_ODDS = 100.0
"""A plate is this much likelier from a region that the site lists than from any one other.

Strong, since one or two plates in a hundred are foreign at most sites; never exclusive, since a hundredth of some
170 regions is still more than nothing, and a look and a text that say otherwise win."""

HEAD_DOUBT = 0.05
"""Share of readings in which the look's verdict is worth nothing (dirt, infra-red, a novelty plate)."""

SHARED_BY_STATES = ("us", "ca", "au")
"""Countries whose plates belong to states: their code stands for all of these, where no state is known."""


class RegionPrior:
    """Prior probabilities of regions for one site.

    Args:
        grammars: All known regions.
        site: Codes that the site lists; ``us`` stands for all its states, ``us-ny`` for the state and for plates
            of which the country alone is clear.

    Raises:
        ConfigError: A listed code is not known.
    """

    def __init__(self, grammars: Mapping[str, RegionGrammar], site: Sequence[str]) -> None:
        for code in site:
            if code not in grammars:
                raise ConfigError(
                    f"region {code!r} is not known; write ISO codes such as 'gb', 'de', 'us' or 'us-ny' "
                    "(docs/regions.md has them all)"
                )
        self._site = {code: SITE_ODDS if any(_covers(one, code) for one in site) else 1.0 for code in grammars}
        self._bare = normalised({code: self._site[code] * grammar.vehicles for code, grammar in grammars.items()})
        self._families = _families(grammars)

    def of(self, look: Sequence[RegionCandidate]) -> Mapping[str, float]:
        """Probability of every region given its ``look``; sums to 1.

        Without a look the number of vehicles speaks instead. A region that the look names and no grammar knows
        is in the result too.
        """
        if not look:
            return self._bare
        mass: dict[str, float] = {}
        for candidate in look:
            members = self._families.get(candidate.region, (candidate.region,))
            for member in members:
                mass[member] = mass.get(member, 0.0) + candidate.confidence / len(members)
        named = sum(mass.values())
        unnamed = max(1.0 - named, 0.0) / max(sum(code not in mass for code in self._site), 1)
        doubt = HEAD_DOUBT / len(self._site)
        believed = 1.0 - HEAD_DOUBT
        chances = {code: odds * (believed * mass.get(code, unnamed) + doubt) for code, odds in self._site.items()}
        for code, chance in mass.items():
            if code not in chances:
                chances[code] = believed * chance
        return normalised(chances)


def parent(code: str) -> str:
    """The country of a region code: ``us`` of ``us-ny``, ``gb`` of ``gb``."""
    return code.partition("-")[0]


def normalised(weights: Mapping[str, float]) -> dict[str, float]:
    """``weights`` scaled to sum to 1."""
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}


def _covers(listed: str, code: str) -> bool:
    """Whether a site that lists ``listed`` expects plates of ``code``."""
    return code in (listed, parent(listed)) or (parent(code) == listed and listed in SHARED_BY_STATES)


def _families(grammars: Mapping[str, RegionGrammar]) -> dict[str, tuple[str, ...]]:
    """A country's code with all its regions, for looks that name the country alone (``us``)."""
    return {code: tuple(other for other in grammars if parent(other) == code) for code in SHARED_BY_STATES}
