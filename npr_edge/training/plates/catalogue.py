"""All designs by region, and how often each region is drawn."""

from __future__ import annotations

from functools import cache

from npr_edge.training.plates import texts
from npr_edge.training.plates.design import Design, Paint, eu_band
from npr_edge.training.plates.designs_americas import LATIN, STATES
from npr_edge.training.plates.designs_europe import EUROPE
from npr_edge.training.plates.designs_world import WORLD

_COMMON = {
    "gb": 14.0,
    "de": 7,
    "fr": 5,
    "in": 6,
    "pk": 4,
    "id": 4,
    "br": 5,
    "uz": 3,
    "au": 4.5,
    "nl": 3.5,
    "it": 3,
    "es": 3,
}
"""Regions that deserve more than the weight 2 of a plain one: many vehicles, or few real crops to learn from."""

_STATE_WEIGHT = 0.5  # fifty states together weigh about 25
_UNDRAWN_WEIGHT = 0.3  # no design of their own yet


@cache
def designs_of(region: str) -> tuple[Design, ...]:
    """The designs of a region; a plain white one with the country's letters where none was drawn up."""
    own = tuple(design for design in (*EUROPE, *STATES, *LATIN, *WORLD) if design.region == region)
    if region.startswith("us-"):
        general = tuple(design for design in STATES if design.region == "us")
        # Specialty and vanity designs: another state's colours and slogans under the same text.
        return (*own, *(design.but(region=region, weight=0.25) for design in general))
    if own:
        return own
    letters = region.upper()
    band = eu_band(letters, chance=0.7)
    return (
        Design(region, bands=(band,), border=2.5),
        Design(region, lines=2, size=(290, 200), bands=(band,), border=2.5, paints=(Paint("white", "black"),)),
    )


def region_weights() -> dict[str, float]:
    """How often each region is drawn when none is asked for."""
    drawn = {design.region for design in (*EUROPE, *LATIN, *WORLD)}
    weights = {}
    for code in texts.regions():
        plain = _STATE_WEIGHT if code.startswith("us-") else 2.0 if code in drawn else _UNDRAWN_WEIGHT
        weights[code] = _COMMON.get(code, plain)
    return weights
