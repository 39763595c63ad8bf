"""RDW's open data: Dutch vehicles by registration number, without a key.

https://opendata.rdw.nl (data sets m9d7-ebf2, vehicles, and 8ys7-d773, fuels). The plate stands in the query: that is
the contract; it goes out over TLS and into no log of ours.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from npr_edge.domain import Vehicle
from npr_edge.settings import RdwSettings
from npr_edge.vehicles.source import Call, HttpDoor, SourceError, known

VEHICLES = "/resource/m9d7-ebf2.json"
FUELS = "/resource/8ys7-d773.json"
COLOURS = {
    "BEIGE": "Beige",
    "BLAUW": "Blue",
    "BRUIN": "Brown",
    "CREME": "Cream",
    "DIVERSEN": "Multi-coloured",
    "GEEL": "Yellow",
    "GRIJS": "Grey",
    "GROEN": "Green",
    "ORANJE": "Orange",
    "PAARS": "Purple",
    "ROOD": "Red",
    "ROSE": "Pink",
    "WIT": "White",
    "ZWART": "Black",
}
"""Colours of the register in English; what is not here (``N.v.t.``, ``Niet geregistreerd``) says nothing."""

FUEL_WORDS = {
    "Benzine": "petrol",
    "Diesel": "diesel",
    "Elektriciteit": "electric",
    "LPG": "lpg",
    "CNG": "cng",
    "LNG": "lng",
    "Waterstof": "hydrogen",
    "Alcohol": "ethanol",
}


class _Vehicle(BaseModel):
    """The part of a row that is used; every value is a string."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    make: str | None = Field(None, alias="merk", max_length=100)
    model: str | None = Field(None, alias="handelsbenaming", max_length=200)
    colour: str | None = Field(None, alias="eerste_kleur", max_length=100)
    admitted: str | None = Field(None, alias="datum_eerste_toelating", pattern=r"^(1[89]|2[01])\d{6}$")


class _Fuel(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    word: str = Field(alias="brandstof_omschrijving", max_length=100)
    number: int = Field(1, alias="brandstof_volgnummer")


_Row = TypeVar("_Row")
_Vehicles = TypeAdapter(list[_Vehicle])
_Fuels = TypeAdapter(list[_Fuel])


class RdwSource:
    """Implements ``VehicleSource``."""

    name = "rdw"

    def __init__(self, settings: RdwSettings) -> None:
        self._base = settings.base_url.rstrip("/")
        self._door = HttpDoor("RDW", settings.timeout_s)

    def fetch(self, plate: str) -> Vehicle | None:
        """What RDW knows of ``plate`` (A-Z0-9); an empty answer is None.

        Raises:
            SourceError: No usable answer.
        """
        rows = self._rows(VEHICLES, plate, _Vehicles)
        if not rows:
            return None
        row = rows[0]
        fuels = sorted(self._rows(FUELS, plate, _Fuels), key=lambda fuel: fuel.number)
        vehicle = Vehicle(
            self.name,
            make=row.make.upper() if row.make else None,
            model=row.model or None,
            colour=COLOURS.get(row.colour.upper()) if row.colour else None,
            year=int(row.admitted[:4]) if row.admitted else None,
            fuel_type="/".join(FUEL_WORDS.get(fuel.word, fuel.word.lower()) for fuel in fuels) or None,
        )
        return known("RDW", vehicle)

    def _rows(self, path: str, plate: str, rows: TypeAdapter[list[_Row]]) -> list[_Row]:
        answer = self._door.ask(Call("GET", self._base + path, params={"kenteken": plate}))
        if answer.status != 200:
            raise SourceError(f"RDW answered {answer.status}")
        try:
            return rows.validate_python(answer.body)
        except ValidationError:
            raise SourceError("RDW answered 200 with something else than its rows") from None
