"""Real plates by a rule that was fixed before any of them was read: which photographs make clips.

A plate is taken when its label's ``status`` is ``read`` (or, for training photographs, when a person typed the text
of its crop), its box is as wide as asked and stands clear of the photograph's border; of several photographs with the
same text the first counts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from npr_edge.domain import Image
from npr_edge.geometry import Box

WANTED_PX = 80.0
"""docs/cameras.md asks for plates this wide where they are seen best; narrower ones are reported apart."""

LEAST_PX = 40.0
BORDER_PX = 2.0

TYPED = {"cars433": "cars433", "indian-n225": "india", "openimages-ucz": "openimages", "openlpr-faisal": "openlpr"}
"""Folders of photographs whose training plates have typed texts, and the folder of crops that holds them."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A plate in a photograph; ``box`` in its pixels."""

    path: Path
    box: Box
    text: str
    region: str
    lines: int

    def image(self) -> Image:
        """The pixels."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        assert image is not None, self.path
        return np.asarray(image, np.uint8)


def photographs(data: Path, split: str, least_px: float = WANTED_PX, below_px: float = 1e9) -> list[Photograph]:
    """The plates that the rule chooses, in the order of sources and labels.

    Args:
        data: The folder of photographs.
        split: ``val``, or ``train`` for tuning.
        least_px: Least width of the plate's box, pixels of the photograph.
        below_px: Widths from here on are left out.
    """
    chosen: dict[str, Photograph] = {}
    for source in sorted(path for path in (data / "detect").iterdir() if path.is_dir()):
        for plate in _plates(data, source, split):
            if least_px <= plate.box.width < below_px:
                chosen.setdefault(plate.text, plate)
    return list(chosen.values())


def mixed(plates: Sequence[Photograph]) -> list[Photograph]:
    """The plates in an order in which sources mix, always the same."""
    return [plates[i] for i in np.random.default_rng(7).permutation(len(plates))]


def _plates(data: Path, source: Path, split: str) -> Iterator[Photograph]:
    typed = _typed(data, source.name)
    for line in (source / "annotations.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != split:
            continue
        for number, plate in enumerate(row["plates"]):
            text = plate["text"] if plate.get("status") == "read" else None
            if split == "train":
                text = typed.get(f"{Path(row['file']).stem}_{number}.webp")
            if text and _is_clear(plate["box"], row):
                path = source / "images" / Path(row["file"]).name
                yield Photograph(
                    path, Box(*plate["box"]), text, plate.get("region") or "", int(plate.get("lines") or 1)
                )


def _typed(data: Path, source: str) -> dict[str, str]:
    """Texts of a source's training crops, by the crop's file name."""
    if source not in TYPED:
        return {}
    with (data / "read" / TYPED[source] / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["text"] for row in csv.DictReader(file) if row["split"] == "train"}


def _is_clear(box: Sequence[float], row: dict[str, Any]) -> bool:
    x, y, width, height = box
    inside = x >= BORDER_PX and y >= BORDER_PX
    return inside and x + width <= row["width"] - BORDER_PX and y + height <= row["height"] - BORDER_PX
