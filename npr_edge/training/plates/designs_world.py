"""The looks of plates in Asia, Africa and Oceania."""

from __future__ import annotations

from npr_edge.training.plates.design import Band, Caption, Design, Paint

MONTHS = tuple(
    f"{month:02d}{mark}{year}"
    for month in (1, 3, 5, 8, 11, 12)
    for mark in ("-", "·", " ")
    for year in (21, 23, 25, 27, 28)
)
_IND_BANDS = (
    Band("left", 34, "", "dot:sky", ("IND",), "sky", 0.35),
    Band("left", 38, "eublue", "stars", ("IND",), "white", 0.15),
    Band("left", 34, "white", "dot:grey", ("IND",), "blue", 0.1),
)
_IND_PAINTS = (
    Paint("white", "black", 12),
    Paint("yellow", "black", 2.5),
    Paint("black", "yellow", 0.8),
    Paint("red", "white", 0.5),
    Paint("green", "white", 0.4),
    Paint("cream", "black", 1),
    Paint("grey", "black", 1),
)
_PK_CAPTIONS = ("ISLAMABAD", "ICT-ISLAMABAD", "SINDH", "PUNJAB", "ICT ISLAMABAD", "KHYBER PAKHTUNKHWA", "BALOCHISTAN")
_ID_PAINTS = (
    Paint("black", "white", 6),
    Paint("white", "black", 4),
    Paint("yellow", "black", 1),
    Paint("navy", "silver", 1),
    Paint("red", "white", 0.3),
)

# fmt: off
WORLD: tuple[Design, ...] = (
    Design(region="in", size=(500, 120), face="any", letter=66, gap=8, space=16, margin=12, border=2.5, weight=6,
        radius=12, paints=_IND_PAINTS, bands=_IND_BANDS, printed_marks=False, border_inks=("", "", "grey"),
        captions=(Caption(("www.cars.example", "HYUNDAI", "Maruti Suzuki"), 0.93, 0.5, 7, chance=0.12),)),
    Design(region="in", size=(500, 105), face="any", letter=52, gap=8, space=26, margin=22, border=2, weight=3,
        radius=12, paints=_IND_PAINTS, printed_marks=False, captions=(Caption(("IND",), 0.8, 0.06, 9, "blue", 0.3),)),
    Design(region="in", lines=2, size=(285, 185), face="any", letter=65, gap=8, space=14, border=2.5, weight=5,
        paints=_IND_PAINTS, bands=_IND_BANDS, printed_marks=False, radius=10),
    Design(region="in", lines=2, size=(200, 100), face="any", letter=34, gap=5, space=8, border=2, weight=3,
        paints=_IND_PAINTS, bands=_IND_BANDS[:1], printed_marks=False),
    # Pakistan: provinces differ; the raised small year of Punjab is not part of the text.
    Design(region="pk", size=(330, 165), face="written", letter=72, gap=8, space=22, marks=("dash", "dot", ""),
        border=3, weight=5, printed_marks=False, centre=0.45, radius=14, captions=(Caption(_PK_CAPTIONS, 0.83, 0.5,
        19, chance=0.95), Caption(("ICT",), 0.13, 0.5, 16, chance=0.35)), paints=(Paint("white", "black", 5),
        Paint("yellow", "black", 2), Paint("amber", "black", 2), Paint("grey", "black", 1), Paint("black", "white",
        0.6))),
    Design(region="pk", size=(330, 165), face="us", letter=82, gap=7, space=18, marks=("dash", "dot", ""), border=3,
        weight=4, centre=0.4, printed_marks=False, radius=14, captions=(Caption(_PK_CAPTIONS, 0.85, 0.6, 19,
        chance=0.95), Caption(("2013", "2016", "12"), 0.1, 0.86, 12, chance=0.3)), bands=(Band("left", 64, "sky",
        "crest", ("",), "white", 0.5), Band("left", 50, "green", "crest", ("PUNJAB", ""), "white", 0.25)),
        paints=(Paint("white", "black", 5), Paint("amber", "black", 2), Paint("yellow", "black", 2), Paint("grey",
        "navy", 1))),
    Design(region="pk", size=(480, 115), face="written", letter=70, gap=10, space=30, marks=("dash", "", ""),
        border=2.5, weight=4, printed_marks=False, paints=(Paint("white", "black", 3), Paint("black", "white", 3),
        Paint("black", "silver", 1), Paint("yellow", "black", 1), Paint("navy", "white", 0.5)),
        captions=(Caption(_PK_CAPTIONS, 0.9, 0.5, 13, chance=0.3),)),
    Design(region="pk", lines=2, size=(300, 165), face="written", letter=62, gap=9, space=20, border=2.5, weight=4,
        printed_marks=False, marks=("", "dash"), bands=(Band("left", 54, "green", "crest", ("PUNJAB", "", ""),
        "white", 0.5),), captions=(Caption(("-#7", "-16", "07", "12"), 0.27, 0.88, 26, chance=0.4),
        Caption(_PK_CAPTIONS, 0.94, 0.6, 9, chance=0.2)), paints=(Paint("white", "black", 5), Paint("black", "white",
        3), Paint("yellow", "black", 2), Paint("black", "yellow", 0.5))),
    # Indonesia: month.year of expiry below the number.
    Design(region="id", size=(430, 135), face="us", letter=72, gap=9, space=34, border=2.5, weight=8, centre=0.28,
        align="justify", margin=16, stretch=1.1, paints=_ID_PAINTS, captions=(Caption(MONTHS, 0.84, 0.5, 22,
        chance=0.95), Caption(("KORLANTAS", "POLRI", "TNKB"), 0.86, 0.9, 7, chance=0.2))),
    Design(region="id", size=(395, 135), face="squared", letter=72, gap=8, space=28, border=2.5, weight=4,
        centre=0.25, margin=14, paints=_ID_PAINTS, captions=(Caption(MONTHS, 0.83, 0.52, 24, chance=0.95),)),
    Design(region="id", lines=2, size=(275, 200), face="us", letter=80, gap=8, space=20, border=2.5,
        paints=_ID_PAINTS),
    # Uzbekistan: the region's number in a box of its own, the flag at the right.
    Design(region="uz", size=(520, 112), face="squared", letter=76, first_group=0.78, gap=7, space=20, marks=("box",),
        border=3.5, weight=8, radius=14, margin=14, bands=(Band("right", 44, "", "flag:sky,white,green", ("UZ",),
        "sky", 0.97),), stretch=0.92),
    Design(region="uz", size=(520, 112), face="fe", letter=72, first_group=0.8, gap=7, space=20, marks=("box",),
        border=3, weight=2, radius=14, margin=14),
    Design(region="uz", lines=2, size=(280, 200), face="squared", letter=76, gap=7, border=3.5, radius=14,
        bands=(Band("right", 40, "", "flag:sky,white,green", ("UZ",), "sky", 0.8),)),
)

