"""The looks of plates in northern, central, south-eastern and eastern Europe, and of Turkey."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from npr_edge.training.plates.design import Band, Caption, Design, Paint, eu_band

# fmt: off
WHITE = Paint("white", "black")


def pair(region: str, band: Band | None, **looks: Any) -> tuple[Design, Design]:
    """The one-line and the two-line plate of a country, alike in all but their shape."""
    bands = (band,) if band else ()
    wider = (replace(band, width=band.width + 2),) if band else ()
    common: dict[str, Any] = {"border": 2.5, "weight": 4.0, **looks}
    two = {name: value for name, value in common.items() if name not in ("size", "weight", "captions")}
    return (
        Design(region, **{"bands": bands, **common}),
        Design(region, **{"bands": wider, **two, "lines": 2, "size": (290, 205), "weight": 2.0}),
    )


def flag_band(code: str, stripes: str, *, ink: str = "white", colour: str = "eublue", chance: float = 0.9) -> Band:
    """A band with the country's flag instead of the stars."""
    return Band("left", 42, colour, f"flag:{stripes}", (code,), ink, chance)


EAST: tuple[Design, ...] = (
    # the north
    *pair("fi", eu_band("FIN", chance=0.8), size=(442, 118), letter=80, marks=("dash",), printed_marks=False,
        face="wide"),
    *pair("no", Band("left", 40, "eublue", "cross:red,white", ("N",), "white", 0.6), size=(520, 110), face="wide",
        stretch=0.9, space=34, paints=(Paint("white", "black", 8), Paint("green", "black", 1), Paint("white", "blue",
        0.3))),
    *pair("is", Band("left", 38, "", "cross:blue,red", ("IS",), "blue", 0.5), size=(520, 110), face="wide", border=3,
        border_inks=("",), paints=(Paint("white", "blue", 5), Paint("white", "navy", 2))),
    *pair("fo", Band("left", 44, "", "cross:white,red", ("FO",), "blue", 0.9), face="wide", border_inks=("blue",),
        paints=(Paint("white", "blue"),)),
    *pair("ee", eu_band("EST"), space=36),
    *pair("lv", eu_band("LV", chance=0.5), marks=("dash",), printed_marks=False),
    *pair("lv", flag_band("LV", "maroon,white,maroon", ink="black", colour="", chance=0.9), marks=("dash",),
        printed_marks=False),
    *pair("lt", eu_band("LT", chance=0.6), face="fe", space=32, paints=(Paint("white", "black", 9), Paint("yellow",
        "black", 0.7))),
    *pair("lt", flag_band("LT", "yellow,green,red"), space=32),
    # the middle
    *pair("ch", Band("left", 34, "", "cross:red,white", ("",), "red", 0.75), size=(300, 80), letter=55, gap=6,
        marks=("dot",), margin=8, paints=(Paint("white", "black", 9), Paint("blue", "black", 0.3))),
    Design("ch", lines=2, size=(300, 160), letter=60, gap=8, border=2, weight=3, marks=("crest",), bands=(Band("left",
        60, "", "", ("",)), Band("right", 60, "", "crest", ("",), "white", 0.5)), margin=4),
    Design("ch", lines=2, size=(180, 140), letter=50, gap=6, border=2, weight=2, marks=("",), bands=(Band("left", 26,
        "", "dot:red", ("",)), Band("right", 26, "", "crest", ("",)))),
    *pair("li", None, size=(300, 90), letter=60, paints=(Paint("black", "white"),), marks=("crest",)),
    *pair("sk", eu_band("SK", chance=0.7), face="fe", marks=("crest",), paints=(Paint("white", "black", 12),
        Paint("blue", "lemon", 0.4))),
    *pair("sk", Band("left", 42, "eublue", "crest", ("SK",), "white", 0.9), face="fe", marks=("crest", "dash")),
    *pair("si", eu_band("SLO"), marks=("crest",), border=4, border_inks=("green",)),
    *pair("hu", eu_band("H", chance=0.8), marks=("dash",), printed_marks=False, size=(520, 110)),
    *pair("hu", flag_band("H", "red,white,green", ink="black", colour=""), marks=("dash", "crest"),
        printed_marks=False, paints=(Paint("white", "black", 4), Paint("yellow", "black", 1))),
    *pair("hr", eu_band("HR", chance=0.45), marks=("crest",), border=2.5, border_inks=("", "red", "blue")),
    *pair("lu", eu_band("L"), face="wide", stretch=0.9, paints=(Paint("yellow", "black", 3), Paint("amber", "black",
        2)), space=34),
    *pair("mc", Band("left", 40, "", "crest", ("MC",), "blue", 0.9), paints=(Paint("white", "blue"),)),
    *pair("sm", Band("left", 40, "", "crest", ("RSM",), "blue", 0.9), paints=(Paint("white", "blue"),)),
    *pair("va", None, paints=(Paint("white", "black"), Paint("white", "red"))),
    # the south and the Balkans
    *pair("pt", eu_band("P", chance=0.95), marks=("dot", "dash", ""), printed_marks=False, weight=5,
        paints=(Paint("white", "black", 9), Paint("black", "white", 0.4))),
    Design("pt", border=2.5, weight=3, marks=("dot",), printed_marks=False, face="narrow", bands=(eu_band("P"),
        Band("right", 40, "yellow", "", ("07|07", "##", "98"), "black", 1.0))),
    *pair("gr", eu_band("GR", chance=0.85), marks=("seals", "dash", "crest"), printed_marks=False, face="helvetica"),
    *pair("cy", eu_band("CY"), space=34, paints=(Paint("white", "black", 3), Paint("yellow", "black", 2))),
    *pair("mt", eu_band("M"), face="fe", marks=("sticker",), space=34),
    *pair("bg", eu_band("BG", chance=0.7), space=28, paints=(Paint("white", "black", 9), Paint("white", "red", 0.7))),
    *pair("bg", flag_band("BG", "white,green,red"), space=28),
    *pair("rs", Band("left", 42, "blue", "flag:red,navy,white", ("SRB",), "white", 0.9), marks=("crest",)),
    *pair("ba", Band("left", 42, "blue", "", ("BIH",), "white", 0.9), marks=("dash",), printed_marks=False),
    *pair("me", Band("left", 42, "blue", "crest", ("MNE",), "white", 0.9), marks=("crest", "figure")),
    *pair("mk", Band("left", 42, "blue", "dot:yellow", ("MK", "NMK"), "white", 0.9), marks=("crest",)),
    *pair("al", Band("left", 42, "blue", "crest", ("AL",), "white", 0.9)),
    *pair("xk", Band("left", 42, "blue", "", ("RKS",), "white", 0.95), marks=("crest", "dash")),
    *pair("md", Band("left", 42, "blue", "flag:blue,yellow,red", ("MD",), "white", 0.9)),
    *pair("tr", Band("left", 40, "blue", "", ("TR",), "white", 0.97), face="helvetica", letter=78, space=26, margin=8,
        weight=8, captions=(Caption(("www.oto.example", "AUTO ISTANBUL", "Özgörkey", "OTOMOTIV"), 0.95, 0.5, 6,
        chance=0.3),)),
    # the east
    *pair("ua", Band("left", 42, "eublue", "flag:blue,yellow", ("UA",), "lemon", 0.9), face="squared", space=24,
        weight=5),
    *pair("ua", flag_band("UA", "blue,yellow", ink="black", colour=""), face="squared", space=24, weight=2),
    *pair("by", Band("left", 42, "", "flag:red,red,green", ("BY",), "black", 0.9), face="squared", border=3,
        paints=(Paint("white", "black", 4), Paint("white", "red", 1))),
    Design("ru", size=(520, 112), face="squared", letter=76, last_group=0.75, gap=8, space=20, marks=("tail",),
        border=3, weight=6, radius=12, captions=(Caption(("RUS",), 0.86, 0.88, 13, chance=0.95),)),
    *pair("ge", Band("left", 42, "blue", "cross:white,red", ("GE",), "white", 0.95), marks=("dash",),
        printed_marks=False),
    *pair("am", Band("left", 42, "", "flag:red,blue,orange", ("AM",), "black", 0.95), face="squared"),
    *pair("az", Band("left", 42, "", "flag:sky,red,green", ("AZ",), "black", 0.9), face="squared", marks=("dash",),
        printed_marks=False),
    *pair("kz", Band("left", 42, "", "flag:sky", ("KZ",), "sky", 0.95), face="squared", last_group=0.9,
        marks=("tail",)),
    *pair("kg", Band("left", 42, "", "flag:red", ("KG",), "black", 0.95), face="squared", first_group=0.9,
        marks=("box",)),
    # the crown dependencies and Gibraltar
    *pair("gb-jersey", Band("left", 42, "", "crest", ("J", "GBJ"), "red", 0.7), face="gb", paints=(Paint("white",
        "black", 2), Paint("yellow", "black", 2), Paint("black", "white", 1))),
    *pair("gb-guernsey", Band("left", 42, "eublue", "", ("GBG",), "white", 0.5), face="gb", paints=(Paint("white",
        "black", 2), Paint("yellow", "black", 2), Paint("black", "white", 1))),
    *pair("gb-man", Band("left", 42, "red", "crest", ("GBM",), "white", 0.6), face="gb", paints=(Paint("white",
        "black", 2), Paint("yellow", "black", 2))),
    *pair("gb-gibraltar", eu_band("GBZ"), face="gb", paints=(Paint("white", "black", 2), Paint("yellow", "black",
        2))),
)
# fmt: on
