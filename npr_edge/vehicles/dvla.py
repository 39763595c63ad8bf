"""The DVLA's Vehicle Enquiry Service v1.2: British vehicles by registration number.

https://developer-portal.driver-vehicle-licensing.api.gov.uk/apis/vehicle-enquiry-service/
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npr_edge.domain import Vehicle
from npr_edge.settings import DvlaSettings
from npr_edge.vehicles.source import Call, HttpDoor, SourceError, known, read_key

PATH = "/vehicle-enquiry/v1/vehicles"
FUELS = {"ELECTRICITY": "electric", "HEAVY OIL": "diesel", "GAS BI-FUEL": "petrol/gas", "GAS DIESEL": "diesel/gas"}
"""Where the DVLA's word is not the usual one; the rest is taken in lower case."""


class _Enquiry(BaseModel):
    """The part of the answer that is used; the contract adds keys at will, so others pass."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    make: str | None = Field(None, max_length=100)
    colour: str | None = Field(None, max_length=100)
    year: int | None = Field(None, alias="yearOfManufacture", ge=1880, le=2200)
    fuel_type: str | None = Field(None, alias="fuelType", max_length=100)


class DvlaSource:
    """Implements ``VehicleSource``.

    Raises:
        ConfigError: There is no key.
    """

    name = "dvla"

    def __init__(self, settings: DvlaSettings) -> None:
        self._url = settings.base_url.rstrip("/") + PATH
        self._key = read_key(settings.key_file) if settings.key_file else ""
        self._door = HttpDoor("DVLA", settings.timeout_s)

    def fetch(self, plate: str) -> Vehicle | None:
        """What the DVLA knows of ``plate`` (A-Z0-9); a number that it calls invalid (400) or unknown (404) is None.

        Those two count only with the service's own error body: a 404 of something else (a wrong ``base_url``) says
        nothing about the plate.

        Raises:
            SourceError: No usable answer.
        """
        headers = {"x-api-key": self._key} if self._key else {}
        answer = self._door.ask(Call("POST", self._url, headers, body={"registrationNumber": plate}))
        if answer.status in {400, 404} and isinstance(answer.body, dict) and "errors" in answer.body:
            return None
        if answer.status == 403:
            raise SourceError("DVLA refuses the key (403); check vehicles.dvla.key_file")
        if answer.status != 200:
            raise SourceError(f"DVLA answered {answer.status}")
        try:
            enquiry = _Enquiry.model_validate(answer.body)
        except ValidationError:
            raise SourceError("DVLA answered 200 with something else than a vehicle") from None
        vehicle = Vehicle(
            self.name,
            make=enquiry.make.upper() if enquiry.make else None,
            colour=enquiry.colour.capitalize() if enquiry.colour else None,
            year=enquiry.year,
            fuel_type=_fuel(enquiry.fuel_type),
        )
        return known("DVLA", vehicle)


def _fuel(word: str | None) -> str | None:
    return FUELS.get(word.upper(), word.lower()) if word else None
