"""The photographs decoded once into a memory-mapped file, with their plates; nothing is decoded while training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from npr_edge.evaluate.dataset_detect import held_out_negative

# Whole photographs beyond this are kept smaller: the network sees 640x384, and crops enlarge little.
LONGEST_PX = 1024

REVIEW = "review.json"
"""File beside the photographs: what ``npr_edge.training.detector.review`` found in each."""

_UNSEEN: dict[str, Any] = {"unlabelled": [], "hardness": 0.0}

# Chance of a photograph to be drawn, relative to 1: less for one place and low diversity, more for the hardest.
SOURCE_WEIGHTS = {
    "greenparking-vn": 0.25,
    "poland-uekat": 0.4,
    "ealpr-egypt": 0.7,
    "uc3m-sample": 2.0,
    "openimages-ucz": 1.4,
}


@dataclass(frozen=True, slots=True)
class Photo:
    """One decoded photograph of the pack.

    Attributes:
        source: Folder it came from; ``negatives`` for pictures without vehicles.
        file: Its file name.
        offset: First byte in the pack; ``height`` x ``width`` x 3 uint8 BGR follow.
        split: ``train`` or ``val``.
        quads: (N, 4, 2) float32 corners in pixels of the packed picture, TL TR BR BL.
        exact: (N,) bool; False where the quad is only the upright box around the plate.
        unlabelled: (M, 4, 2) float32 corners of plates that ``review`` found beside the labels.
        hardness: Score of the surest false plate that ``review`` found, 0-1; 0 without a review.
    """

    source: str
    file: str
    offset: int
    height: int
    width: int
    split: str
    quads: NDArray[np.float32]
    exact: NDArray[np.bool_]
    unlabelled: NDArray[np.float32]
    hardness: float


class Pack:
    """All photographs of the training data folder, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open what ``build_pack`` wrote into ``folder``."""
        self._bytes = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")
        rows = json.loads((folder / "photos.json").read_text())
        reviewed = folder / REVIEW
        seen = json.loads(reviewed.read_text()) if reviewed.exists() else {}
        self.photos = [
            Photo(
                row["source"],
                row["file"],
                row["offset"],
                row["height"],
                row["width"],
                row["split"],
                np.array(row["quads"], dtype=np.float32).reshape(-1, 4, 2),
                np.array(row["exact"], dtype=bool),
                np.array(found["unlabelled"], dtype=np.float32).reshape(-1, 4, 2),
                found["hardness"],
            )
            for row in rows
            for found in (seen.get(f"{row['source']}/{row['file']}", _UNSEEN),)
        ]

    def pixels(self, photo: Photo) -> NDArray[np.uint8]:
        """The picture as (H, W, 3) uint8 BGR, a read-only view."""
        size = photo.height * photo.width * 3
        return self._bytes[photo.offset : photo.offset + size].reshape(photo.height, photo.width, 3)


def build_pack(data: Path, folder: Path) -> None:
    """Decode ``data/detect/*`` and ``data/negatives`` into ``folder`` (``pixels.bin``, ``photos.json``)."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = list(_annotated(data / "detect")) + list(_negatives(data / "negatives"))
    rows = []
    offset = 0
    with (folder / "pixels.bin").open("wb") as out:
        for path, row in tqdm(entries, desc="decode photographs", mininterval=5):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f"{path} is not a picture OpenCV can read; remove it or fetch it again")
            scale = min(1.0, LONGEST_PX / max(image.shape[:2]))
            if scale < 1:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            out.write(np.ascontiguousarray(image).tobytes())
            height, width = image.shape[:2]
            quads = (np.array(row["quads"], dtype=np.float64) * scale).tolist()
            rows.append({**row, "offset": offset, "height": height, "width": width, "quads": quads})
            offset += height * width * 3
    (folder / "photos.json").write_text(json.dumps(rows))


def _annotated(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for listing in sorted(root.glob("*/annotations.jsonl")):
        for line in listing.read_text().splitlines():
            row = json.loads(line)
            plates = [p for p in row["plates"] if p.get("status") != "noplate"]
            yield (
                listing.parent / "images" / row["file"],
                {
                    "source": listing.parent.name,
                    "file": row["file"],
                    "split": row["split"],
                    "quads": [plate_quad(p) for p in plates],
                    "exact": [bool(p.get("quad")) for p in plates],
                },
            )


def _negatives(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((root / "images").iterdir()):
        split = "val" if held_out_negative(path.name) else "train"
        yield path, {"source": "negatives", "file": path.name, "split": split, "quads": [], "exact": []}


def plate_quad(plate: dict[str, Any]) -> list[list[float]]:
    """Corners of an annotated plate: its quad, or those of its box."""
    if plate.get("quad"):
        return [[float(x), float(y)] for x, y in plate["quad"]]
    x, y, w, h = plate["box"]
    return [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]
