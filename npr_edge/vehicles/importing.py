"""Vehicle lists of owners (CSV, JSON, JSON lines) as a stream of checked rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import ijson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from npr_edge.domain import Vehicle
from npr_edge.errors import NprEdgeError
from npr_edge.vehicles.plates import bare
from npr_edge.vehicles.registry import SOURCE, KnownVehicle, VehicleRegistry

Progress = Callable[[int, int], None]
"""Called now and then with the bytes of the file read so far and in all."""

_ROWS_PER_STEP = 1_000


class ImportFileError(NprEdgeError):
    """A vehicle list cannot be read; the message names the file and the row."""


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Text = Annotated[str | None, Field(max_length=100), BeforeValidator(_blank_is_none)]


class VehicleRow(BaseModel):
    """One vehicle of an imported list."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True)

    plate: str = Field(max_length=40, description="Plate; spaces, dashes and case do not matter")
    make: Text = Field(None, description="Manufacturer")
    model: Text = Field(None, description="Model")
    colour: Text = Field(None, description="Colour")
    year: Annotated[int | None, Field(ge=1880, le=2200), BeforeValidator(_blank_is_none)] = Field(
        None, description="Year of first registration"
    )
    fuel_type: Text = Field(None, description="petrol, diesel, electric, ...")

    @field_validator("plate")
    @classmethod
    def _plate_has_characters(cls, plate: str) -> str:
        text = bare(plate)
        if not 1 <= len(text) <= 16:
            raise ValueError("must have 1 to 16 letters and digits")
        return text


def import_vehicles(
    registry: VehicleRegistry, path: Path, *, replace_all: bool = False, progress: Progress = lambda done, total: None
) -> int:
    """Add a list to the local table, all of it or nothing; returns the number of rows.

    Args:
        registry: The table.
        path: A file whose name ends in ``.csv``, ``.json`` (an array of objects) or ``.jsonl`` (an object a line).
        replace_all: Forget what was known before.
        progress: Told how far it is.

    Raises:
        ImportFileError: The file cannot be read or one of its rows is wrong; nothing was changed.
        StoreError: The table cannot be written.
    """
    return registry.put(read_vehicles(path, progress), replace_all=replace_all)


def read_vehicles(path: Path, progress: Progress = lambda done, total: None) -> Iterator[KnownVehicle]:
    """The vehicles of a list, one by one, in bounded memory.

    Raises:
        ImportFileError: The file cannot be read or a row is wrong.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportFileError(f"{path}: must be a .csv, .json or .jsonl file")
    try:
        with path.open("rb") as file:
            total = path.stat().st_size
            number = 0
            for number, values in reader(file):
                if number % _ROWS_PER_STEP == 0:
                    progress(min(file.tell(), total), total)
                yield _checked(path, number, values)
            progress(total, total)
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError, ijson.JSONError) as error:
        raise ImportFileError(f"{path}: broken after row {number}: {_reason(error)}") from error


def _checked(path: Path, number: int, values: object) -> KnownVehicle:
    try:
        row = VehicleRow.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "row"
        known = ", ".join(VehicleRow.model_fields)
        hint = f" (columns are {known})" if first["type"] in {"extra_forbidden", "missing"} else ""
        # Without the value and the cause: rows are personal data, and this message ends in logs.
        raise ImportFileError(f"{path}, row {number}: {where}: {first['msg']}{hint}; nothing was imported") from None
    return KnownVehicle(row.plate, Vehicle(SOURCE, row.make, row.model, row.colour, row.year, row.fuel_type))


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, ijson.JSONError | json.JSONDecodeError):
        return "it is not JSON of the form [{...}, ...]"
    return str(error)


def _csv_rows(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str]]]:
    lines = _Lines(file)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    number = 0
    for cells in csv.reader(lines, delimiter=delimiter):
        if not cells:
            continue
        number += 1
        if len(cells) > len(names):
            raise csv.Error(f"row {number} has more cells than the header")
        yield number, dict(zip(names, cells, strict=False))


class _Lines:
    """Lines of a binary file as text: ``file.tell`` stays usable, and no line is longer than sensible."""

    _LONGEST = 64 * 1024

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._first = True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._LONGEST)
        if not line:
            raise StopIteration
        if len(line) == self._LONGEST:
            raise csv.Error("a line is longer than 64 KiB")
        encoding = "utf-8-sig" if self._first else "utf-8"
        self._first = False
        return line.decode(encoding)


def _json_rows(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    yield from enumerate(ijson.items(file, "item", use_float=True), start=1)


def _json_lines(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    number = 0
    for line in _Lines(file):
        if line.strip():
            number += 1
            yield number, json.loads(line)


_READERS: Mapping[str, Callable[[BinaryIO], Iterator[tuple[int, Any]]]] = {
    ".csv": _csv_rows,
    ".json": _json_rows,
    ".jsonl": _json_lines,
}
