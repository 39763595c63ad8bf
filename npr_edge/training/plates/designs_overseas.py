"""The looks of plates in Canada and Latin America, the Middle East, Africa and the Far East."""

from __future__ import annotations

from typing import Any

from npr_edge.training.plates.design import Band, Caption, Design, Paint
from npr_edge.training.plates.designs_east import pair

# fmt: off
BLACK = (Paint("black", "white", 5), Paint("black", "silver", 1))
REAR_YELLOW = (Paint("white", "black", 3), Paint("yellow", "black", 3))


def american(region: str, top: str, bottom: str, *paints: Paint, **looks: Any) -> Design:
    """A plate of 12 x 6 inches with the state above and a slogan below (alternatives after ``|``)."""
    captions = tuple(
        Caption(tuple(text.split("|")), y, 0.5, height, "", 0.97)
        for text, y, height in ((top, 0.12, 18), (bottom, 0.89, 14))
        if text
    )
    base: dict[str, Any] = {
        "size": (305, 152), "paints": paints, "face": "us", "letter": 67, "gap": 8, "space": 24, "border": 2,
        "marks": ("figure", "dot", ""), "printed_marks": False, "border_inks": ("", "grey"), "radius": 12,
        "captions": captions, "stickers": 0.3, "art": 0.2, "margin": 10,
    }  # fmt: skip
    return Design(region, **{**base, **looks})


CANADA = (
    american("ca-on", "ONTARIO", "YOURS TO DISCOVER|A Place to Grow", Paint("white", "blue", 4), Paint("pale-blue",
        "blue", 1), Paint("blue", "white", 0.4)),
    american("ca-qc", "Québec", "Je me souviens", Paint("white", "blue", 4), Paint("white", "navy", 1)),
    american("ca-bc", "Beautiful|BRITISH COLUMBIA", "British Columbia", Paint("white", "blue", 3), Paint("pale-blue",
        "navy", 1)),
    american("ca-ab", "Alberta", "Wild Rose Country", Paint("white", "red", 4)),
    american("ca-mb", "MANITOBA", "Friendly Manitoba", Paint("white", "navy", 1, "pale-blue"), Paint("white", "black",
        1)),
    american("ca-sk", "SASKATCHEWAN", "Land of Living Skies", Paint("white", "green", 3)),
    american("ca-ns", "NOVA SCOTIA", "Canada's Ocean Playground", Paint("white", "blue", 3)),
    american("ca-nb", "New Brunswick", "Nouveau-Brunswick", Paint("white", "red", 2), Paint("white", "black", 1)),
    american("ca-nl", "Newfoundland & Labrador", "", Paint("white", "navy", 2), Paint("white", "blue", 1)),
    american("ca-pe", "Prince Edward Island", "BIRTHPLACE OF CONFEDERATION", Paint("white", "blue", 1), Paint("white",
        "green", 1)),
    american("ca-yt", "YUKON", "The Klondike", Paint("white", "red", 2), Paint("white", "blue", 1)),
    american("ca-nt", "NORTHWEST TERRITORIES", "SPECTACULAR", Paint("white", "blue", 1)),
    american("ca-nu", "NUNAVUT", "", Paint("white", "navy", 1)),
)

