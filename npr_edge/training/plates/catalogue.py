"""All designs by region, and how often each region is drawn."""

from __future__ import annotations

from functools import cache

from npr_edge.training.plates import texts
from npr_edge.training.plates.design import Design, eu_band
from npr_edge.training.plates.designs_americas import LATIN, STATES
from npr_edge.training.plates.designs_east import EAST
from npr_edge.training.plates.designs_europe import EUROPE
from npr_edge.training.plates.designs_overseas import CANADA, OVERSEAS
from npr_edge.training.plates.designs_world import AUSTRALIA, WORLD

ALL: tuple[Design, ...] = (*EUROPE, *EAST, *STATES, *LATIN, *OVERSEAS, *WORLD, *AUSTRALIA)

# fmt: off
_WEIGHTS = {
    "gb": 14.0, "de": 7.0, "fr": 5.0, "in": 6.0, "pk": 4.0, "id": 3.5, "br": 5.0, "uz": 2.5, "au": 3.5, "nl": 3.5,
    "it": 3.0, "es": 3.0, "be": 2.5, "at": 2.5, "pl": 2.5, "ro": 2.5, "ie": 2.0, "se": 2.0, "dk": 2.0, "cz": 2.0,
    "ar": 2.5, "tr": 1.5, "ch": 1.5, "no": 1.5, "si": 1.2, "lv": 1.2, "gr": 1.2, "sk": 1.2, "bg": 1.2, "hr": 1.2,
    "pt": 1.2, "hu": 1.2, "lt": 1.0, "ee": 1.0, "fi": 1.0, "lu": 1.0, "mt": 0.8, "cy": 0.8, "vn": 2.5, "il": 2.0,
    "za": 1.5, "mx": 1.5, "ae": 1.5, "ua": 1.2, "ru": 1.0, "my": 0.8, "sg": 0.8, "hk": 0.6, "cu": 0.6, "qa": 0.5,
    "us": 2.0, "ca": 0.5, "ca-on": 1.0, "us-ca": 2.0, "us-ny": 2.0, "us-va": 1.0, "us-nj": 0.8, "us-tx": 0.8,
    "us-fl": 0.8, "us-wa": 0.8, "us-nc": 0.7, "us-pa": 0.7, "us-il": 0.7,
}
# fmt: on
"""Shares of the regions: high for many vehicles or few real crops to learn from."""

_STATE_WEIGHT = 0.45  # with the larger ones above the states weigh about 30
_OTHER_WEIGHT = 0.3


@cache
def designs_of(region: str) -> tuple[Design, ...]:
    """The designs of a region; a plain white one with the country's letters where none was drawn up."""
    if region in ("ca", "au"):  # the country as a whole has the looks of its parts
        parts = CANADA if region == "ca" else AUSTRALIA
        return tuple(design.but(region=region) for design in parts)
    own = tuple(design for design in ALL if design.region == region)
    if region.startswith("us-"):
        general = tuple(design for design in STATES if design.region == "us")
        # Special and chosen plates: other colours and slogans under the same text.
        return (*own, *(design.but(region=region, weight=0.25) for design in general))
    if own:
        return own
    band = eu_band(region.upper(), chance=0.7)
    return (
        Design(region, bands=(band,), border=2.5),
        Design(region, lines=2, size=(290, 200), bands=(band,), border=2.5),
    )


@cache
def region_weights() -> dict[str, float]:
    """How often each region is drawn when none is asked for."""
    return {
        code: _WEIGHTS.get(code, _STATE_WEIGHT if code.startswith("us-") else _OTHER_WEIGHT) for code in texts.regions()
    }
