"""The settings of vehicle data (``[vehicles]``): the registries that may be asked, and the cache of their answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from npr_edge.settings.base import Section

BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=500)]


_QUOTA = re.compile(r"\s*[1-9]\d{0,8}\s*/\s*(\d+\s*)?(second|minute|hour|day)s?\s*")


def _quota_is_a_limit(text: str) -> str:
    # The library itself reads it where it is used; importing it here would slow every command down.
    if not all(_QUOTA.fullmatch(part) for part in text.split(";")):
        raise ValueError("must be of the form 60/minute or '10/second; 5000/day'")
    return text


Timeout = Annotated[float, Field(ge=0.1, le=60, description="Longest wait for one answer.")]
Quota = Annotated[
    str,
    AfterValidator(_quota_is_a_limit),
    Field(description="Requests that may be made, as 60/minute or '10/second; 5000/day'; more wait or are left out."),
]


class DvlaSettings(Section):
    """Great Britain and Northern Ireland: the DVLA's Vehicle Enquiry Service; needs a key of your own."""

    enabled: bool = Field(default=False, description="Ask the DVLA about gb plates; they leave the device for it.")
    base_url: BaseUrl = Field(
        default="https://driver-vehicle-licensing.api.gov.uk", description="Where the service is."
    )
    key_file: Path | None = Field(default=None, description="File whose first line is the API key.")
    timeout_s: Timeout = 5.0
    quota: Quota = "60/minute"


class RdwSettings(Section):
    """The Netherlands: RDW's open data, without a key."""

    enabled: bool = Field(default=False, description="Ask RDW about nl plates; they leave the device for it.")
    base_url: BaseUrl = Field(default="https://opendata.rdw.nl", description="Where the service is.")
    timeout_s: Timeout = 5.0
    quota: Quota = "60/minute"


class VehicleCacheSettings(Section):
    """How long answers of the registries are kept."""

    found_days: float = Field(default=30.0, ge=0, le=3_650, description="A known vehicle is not asked for again.")
    unknown_days: float = Field(default=1.0, ge=0, le=3_650, description="An unknown plate is not asked for again.")
    max_entries: int = Field(default=100_000, ge=0, le=10_000_000, description="Answers kept; the oldest go first.")


class VehiclesSettings(Section):
    """Vehicle data by plate: from the local table first, then from the registry of the plate's region."""

    lookup_timeout_ms: int = Field(
        default=300,
        ge=0,
        le=10_000,
        description="Longest wait of a read or an answer for vehicle data; later data follows.",
    )
    dvla: DvlaSettings = Field(default=DvlaSettings(), description="Asked about gb plates.")
    rdw: RdwSettings = Field(default=RdwSettings(), description="Asked about nl plates.")
    cache: VehicleCacheSettings = Field(
        default=VehicleCacheSettings(), description="How long answers of the registries are kept."
    )