OVERSEAS: tuple[Design, ...] = (
    *CANADA,
    # Latin America
    american("mx", "CDMX|EDO MEX|JALISCO|NUEVO LEON|MEXICO|PUEBLA", "TRASERA|DELANTERA|MEXICO|CIUDAD DE MEXICO",
        Paint("white", "black", 4), Paint("white", "maroon", 1), Paint("white", "dark-green", 1, "pale-green"),
        art=0.5),
    american("mx", "FRONTERA|BAJA CALIFORNIA|SINALOA", "MEXICO", Paint("white", "black", 2), Paint("white",
        "dark-green", 1), Paint("cream", "maroon", 1), art=0.6, marks=("dash",)),
    Design("cl", size=(360, 130), face="us", letter=72, gap=9, space=26, marks=("dot", "crest"), printed_marks=False,
        border=3, centre=0.35, weight=4, captions=(Caption(("C H I L E",), 0.87, 0.5, 15, chance=0.97),),
        paints=(Paint("white", "black", 6), Paint("yellow", "black", 1), Paint("red", "white", 0.4))),
    american("co", "", "COLOMBIA|BOGOTA D.C.|MEDELLIN|CALI", Paint("yellow", "black", 5), Paint("white", "black", 1),
        marks=("dot", ""), stickers=0, letter=76, centre=0.4),
    american("pe", "PERU|REPUBLICA DEL PERU", "", Paint("white", "black", 4), Paint("yellow", "black", 1),
        marks=("dash",), stickers=0, size=(300, 150), centre=0.65),
    american("ec", "ECUADOR|ANT", "", Paint("white", "black", 4), Paint("orange", "black", 1), marks=("dash",),
        stickers=0, size=(404, 154), centre=0.7),
    american("cr", "COSTA RICA", "CENTROAMERICA|CENTRO AMERICA", Paint("white", "blue", 4), Paint("white", "black",
        1), stickers=0, marks=("",)),
    american("gt", "GUATEMALA", "CENTRO AMERICA", Paint("white", "navy", 3), Paint("white", "black", 1),
        stickers=0.1),
    american("hn", "HONDURAS", "CENTRO AMERICA", Paint("white", "blue", 2), Paint("white", "black", 1), stickers=0.1),
    american("sv", "EL SALVADOR", "CENTRO AMERICA", Paint("white", "navy", 2), Paint("pale-blue", "black", 1),
        stickers=0.1),
    american("do", "REPUBLICA DOMINICANA", "", Paint("white", "black", 2), Paint("white", "navy", 1), stickers=0.1),
    american("ve", "VENEZUELA|REPUBLICA BOLIVARIANA DE VENEZUELA", "MIRANDA|ZULIA|CARABOBO", Paint("white", "black",
        2), Paint("white", "blue", 2), stickers=0),
    american("bo", "BOLIVIA", "", Paint("white", "blue", 4), stickers=0),
    Design("uy", size=(400, 130), face="fe", letter=65, gap=9, border=3, bands=(Band("top", 30, "eublue", "dot:sky",
        ("URUGUAY",), "white", 1.0),)),
    Design("py", size=(400, 130), face="fe", letter=65, gap=9, border=3, bands=(Band("top", 30, "eublue", "dot:red",
        ("PARAGUAY",), "white", 1.0),)),
    Design("cu", size=(470, 110), face="squared", letter=76, gap=8, space=30, border=3, weight=4,
        captions=(Caption(("CUBA",), 0.12, 0.07, 13, chance=0.97, stacked=True),), margin=32, paints=(Paint("white",
        "black", 6), Paint("yellow", "black", 0.6))),
    Design("cu", size=(470, 110), face="squared", letter=76, gap=8, space=30, border=3, weight=2, bands=(Band("left",
        40, "blue", "", ("CUBA",), "white", 1.0),)),
    # the Middle East
    *pair("il", Band("left", 42, "eublue", "flag:white,blue,white", ("IL",), "white", 0.85), marks=("dot", "dash"),
        printed_marks=False, border=3, weight=8, space=22, paints=(Paint("yellow", "black", 5), Paint("amber",
        "black", 4)), captions=(Caption(("AUTO", "MOTORS 03-555"), 0.95, 0.5, 6, chance=0.1),)),
    Design("ae", size=(520, 110), face="narrow", letter=72, gap=9, space=120, marks=("script",), border=2.5, weight=6,
        captions=(Caption(("DUBAI",), 0.74, 0.3, 20, chance=0.8),)),
    Design("ae", size=(340, 155), face="narrow", letter=68, gap=9, space=30, border=2.5, weight=3, centre=0.25,
        captions=(Caption(("DUBAI", "ABU DHABI", "SHARJAH", "U.A.E"), 0.85, 0.3, 20, chance=0.95), Caption(("###",),
        0.85, 0.62, 10, chance=0.3))),
    Design("ae", size=(520, 110), face="narrow", letter=72, gap=9, space=60, marks=("script", ""), border=2.5,
        weight=2, bands=(Band("left", 80, "red", "crest", ("", "AUH"), "white", 0.4),)),
    Design("qa", size=(500, 110), face="narrow", letter=70, gap=9, border=2.5, weight=3, bands=(Band("left", 46,
        "maroon", "", ("QATAR",), "white", 0.95),), margin=60),
    Design("qa", lines=1, size=(300, 160), face="narrow", letter=68, gap=9, border=2.5, weight=2, centre=0.85,
        bands=(Band("left", 40, "maroon", "", ("QATAR",), "white", 0.95),)),
    Design("sa", size=(520, 110), face="narrow", letter=50, gap=10, space=40, marks=("box", ""), border=2.5,
        centre=0.95, weight=3, bands=(Band("right", 46, "", "crest", ("KSA",), "black", 0.95),)),
    *pair("kw", Band("left", 50, "", "crest", ("KUWAIT",), "black", 0.9), space=50),
    *pair("bh", Band("left", 46, "red", "", ("BAHRAIN",), "white", 0.95)),
    Design("eg", size=(350, 165), face="narrow", letter=55, border=2.5, centre=0.9, bands=(Band("top", 44, "sky", "",
        ("EGYPT",), "black", 1.0),)),
    # Africa
    Design("za", size=(520, 112), face="narrow", letter=72, gap=8, space=26, border=2.5, weight=7, marks=("crest", "",
        ""), paints=(Paint("white", "blue", 3), Paint("white", "black", 3), Paint("white", "dark-green", 2),
        Paint("white", "maroon", 1), Paint("yellow", "black", 0.6), Paint("cream", "blue", 2)),
        captions=(Caption(("GAUTENG", "KWAZULU-NATAL", "LIMPOPO"), 0.93, 0.5, 7, chance=0.1),)),
    Design("za", lines=2, size=(250, 205), face="narrow", letter=75, border=2.5, weight=1.5, paints=(Paint("white",
        "blue"), Paint("white", "dark-green"), Paint("yellow", "black"))),
    *pair("ke", Band("left", 40, "", "flag:black,red,green", ("KE",), "black", 0.4), marks=("dot", "", "crest"),
        paints=(Paint("white", "black", 4), Paint("yellow", "black", 2), Paint("black", "white", 1))),
    *pair("ug", Band("left", 42, "", "flag:black,yellow,red", ("U",), "black", 0.5), paints=(Paint("white", "black",
        4), Paint("yellow", "black", 3), Paint("white", "green", 0.5))),
    *pair("tz", Band("left", 42, "", "flag:green,yellow,blue", ("TZ",), "black", 0.5), paints=(Paint("yellow",
        "black", 4), Paint("white", "black", 3))),
    american("ng", "NIGERIA|LAGOS|ABUJA", "CENTRE OF EXCELLENCE|CENTRE OF UNITY|FEDERAL REPUBLIC OF NIGERIA",
        Paint("white", "blue", 4), Paint("white", "red", 1), stickers=0, marks=("dash", "")),
    *pair("gh", Band("right", 42, "", "flag:red,yellow,green", ("GH",), "black", 0.9), paints=(Paint("white", "black",
        3), Paint("yellow", "black", 1))),
    # the Far East and Oceania
    *pair("vn", None, size=(520, 110), face="fe", letter=76, gap=9, weight=4, border=3, radius=12,
        paints=(Paint("white", "black", 8), Paint("yellow", "black", 1), Paint("blue", "white", 0.5))),
    Design("vn", lines=2, size=(190, 140), face="squared", letter=55, gap=7, space=16, border=2.5, weight=9,
        radius=10, paints=(Paint("white", "black", 8), Paint("blue", "white", 0.5))),
    Design("vn", lines=2, size=(190, 140), face="us", letter=52, gap=8, space=16, border=2.5, weight=6, stretch=1.2,
        radius=10, paints=(Paint("white", "black", 8), Paint("white", "red", 0.3))),
    *pair("my", None, size=(480, 110), face="any", border=0, weight=4, space=26, paints=BLACK),
    *pair("sg", None, size=(520, 110), face="any", border=0, weight=4, space=22, paints=(*BLACK, Paint("white",
        "black", 1), Paint("yellow", "black", 1))),
    *pair("hk", None, size=(520, 110), face="gb", border=0, weight=4, space=34, paints=(Paint("white", "black", 3),
        Paint("amber", "black", 3))),
    *pair("tw", None, size=(380, 160), face="us", letter=80, weight=3, border=0, marks=("dot", "dash"),
        printed_marks=False, paints=(Paint("white", "black", 4), Paint("white", "red", 1), Paint("dark-green",
        "white", 1))),
    american("ph", "PILIPINAS|REPUBLIKA NG PILIPINAS", "MATATAG NA REPUBLIKA|PEARL OF THE ORIENT|REGION IV-A",
        Paint("white", "black", 3), Paint("white", "green", 2), stickers=0.1, size=(390, 140)),
    *pair("lk", Band("left", 60, "", "crest", ("WP", "CP", "SP"), "black", 0.8), marks=("dash",), printed_marks=False,
        paints=(Paint("white", "black", 3), Paint("yellow", "black", 3))),
    Design("nz", size=(360, 125), face="us", letter=80, gap=10, stretch=1.2, border=0, weight=4,
        captions=(Caption(("NEW ZEALAND", ""), 0.94, 0.5, 8, chance=0.4),), marks=("figure", ""),
        paints=(Paint("white", "black", 6), Paint("black", "silver", 1))),
    Design("nz", size=(520, 110), face="us", letter=76, gap=12, stretch=1.2, border=2, weight=1.5, bands=(Band("left",
        42, "black", "stars", ("NZ",), "white", 0.8),)),
)
# fmt: on
