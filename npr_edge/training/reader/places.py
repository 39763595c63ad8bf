"""The classes of the region head: countries by ISO 3166-1 alpha-2 and the states of the US."""

from __future__ import annotations

from types import MappingProxyType

_COUNTRIES = (
    "ad ae al am ar at au az ba be bg br by ca ch cl co cr cu cy cz de dk ee eg es fi fo fr gb ge gr hk hr hu id ie il "
    "in is it ke kw kz li lt lu lv ma mc md me mk mt mx my ng nl no nz pe ph pk pl pt py qa ro rs ru sa se sg si sk sm "
    "th tn tr tw ua ug us uy uz vn xk za"
)

_STATES = (
    "ak al ar az ca co ct dc de fl ga hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh nj nm nv ny oh ok or "
    "pa ri sc sd tn tx ut va vt wa wi wv wy"
)

_MORE_COUNTRIES = "bh bo do ec gh gt hn kg lk tz va ve jo lb om ma dz"

REGIONS = tuple(
    dict.fromkeys(
        [
            *_COUNTRIES.split(),
            *(f"us-{state}" for state in _STATES.split()),
            *_MORE_COUNTRIES.split(),
        ]
    )
)
"""Codes in the order of the head's outputs; only ever append, or checkpoints lose their meaning."""

INDEX = MappingProxyType({code: place for place, code in enumerate(REGIONS)})

UNKNOWN = -1
"""Class of a crop whose region is not known or not one of ``REGIONS``; it is left out of the loss."""


def place_of(region: str) -> int:
    """Class of a region code; parts of a country other than US states (``ca-on``) count as the country."""
    if region in INDEX:
        return INDEX[region]
    country = region.split("-", 1)[0]
    return UNKNOWN if country == "us" else INDEX.get(country, UNKNOWN)
