"""Annotated photographs on disk: ``images/`` with ``annotations.jsonl``, or ``images/`` alone for negatives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npr_edge.errors import ConfigError
from npr_edge.geometry import Box, Quad

ANNOTATIONS = "annotations.jsonl"

INCOMPLETE_SOURCES = frozenset({"openlpr-faisal", "robertlucian-ro", "poland-uekat"})
"""Sources that leave plates in view unlabelled: a detection away from every label proves nothing there."""

_PointRow = tuple[float, float]


class _PlateRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    box: tuple[float, float, float, float] | None = Field(default=None, description="left, top, width, height")
    quad: tuple[_PointRow, _PointRow, _PointRow, _PointRow] | None = Field(default=None, description="TL TR BR BL")
    region: str | None = None
    status: str | None = Field(default=None, description="read, partial, ..., or noplate for a wrong box")


class _PhotoRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str
    width: float = Field(gt=0)
    height: float = Field(gt=0)
    split: Literal["train", "val", "test"] | None = Field(default=None, description="absent: any split")
    plates: tuple[_PlateRow, ...]


@dataclass(frozen=True, slots=True)
class AnnotatedPlate:
    """A labelled plate.

    Attributes:
        box: Its upright box, photograph pixels.
        quad: Its corners where a person marked them.
        region: Code or None.
        is_plate: False where a person found that the label is wrong.
    """

    box: Box
    quad: Quad | None
    region: str | None
    is_plate: bool


@dataclass(frozen=True, slots=True)
class AnnotatedPhoto:
    """A photograph and its labelled plates.

    Attributes:
        path: The picture.
        source: Folder it came from.
        width: Size that the labels refer to, pixels; ``height`` likewise; 0 for negatives.
        plates: None at all for a negative.
        complete: Whether every plate in view is labelled.
        held_out: False for a negative that the published detector learned from.
    """

    path: Path
    source: str
    width: float
    height: float
    plates: tuple[AnnotatedPlate, ...]
    complete: bool = True
    held_out: bool = True


def held_out_negative(file: str) -> bool:
    """Whether a negative photograph is kept from training: every eighth by the hash of its name."""
    return hashlib.sha256(file.encode()).digest()[0] % 8 == 0


def load_detect_dataset(path: Path, split: str) -> list[AnnotatedPhoto]:
    """Photographs below ``path``: one source's folder or a folder of them.

    Args:
        path: Holds ``annotations.jsonl`` and ``images/``, or ``images/`` alone (photographs without a plate, all of
            them belong to every split), or folders of these kinds.
        split: ``train``, ``val`` or ``test``; photographs whose annotation names none are always taken.

    Raises:
        ConfigError: No such folder, a line that is no annotation, or no photograph of this split.
    """
    sources = [path] if _is_source(path) else sorted(p for p in path.glob("*") if _is_source(p))
    if not sources:
        raise ConfigError(f"{path}: neither {ANNOTATIONS} nor images/ here or one folder below")
    photos = [photo for source in sources for photo in _photos_of(source, split)]
    if not photos:
        raise ConfigError(f"{path}: no photograph in split {split!r}")
    return photos


def _is_source(path: Path) -> bool:
    return (path / ANNOTATIONS).is_file() or ((path / "images").is_dir() and not (path / "labels.csv").is_file())


def _photos_of(source: Path, split: str) -> Iterator[AnnotatedPhoto]:
    if not (source / ANNOTATIONS).is_file():
        for file in sorted((source / "images").iterdir()):
            yield AnnotatedPhoto(file, source.name, 0, 0, (), held_out=held_out_negative(file.name))
        return
    with (source / ANNOTATIONS).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = _PhotoRow.model_validate_json(line)
            except (ValidationError, json.JSONDecodeError) as error:
                raise ConfigError(f"{source / ANNOTATIONS}, line {number}: {error}") from error
            if row.split in (None, split):
                yield _photo(source, row)


def _photo(source: Path, row: _PhotoRow) -> AnnotatedPhoto:
    plates = tuple(_plate(plate) for plate in row.plates if plate.box or plate.quad)
    complete = source.name not in INCOMPLETE_SOURCES
    return AnnotatedPhoto(source / "images" / row.file, source.name, row.width, row.height, plates, complete)


def _plate(row: _PlateRow) -> AnnotatedPlate:
    quad = Quad(*row.quad) if row.quad else None
    box = Box(*row.box) if row.box else quad.hull() if quad else Box(0, 0, 0, 0)
    return AnnotatedPlate(box, quad, row.region, row.status != "noplate")
