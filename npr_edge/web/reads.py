"""Stored reads: ``/api/v1/reads``, one read, its crop, export."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.functional_validators import BeforeValidator

from npr_edge.domain import MessageKind, PlateMatch, ReadFilter, StoredRead
from npr_edge.ports import MessageEncoder, ReadsQuery
from npr_edge.web.contract import Body
from npr_edge.web.door import needs
from npr_edge.web.problems import ApiProblemError, answer, unavailable
from npr_edge.web.schemas import MAX_UNIX_TIME_S

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,11}(\.\d{1,9})?")
_EVENT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Model = TypeVar("Model", bound=BaseModel)


def _unix_time(text: object) -> float:
    if isinstance(text, str) and _NUMBER.fullmatch(text) and float(text) <= MAX_UNIX_TIME_S:
        return float(text)
    if isinstance(text, str) and _DATE_TIME.fullmatch(text):
        return datetime.fromisoformat(text.upper()).timestamp()
    raise ValueError("must be Unix seconds or a time as 2026-11-24T08:00:00Z")


UnixTime = Annotated[float, BeforeValidator(_unix_time)]
Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9*? -]{1,32}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._*-]{1,64}$")]


class _Filter(BaseModel):
    """What ``/reads`` and ``/reads/export`` filter by."""

    model_config = ConfigDict(extra="forbid")

    since: UnixTime | None = None
    until: UnixTime | None = None
    camera: Name | None = None
    plate: Pattern | None = None
    match: PlateMatch = PlateMatch.EXACT
    list: Name | None = None

    def wanted(self) -> ReadFilter:
        """The filter as the record takes it."""
        return ReadFilter(self.since, self.until, self.camera, self.plate, self.match, self.list)


class _Page(_Filter):
    limit: int = Field(default=50, ge=1, le=1000)
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    order: Literal["newest", "oldest"] = "newest"


class _Export(_Filter):
    format: Literal["jsonl", "csv"] = "jsonl"


Stored = Callable[[], tuple[ReadsQuery, MessageEncoder]]
"""The record and what makes the JSON of a read; raises where nothing is stored."""


def read_routes(reads: ReadsQuery | None, encode: MessageEncoder | None) -> Blueprint:
    """Routes over the stored reads; each read is told as its MQTT message tells it.

    Args:
        reads: The record; None where nothing is stored on this device.
        encode: Makes the JSON of a read.
    """
    routes = Blueprint("reads", __name__)

    def stored() -> tuple[ReadsQuery, MessageEncoder]:
        if reads is None or encode is None:
            raise unavailable("No reads are stored on this device.")
        return reads, encode

    _add_lists(routes, stored)
    _add_single(routes, stored)
    return routes


def _add_lists(routes: Blueprint, stored: Stored) -> None:
    @routes.get("/reads")
    @needs("reads")
    def page() -> Response:
        asked = _parsed(_Page)
        query, message = stored()
        try:
            found = query.page(
                asked.wanted(), limit=asked.limit, cursor=asked.cursor, newest_first=asked.order == "newest"
            )
        except ValueError as error:
            raise ApiProblemError("INVALID_REQUEST", "cursor: hand back next_cursor of the page before.") from error
        entries = [_entry(read, message) for read in found.reads]
        return answer({"success": True, "reads": entries, "next_cursor": found.next_cursor})

    @routes.get("/reads/export")
    @needs("reads")
    def export() -> Response:
        asked = _parsed(_Export)
        query, message = stored()
        as_csv = asked.format == "csv"
        found = query.export(asked.wanted())
        lines = _csv_lines(found, message) if as_csv else (message(read, MessageKind.READ) + "\n" for read in found)
        headers = {"Content-Disposition": f'attachment; filename="reads.{asked.format}"'}
        return Response(lines, headers=headers, mimetype="text/csv" if as_csv else "application/x-ndjson")


def _add_single(routes: Blueprint, stored: Stored) -> None:
    @routes.get("/reads/<event_id>")
    @needs("reads")
    def one(event_id: str) -> Response:
        query, message = stored()
        read = query.get(event_id.lower()) if _EVENT_ID.fullmatch(event_id) else None
        if read is None:
            raise ApiProblemError("NOT_FOUND", "There is no read of this id.")
        return answer({"success": True, "read": _entry(read, message)})

    @routes.get("/reads/<event_id>/crop")
    @needs("reads")
    def crop(event_id: str) -> Response:
        query, _ = stored()
        path = query.crop_path(event_id.lower()) if _EVENT_ID.fullmatch(event_id) else None
        try:
            content = None if path is None else path.read_bytes()
        except OSError:  # retention removed it between the two looks
            content = None
        if content is None:
            raise ApiProblemError("NOT_FOUND", "There is no picture of this read.")
        return Response(content, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


def _parsed(model: type[Model]) -> Model:
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] and first["type"] != "extra_forbidden" else "parameter"
        reason = "is unknown here" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise ApiProblemError("INVALID_REQUEST", f"{name}: {reason}.") from error


def _entry(read: StoredRead, encode: MessageEncoder) -> Body:
    entry: Body = json.loads(encode(read, MessageKind.READ))
    return entry


def _csv_lines(reads: Iterator[StoredRead], encode: MessageEncoder) -> Iterator[str]:
    """A header and a line per read; nested values become columns named ``bounding_box.x``."""
    buffer = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for read in reads:
        row = dict(_flat(_entry(read, encode)))
        if writer is None:
            columns = [name for name in row if not name.startswith("vehicle.")] + list(_VEHICLE_COLUMNS)
            writer = csv.DictWriter(buffer, columns, extrasaction="ignore")
            writer.writeheader()
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


_VEHICLE_COLUMNS = tuple(f"vehicle.{name}" for name in ("make", "model", "colour", "year", "fuel_type", "source"))


def _flat(entry: Body, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, json.dumps(value)
        elif prefix + name != "vehicle":
            # Spreadsheets run cells that start like a formula.
            yield prefix + name, f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