# fmt: off
_AU: dict[str, tuple[str, tuple[str, ...], tuple[Paint, ...]]] = {
    "nsw": ("NSW", ("NEW SOUTH WALES", "NEW SOUTH WALES", "NSW - THE PREMIER STATE"), (Paint("yellow", "black", 5),
        Paint("lemon", "black", 4), Paint("white", "black", 2), Paint("white", "blue", 1))),
    "vic": ("VIC", ("VICTORIA - THE PLACE TO BE", "VICTORIA - ON THE MOVE", "VIC - THE EDUCATION STATE",
        "VICTORIA - GARDEN STATE"), (Paint("white", "blue", 3), Paint("white", "navy", 3), Paint("white", "green",
        1.5))),
    "qld": ("QLD", ("QUEENSLAND - SUNSHINE STATE", "QUEENSLAND - SMART STATE", "SUNSHINE STATE"), (Paint("white",
        "maroon", 5), Paint("white", "green", 1))),
    "wa": ("WA", ("WESTERN AUSTRALIA",), (Paint("white", "blue", 2), Paint("lemon", "blue", 1), Paint("white",
        "black", 1))),
    "sa": ("SA", ("SOUTH AUSTRALIA", "SA - THE FESTIVAL STATE", "sa.gov.au"), (Paint("white", "black", 3),
        Paint("white", "maroon", 1))),
    "tas": ("TAS", ("TASMANIA - EXPLORE THE POSSIBILITIES", "TASMANIA - YOUR NATURAL STATE"), (Paint("white", "blue",
        2), Paint("white", "green", 1))),
    "act": ("ACT", ("CANBERRA - THE NATION'S CAPITAL", "ACT - HEART OF THE NATION"), (Paint("white", "blue", 3),
        Paint("white", "navy", 1))),
    "nt": ("NT", ("N.T. - OUTBACK AUSTRALIA", "NT OUTBACK AUSTRALIA"), (Paint("white", "maroon", 3), Paint("white",
        "red", 1))),
}


def _australian(state: str) -> tuple[Design, ...]:
    """The wide plate with the state's slogan, and the narrow ones that owners buy."""
    short, slogans, paints = _AU[state]
    code = f"au-{state}"
    owners = (
        Paint("white", "black", 4), Paint("black", "white", 4), Paint("black", "silver", 1),
        Paint("yellow", "black", 1), Paint("blue", "white", 0.5), Paint("red", "white", 0.3),
    )  # fmt: skip
    wide = Design(code, size=(372, 134), face="us", letter=75, gap=10, space=26, stretch=1.15, weight=5, centre=0.4,
        marks=("dot", "dot", "figure", ""), border=2.5, printed_marks=False, paints=paints, border_inks=("", "grey"),
        captions=(Caption(slogans, 0.87, 0.5, 15, chance=0.93),))
    narrow = Design(code, size=(480, 106), face="us", letter=72, gap=12, space=28, stretch=1.2, weight=2.5, margin=30,
        marks=("dot", "dash", ""), border=3, printed_marks=False, paints=owners, captions=(Caption((short,), 0.16,
        0.05, 20, chance=0.8, stacked=True), Caption(("CAR SALES",), 0.95, 0.5, 6)))
    return (
        wide,
        narrow,
        narrow.but(size=(372, 106), face="any", gap=9, space=24, stretch=1.0, border=2, weight=1.5, margin=12,
            captions=(Caption((short,), 0.1, 0.5, 11, chance=0.6),)),
        narrow.but(lines=2, size=(220, 170), letter=62, gap=9, border=2, weight=1, margin=12,
            captions=(Caption((short,), 0.08, 0.5, 10, chance=0.5),)),
    )


AUSTRALIA: tuple[Design, ...] = tuple(design for state in _AU for design in _australian(state))
# fmt: on
